use contracts::tradewind::users::v1::users_service_client::UsersServiceClient;
use contracts::tradewind::users::v1::{
    ConfirmEmailRequest, DeleteMeRequest, EnsureAccountRequest, FindAccountRequest,
    FindAccountResponse, GetAccountRequest, GetContactRequest, UpdateMeRequest, User, UserState,
};
use prost_types::FieldMask;
use runtime::status::Reason;
use store::testing::refused;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::bed::Bed;

fn ensure(id: Uuid, email: &str) -> EnsureAccountRequest {
    EnsureAccountRequest {
        user_id: id.to_string(),
        email: email.into(),
        display_name: "Ada".into(),
        roles: vec!["admin".into()],
    }
}

/// The owner of an account at `current` has proved `email`.
async fn confirm(bed: &Bed, id: Uuid, current: &str, email: &str) -> Result<(), Status> {
    let request = ConfirmEmailRequest {
        user_id: id.to_string(),
        current_email: current.into(),
        email: email.into(),
    };
    bed.auth().confirm_email(request).await.map(drop)
}

async fn is_verified(bed: &Bed, id: Uuid) -> bool {
    let request = GetAccountRequest {
        user_id: id.to_string(),
    };
    let account = bed.auth().get_account(request).await;
    account.unwrap().into_inner().email_verified
}

store::on_both! {
    async fn an_account_is_opened_once_under_its_id(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = Uuid::now_v7();
        let request = ensure(id, "ada@example.com");
        let first = bed.auth().ensure_account(request.clone()).await.unwrap().into_inner();
        let again = bed.auth().ensure_account(request).await.unwrap().into_inner();
        assert_eq!(first, again);
        assert_eq!(first.user.unwrap().roles, ["user", "admin"]);
        assert_eq!(bed.events(id).await, ["UserChanged 1"]);
    }

    async fn many_at_once_open_one_account(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = Uuid::now_v7();
        let calls: Vec<_> = (0..8).map(|_| {
            let mut client = bed.auth();
            tokio::spawn(async move { client.ensure_account(ensure(id, "ada@example.com")).await })
        }).collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(bed.events(id).await, ["UserChanged 1"]);
    }

    async fn an_address_belongs_to_one_account(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.auth().ensure_account(ensure(Uuid::now_v7(), "ada@example.com")).await.unwrap();
        let result = bed.auth().ensure_account(ensure(Uuid::now_v7(), "ADA@example.com")).await;
        refused(result, Reason::ResourceExists);
    }

    async fn a_role_that_does_not_exist_is_refused(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let request = EnsureAccountRequest {
            roles: vec!["root".into()],
            ..ensure(Uuid::now_v7(), "ada@example.com")
        };
        refused(bed.auth().ensure_account(request).await, Reason::InvalidField);
    }

    async fn an_active_account_is_found_by_its_address(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = Uuid::now_v7();
        bed.auth().ensure_account(ensure(id, "Ada@example.com")).await.unwrap();
        let request = |email: &str| FindAccountRequest { email: email.to_owned() };
        let found = bed.auth().find_account(request("ada@EXAMPLE.com")).await.unwrap();
        let expected = FindAccountResponse {
            user_id: id.to_string(),
            email: "Ada@example.com".to_owned(),
        };
        assert_eq!(found.into_inner(), expected);
        let nobody = bed.auth().find_account(request("nobody@example.com")).await.unwrap();
        assert_eq!(nobody.into_inner(), FindAccountResponse::default());
    }

    async fn others_ask_whether_an_account_is_active(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let request = GetAccountRequest { user_id: id.to_string() };
        let account = bed.auth().get_account(request).await.unwrap().into_inner();
        assert_eq!((account.state(), account.roles), (UserState::Active, vec!["user".to_owned()]));
        let request = GetAccountRequest { user_id: Uuid::nil().to_string() };
        refused(bed.auth().get_account(request).await, Reason::ResourceNotFound);
        let request = GetAccountRequest { user_id: id.to_string() };
        refused(bed.user(id).get_account(request).await, Reason::AccessDenied);
    }

    async fn a_proved_address_is_seen_by_its_owner_and_by_who_asks(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        assert!(!bed.me(id).await.unwrap().email_verified);
        assert!(!is_verified(&bed, id).await);
        for _ in 0..2 {
            confirm(&bed, id, "ADA@example.com", "ada@example.com").await.unwrap();
        }
        assert!(bed.me(id).await.unwrap().email_verified);
        assert!(is_verified(&bed, id).await);
        assert_eq!(bed.events(id).await, ["UserChanged 1", "UserChanged 2"]);
    }

    async fn what_an_owner_says_of_a_proof_has_no_effect(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let said = User { email_verified: true, display_name: "Ada".into(), ..User::default() };
        let update_mask = Some(FieldMask { paths: vec!["*".into()] });
        bed.update(id, UpdateMeRequest { user: Some(said), update_mask }).await.unwrap();
        assert!(!is_verified(&bed, id).await);
    }

    async fn a_proved_address_takes_the_place_of_the_one_before(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        for _ in 0..2 {
            confirm(&bed, id, "ada@example.com", "lace@example.com").await.unwrap();
        }
        let ada = bed.me(id).await.unwrap();
        assert_eq!((ada.email.as_str(), ada.email_verified, ada.etag.as_str()),
            ("lace@example.com", true, "2"));
        // The one before is free; what was proved of it is late.
        let late = confirm(&bed, id, "ada@example.com", "ada@example.com").await;
        assert_eq!(refused(late, Reason::InvalidState).code(), Code::FailedPrecondition);
        bed.register("Bob", "ada@example.com", &[]).await;
    }

    async fn an_address_of_another_account_is_not_given_twice(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        bed.register("Bob", "bob@example.com", &[]).await;
        let taken = confirm(&bed, id, "ada@example.com", "BOB@example.com").await;
        assert_eq!(refused(taken, Reason::ResourceExists).code(), Code::AlreadyExists);
        let ada = bed.me(id).await.unwrap();
        assert_eq!((ada.email.as_str(), ada.email_verified), ("ada@example.com", false));
    }

    async fn nothing_is_proved_of_an_account_that_is_gone(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        confirm(&bed, id, "ada@example.com", "ada@example.com").await.unwrap();
        bed.user(id).delete_me(DeleteMeRequest {}).await.unwrap();
        assert!(!is_verified(&bed, id).await);
        let gone = confirm(&bed, id, "ada@example.com", "ada@example.com").await;
        refused(gone, Reason::InvalidState);
        let nobody = confirm(&bed, Uuid::nil(), "ada@example.com", "ada@example.com").await;
        refused(nobody, Reason::ResourceNotFound);
    }

    async fn who_sends_mails_learns_where_to_and_nobody_else(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.register("Ada", "ada@example.com", &[]).await;
        let mut notify = UsersServiceClient::new(bed.as_workload("svc-notify"));
        let request = GetContactRequest { user_id: id.to_string() };
        let contact = notify.get_contact(request.clone()).await.unwrap().into_inner();
        assert_eq!((contact.state(), contact.email.as_str()), (UserState::Active, "ada@example.com"));
        assert_eq!(contact.display_name, "Ada");
        assert!(!format!("{contact:?}").contains("ada@example.com"));
        let nobody = GetContactRequest { user_id: Uuid::nil().to_string() };
        refused(notify.get_contact(nobody).await, Reason::ResourceNotFound);
        for mut other in [bed.auth(), bed.user(id), bed.admin()] {
            refused(other.get_contact(request.clone()).await, Reason::AccessDenied);
        }
    }
}
