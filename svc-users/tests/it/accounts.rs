use contracts::tradewind::users::v1::{EnsureAccountRequest, GetAccountRequest, UserState};
use runtime::status::Reason;
use store::testing::refused;
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
}
