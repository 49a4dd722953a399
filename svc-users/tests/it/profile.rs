use contracts::tradewind::users::v1::{
    DeactivateUserRequest, DeleteMeRequest, EnsureAccountRequest, GetAccountRequest,
    GetUserRequest, ReactivateUserRequest, SetUserRolesRequest, UpdateMeRequest, User, UserState,
};
use prost_types::FieldMask;
use runtime::status::Reason;
use store::testing::{keyed, refused};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::bed::Bed;

fn update(user: User, paths: &[&str]) -> UpdateMeRequest {
    let paths = paths.iter().map(ToString::to_string).collect();
    UpdateMeRequest {
        user: Some(user),
        update_mask: Some(FieldMask { paths }),
    }
}

/// A request on a condition.
fn on<T>(message: T, condition: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = condition.parse().unwrap();
    request.metadata_mut().insert("if-match", value);
    request
}

fn named(name: &str) -> User {
    User {
        display_name: name.into(),
        ..User::default()
    }
}

store::on_both! {
    async fn an_owner_reads_and_changes_the_profile(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "Ada@Example.com", &[]).await;
        let me = bed.me(id).await.unwrap();
        assert_eq!(me.email, "Ada@Example.com");
        assert_eq!(me.roles, ["user"]);

        let new = User { avatar_url: "https://example.com/a.png".into(), ..named("Ada L.") };
        let new = User { etag: me.etag.clone(), ..new };
        let request = update(new, &["display_name", "avatar_url"]);
        let changed = bed.update(id, request).await.unwrap();
        assert_eq!(changed.display_name, "Ada L.");
        assert_ne!(changed.etag, me.etag);
        assert!(changed.update_time.unwrap().seconds >= me.create_time.unwrap().seconds);

        let me = bed.me(id).await.unwrap();
        assert_eq!(me.avatar_url, "https://example.com/a.png");
        assert_eq!(bed.events(id).await, ["UserChanged 1", "UserChanged 2"]);
    }

    async fn an_owner_chooses_the_language_of_mails(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let speaks = |language: &str| update(User { language: language.into(), ..User::default() }, &["language"]);
        assert_eq!(bed.me(id).await.unwrap().language, "");
        bed.update(id, speaks("de-CH")).await.unwrap();
        // The same again is no change.
        bed.update(id, speaks("de-CH")).await.unwrap();
        assert_eq!(bed.me(id).await.unwrap().language, "de-CH");
        let request = GetAccountRequest { user_id: id.to_string() };
        assert_eq!(bed.auth().get_account(request).await.unwrap().into_inner().language, "de-CH");
        for unknown in ["fr", "den", "de_CH", "de-"] {
            refused(bed.update(id, speaks(unknown)).await, Reason::InvalidField);
        }
        bed.update(id, speaks("")).await.unwrap();
        assert_eq!(bed.me(id).await.unwrap().language, "");
        assert_eq!(bed.events(id).await, ["UserChanged 1", "UserChanged 2", "UserChanged 3"]);
    }

    async fn a_stale_etag_is_refused(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        bed.update(id, update(named("Ada L."), &["display_name"])).await.unwrap();

        let stale = User { etag: "1".into(), ..named("Countess") };
        let result = bed.update(id, update(stale, &["display_name"])).await;
        assert_eq!(refused(result, Reason::EtagMismatch).code(), Code::Aborted);
    }

    async fn a_change_on_a_condition_is_made_where_it_holds(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let own = |condition: &str| {
            on(update(named("Countess"), &["display_name"]), condition)
        };
        let result = bed.user(id).update_me(own(r#""999""#)).await;
        assert_eq!(refused(result, Reason::EtagMismatch).code(), Code::FailedPrecondition);
        assert_eq!(bed.me(id).await.unwrap().display_name, "Ada");
        bed.user(id).update_me(own(r#""1""#)).await.unwrap();

        let user_id = id.to_string();
        let roles = || SetUserRolesRequest {
            user_id: user_id.clone(),
            roles: vec!["user".into(), "admin".into()],
        };
        let result = bed.admin().set_user_roles(on(roles(), r#""1""#)).await;
        refused(result, Reason::EtagMismatch);
        bed.admin().set_user_roles(on(roles(), r#""2""#)).await.unwrap();
        let deactivate = || DeactivateUserRequest { user_id: user_id.clone() };
        let result = bed.admin().deactivate_user(on(deactivate(), r#""1""#)).await;
        refused(result, Reason::EtagMismatch);
        let other = bed.register("Eve", "eve@example.com", &["user", "admin"]).await;
        assert_ne!(other, id);
        bed.admin().deactivate_user(on(deactivate(), r#""3""#)).await.unwrap();
        let reactivate = || ReactivateUserRequest { user_id: user_id.clone() };
        let result = bed.admin().reactivate_user(on(reactivate(), r#""3""#)).await;
        refused(result, Reason::EtagMismatch);
        bed.admin().reactivate_user(on(reactivate(), r#""4""#)).await.unwrap();
        let result = bed.user(id).delete_me(on(DeleteMeRequest {}, r#""4""#)).await;
        refused(result, Reason::EtagMismatch);
        bed.user(id).delete_me(on(DeleteMeRequest {}, r#""5""#)).await.unwrap();
    }

    async fn output_only_fields_have_no_effect(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let forged = User {
            user_id: "0190163d-8694-739b-aea5-966c26f8ad91".into(),
            external_id: "X".into(),
            email: "eve@example.com".into(),
            roles: vec!["admin".into()],
            state: UserState::Deactivated.into(),
            create_time: Some(prost_types::Timestamp::default()),
            update_time: Some(prost_types::Timestamp::default()),
            ..named("Ada L.")
        };
        let mask = ["user_id", "external_id", "email", "roles", "state", "create_time",
            "update_time", "etag", "display_name"];
        let user = bed.update(id, update(forged, &mask)).await.unwrap();
        assert_eq!(user.user_id, id.to_string());
        assert_eq!((user.external_id.as_str(), user.email.as_str()), ("", "ada@example.com"));
        assert_eq!(user.state(), UserState::Active);
        assert_eq!(user.roles, ["user"]);
        assert!(user.create_time.unwrap().seconds > 0);
        assert_eq!(user.display_name, "Ada L.");
    }

    async fn a_wrong_mask_and_an_empty_name_are_refused(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let result = bed.update(id, update(named("A"), &["nickname"])).await;
        refused(result, Reason::InvalidField);
        let result = bed.update(id, update(named(" "), &["display_name"])).await;
        refused(result, Reason::InvalidField);
        let result = bed.update(id, update(named(""), &["display_name"])).await;
        refused(result, Reason::InvalidField);
        let result = bed.update(id, update(named("A"), &["display_name", "roles.0"])).await;
        let status = refused(result, Reason::InvalidField);
        assert_eq!(status.message(), "updateMask: roles.0: roles is set as a whole");
        let unasked = UpdateMeRequest { user: Some(named("Ada L.")), update_mask: None };
        let user = bed.update(id, unasked).await.unwrap();
        assert_eq!(user.display_name, "Ada L.");
    }

    async fn a_picture_is_an_https_address_or_none(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let picture = |url: &str| {
            update(User { avatar_url: url.into(), ..User::default() }, &["avatar_url"])
        };
        for url in [
            "http://example.com/a.png", "javascript:alert(1)", "data:image/png;base64,AAAA",
            "https:///a.png", "https://ada:secret@example.com/a.png", "https://example.com:port/",
        ] {
            let status = refused(bed.update(id, picture(url)).await, Reason::InvalidField);
            let mistakes = status.get_details_bad_request().unwrap().field_violations;
            assert!(mistakes.iter().all(|mistake| mistake.field == "user.avatarUrl"), "{url}");
        }
        assert_eq!(bed.me(id).await.unwrap().avatar_url, "");
        let url = "https://images.example.com/ada.png?size=64";
        assert_eq!(bed.update(id, picture(url)).await.unwrap().avatar_url, url);
        assert_eq!(bed.update(id, picture("")).await.unwrap().avatar_url, "");
    }

    async fn a_name_that_deceives_is_refused_wherever_it_is_given(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        for name in ["Ada\u{202E}", " ", "\u{3000}", "Ad\u{200B}a", "Ada\nLovelace", "\u{2067}Ada", "\u{3164}"] {
            let field = |result: Result<User, Status>| {
                let status = refused(result, Reason::InvalidField);
                status.get_details_bad_request().unwrap().field_violations[0].field.clone()
            };
            let changed = bed.update(id, update(named(name), &["display_name"])).await;
            assert_eq!(field(changed), "user.displayName", "{name:?}");
            assert_eq!(field(bed.create("", name, "").await), "displayName", "{name:?}");
            let request = EnsureAccountRequest {
                user_id: Uuid::now_v7().to_string(),
                email: "eve@example.com".into(),
                display_name: name.into(),
                roles: vec![],
            };
            let ensured = bed.auth().ensure_account(request).await;
            let ensured = ensured.map(|reply| reply.into_inner().user.unwrap());
            assert_eq!(field(ensured), "displayName", "{name:?}");
        }
        let name = "علی\u{200C}رضا 👩🏽\u{200D}🚀";
        let user = bed.update(id, update(named(name), &["display_name"])).await.unwrap();
        assert_eq!(user.display_name, name);
    }

    async fn an_update_repeated_with_its_key_is_done_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let request = update(User { etag: "1".into(), ..named("Ada L.") }, &["display_name"]);
        let first = bed.user(id).update_me(keyed(request.clone(), "k1")).await.unwrap();
        let again = bed.user(id).update_me(keyed(request, "k1")).await.unwrap();
        assert_eq!(first.into_inner(), again.into_inner());
        let other = update(named("Eve"), &["display_name"]);
        refused(bed.user(id).update_me(keyed(other, "k1")).await, Reason::IdempotencyKeyReused);
    }

    async fn a_deleted_account_is_erased_and_its_address_is_free(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        bed.me(id).await.unwrap();
        bed.user(id).delete_me(DeleteMeRequest {}).await.unwrap();
        bed.user(id).delete_me(DeleteMeRequest {}).await.unwrap();

        refused(bed.me(id).await, Reason::ResourceNotFound);
        let request = update(named("Ada"), &["display_name"]);
        refused(bed.update(id, request).await, Reason::ResourceNotFound);
        let request = GetAccountRequest { user_id: id.to_string() };
        let account = bed.auth().get_account(request).await.unwrap().into_inner();
        assert_eq!(account.state(), UserState::Deleted);
        let request = GetUserRequest { user_id: id.to_string() };
        let user = bed.admin().get_user(request).await.unwrap().into_inner().user.unwrap();
        assert_eq!((user.email.as_str(), user.display_name.as_str()), ("", ""));
        assert_eq!(bed.events(id).await, ["UserChanged 1", "UserChanged 2", "UserDeleted 2"]);
        bed.register("Ada again", "ada@example.com", &[]).await;
    }

    async fn the_last_administrator_cannot_delete_the_account(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Root", "root@example.com", &["admin"]).await;
        let result = bed.user(id).delete_me(DeleteMeRequest {}).await;
        assert_eq!(refused(result, Reason::InvalidState).code(), Code::FailedPrecondition);
    }
}
