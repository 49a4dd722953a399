use contracts::tradewind::users::v1::{
    CreateUserRequest, GetAccountRequest, ReactivateUserRequest, UserState,
};
use runtime::status::Reason;
use store::testing::{keyed, refused};
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::bed::Bed;

store::on_both! {
    async fn an_account_is_taken_over_from_elsewhere_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let user = bed.create("12345", "Ada", "ada@example.com").await.unwrap();
        assert_eq!((user.external_id.as_str(), user.state()), ("12345", UserState::Active));

        let status = refused(bed.create("12345", "Ada", "").await, Reason::ResourceExists);
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(status.get_details_resource_info().unwrap().resource_name, "12345");
        let result = bed.create("6", "Ada", "ADA@example.com").await;
        let status = refused(result, Reason::ResourceExists);
        assert_eq!(status.get_details_resource_info().unwrap().resource_name, "ADA@example.com");

        // Neither of them is needed.
        bed.create("", "Guest", "").await.unwrap();
        bed.create("", "Guest", "").await.unwrap();
    }

    async fn addresses_of_the_world_are_taken_each_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        for (email, same) in [
            ("ada@bücher.example", "ada@xn--bcher-kva.example"),
            ("søren@example.dk", "SØREN@example.DK"),
            ("a\u{30A}sa@example.se", "åsa@example.se"),
        ] {
            bed.create("", "Ada", email).await.unwrap();
            refused(bed.create("", "Ada", same).await, Reason::ResourceExists);
        }
        for email in ["ada", "ada@", "ada@bü cher.example", "ad\u{202E}a@example.com", "a@b@c.example"] {
            let status = refused(bed.create("", "Ada", email).await, Reason::InvalidField);
            let mistakes = status.get_details_bad_request().unwrap().field_violations;
            assert_eq!(mistakes[0].field, "email", "{email}");
        }
    }

    async fn a_creation_repeated_with_its_key_is_done_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let request = CreateUserRequest {
            external_id: "7".into(),
            display_name: "Ada".into(),
            email: String::new(),
        };
        let first = bed.admin().create_user(keyed(request.clone(), "k")).await.unwrap();
        let again = bed.admin().create_user(keyed(request, "k")).await.unwrap();
        assert_eq!(first.into_inner(), again.into_inner());
    }

    async fn a_deactivated_account_is_told_of_and_comes_back(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        bed.me(id).await.unwrap();
        for _ in 0..2 {
            let user = bed.deactivate(id).await.unwrap();
            assert_eq!(user.state(), UserState::Deactivated);
        }
        let me = bed.me(id).await.unwrap();
        assert_eq!(me.state(), UserState::Deactivated);
        let account = GetAccountRequest { user_id: id.to_string() };
        let account = bed.auth().get_account(account).await.unwrap().into_inner();
        assert_eq!(account.state(), UserState::Deactivated);

        let request = ReactivateUserRequest { user_id: id.to_string() };
        let user = bed.admin().reactivate_user(request).await.unwrap().into_inner().user.unwrap();
        assert_eq!(user.state(), UserState::Active);
        let expected = ["UserChanged 1", "UserChanged 2", "UserDeactivated 2", "UserChanged 3"];
        assert_eq!(bed.events(id).await, expected);
    }

    async fn roles_that_are_taken_are_told_of(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register("Root", "root@example.com", &["admin"]).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let user = bed.set_roles(id, &["admin"]).await.unwrap();
        assert_eq!(user.roles, ["user", "admin"]);
        bed.set_roles(id, &["user", "admin"]).await.unwrap();
        let user = bed.set_roles(id, &[]).await.unwrap();
        assert_eq!(user.roles, ["user"]);
        let expected = ["UserChanged 1", "UserChanged 2", "UserChanged 3", "UserRolesTaken 3"];
        assert_eq!(bed.events(id).await, expected);
    }

    async fn the_last_administrator_stays(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let root = bed.register("Root", "root@example.com", &["admin"]).await;
        for result in [
            bed.set_roles(root, &[]).await.map(drop),
            bed.deactivate(root).await.map(drop),
        ] {
            assert_eq!(refused(result, Reason::InvalidState).code(), Code::FailedPrecondition);
        }
        // One that may not be used does not count.
        let other = bed.register("Other", "other@example.com", &["admin"]).await;
        bed.deactivate(other).await.unwrap();
        let result = bed.set_roles(root, &[]).await;
        refused(result, Reason::InvalidState);
    }

    async fn of_two_administrators_that_leave_at_once_one_stays(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let one = bed.register("One", "one@example.com", &["admin"]).await;
        let two = bed.register("Two", "two@example.com", &["admin"]).await;
        let (a, b) = tokio::join!(bed.set_roles(one, &[]), bed.deactivate(two));
        assert_ne!(a.is_ok(), b.is_ok(), "{a:?} {b:?}");
    }

    async fn what_is_not_there_is_not_found(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let result = bed.deactivate(Uuid::nil()).await;
        refused(result, Reason::ResourceNotFound);
    }
}
