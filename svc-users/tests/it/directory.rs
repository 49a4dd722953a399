use contracts::tradewind::users::v1::{
    ListUsersRequest, SearchUsersRequest, UpdateMeRequest, User,
};
use runtime::status::Reason;
use store::testing::{Common, eventually, refused};
use uuid::Uuid;

use crate::bed::Bed;

async fn search(bed: &Bed, query: &str) -> Vec<String> {
    let request = SearchUsersRequest {
        query: query.into(),
        ..SearchUsersRequest::default()
    };
    let reply = bed
        .user(Uuid::nil())
        .search_users(request)
        .await
        .unwrap()
        .into_inner();
    reply
        .profiles
        .into_iter()
        .map(|profile| profile.display_name)
        .collect()
}

store::on_both! {
    async fn people_are_found_by_words_of_their_names(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        for (name, email) in [
            ("Ada Lovelace", "ada@example.com"),
            ("Adam Smith", "adam@example.com"),
            ("Åsa Öberg-Adams", "asa@example.com"),
        ] {
            bed.register(name, email, &[]).await;
        }
        assert_eq!(search(&bed, "AD").await, ["Ada Lovelace", "Adam Smith", "Åsa Öberg-Adams"]);
        assert_eq!(search(&bed, "love ada").await, ["Ada Lovelace"]);
        assert_eq!(search(&bed, "öb").await, ["Åsa Öberg-Adams"]);
        assert_eq!(search(&bed, "lace").await, Vec::<String>::new());
        assert_eq!(search(&bed, "%a").await, ["Ada Lovelace", "Adam Smith", "Åsa Öberg-Adams"]);
        assert_eq!(search(&bed, "%%").await, Vec::<String>::new());
    }

    async fn people_are_found_in_whatever_form_and_without_accents(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register("A\u{30A}sa O\u{308}berg", "asa@example.com", &[]).await;
        bed.register("李小龙", "li@example.com", &[]).await;
        for query in ["Åsa", "A\u{30A}sa", "asa oberg", "ÖBERG"] {
            assert_eq!(search(&bed, query).await, ["Åsa Öberg"], "{query}");
        }
        for query in ["李小龙", "小龙", "龙"] {
            assert_eq!(search(&bed, query).await, ["李小龙"], "{query}");
        }
        for query in ["🎉", "🎉🎉", "♥ ★", "龙小"] {
            assert_eq!(search(&bed, query).await, [""; 0], "{query}");
        }
    }

    async fn whom_an_older_service_has_written_is_found_too(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Åsa", "asa@example.com", &[]).await;
        let db = database.open(store::migrations!()).await;
        let mut tx = db.begin().await.unwrap();
        store::execute!(tx, "UPDATE users SET name_words = ' åsa', words_version = 0").unwrap();
        store::execute!(tx, "UPDATE user_words SET word = 'åsa'").unwrap();
        tx.commit().await.unwrap();
        let restarted = Bed::start(&database).await;
        assert_eq!(search(&restarted, "asa").await, ["Åsa"]);
        assert_eq!(restarted.me(id).await.unwrap().etag, "1");
    }

    async fn people_are_found_by_their_whole_address(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register("Ada", "Ada@Example.com", &[]).await;
        assert_eq!(search(&bed, "ADA@example.com").await, ["Ada"]);
        assert_eq!(search(&bed, "ada@").await, Vec::<String>::new());
        bed.register("Bo", "bo@bücher.example", &[]).await;
        for address in ["bo@bücher.example", "BO@BÜCHER.example", "bo@xn--bcher-kva.example"] {
            assert_eq!(search(&bed, address).await, ["Bo"], "{address}");
        }
    }

    async fn only_active_accounts_are_found(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        bed.deactivate(id).await.unwrap();
        assert_eq!(search(&bed, "ada").await, Vec::<String>::new());
        assert_eq!(search(&bed, "ada@example.com").await, Vec::<String>::new());
    }

    async fn a_search_comes_in_pages(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        for number in 0..5 {
            bed.create("", &format!("Ada {}", number / 2), "").await.unwrap();
        }
        let mut request =
            SearchUsersRequest { query: "ada".into(), page_size: 2, page_token: String::new() };
        let mut user = bed.user(Uuid::nil());
        let (mut names, mut pages) = (Vec::new(), 0);
        loop {
            let reply = user.search_users(request.clone()).await.unwrap().into_inner();
            names.extend(reply.profiles.into_iter().map(|profile| profile.display_name));
            pages += 1;
            request.page_token = reply.next_page_token;
            if request.page_token.is_empty() { break }
        }
        assert_eq!(names, ["Ada 0", "Ada 0", "Ada 1", "Ada 1", "Ada 2"]);
        assert_eq!(pages, 3);
    }

    async fn all_accounts_are_listed_in_pages(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        for number in 0..5 {
            bed.create(&number.to_string(), "Ada", "").await.unwrap();
        }
        let mut request = ListUsersRequest { page_size: 2, ..ListUsersRequest::default() };
        let mut ids = Vec::new();
        loop {
            let reply = bed.admin().list_users(request.clone()).await.unwrap().into_inner();
            ids.extend(reply.users.into_iter().map(|user| user.external_id));
            request.page_token = reply.next_page_token;
            if request.page_token.is_empty() { break }
        }
        ids.sort();
        assert_eq!(ids, ["0", "1", "2", "3", "4"]);

        let request = ListUsersRequest { external_id: "3".into(), ..ListUsersRequest::default() };
        let reply = bed.admin().list_users(request).await.unwrap().into_inner();
        assert_eq!(reply.users.len(), 1);
        let request = ListUsersRequest { page_token: "x".into(), ..ListUsersRequest::default() };
        refused(bed.admin().list_users(request).await, Reason::PageTokenInvalid);
    }

    async fn a_change_is_seen_through_the_cache_of_another_replica(database: TestDatabase) {
        let common = Common::new();
        let one = Bed::replica(&database, &common).await;
        let two = Bed::replica(&database, &common).await;
        let id = one.register("Ada", "ada@example.com", &[]).await;
        two.me(id).await.unwrap();

        let user = Some(User { display_name: "Ada L.".into(), ..User::default() });
        one.user(id).update_me(UpdateMeRequest { user, update_mask: None }).await.unwrap();
        eventually("the other replica shows the new name", async || {
            two.me(id).await.unwrap().display_name == "Ada L."
        }).await;
    }
}
