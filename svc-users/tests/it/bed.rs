//! The service in a mesh of one test's own.

use std::ops::Deref;

use contracts::tradewind::users::v1::users_service_client::UsersServiceClient;
use contracts::tradewind::users::v1::{
    CreateUserRequest, DeactivateUserRequest, EnsureAccountRequest, GetMeRequest,
    SetUserRolesRequest, UpdateMeRequest, User,
};
use runtime::testbed::Bearer;
use store::CacheConfig;
use store::testing::{self, Common, TestDatabase};
use svc_users::Config;
use tonic::Status;
use uuid::Uuid;

pub(crate) type Client = UsersServiceClient<Bearer>;

/// A running svc-users.
pub(crate) struct Bed(testing::Bed<Config>);

impl Deref for Bed {
    type Target = testing::Bed<Config>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Bed {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        Self::replica(database, &Common::new()).await
    }

    /// One of several over the same database and bus.
    pub(crate) async fn replica(database: &TestDatabase, common: &Common) -> Self {
        let config = Config {
            database: database.config(),
            cache: CacheConfig::default(),
        };
        let (mesh, tables) = (common.testbed(), database.tables(|| store::migrations!()));
        let bed = testing::Bed::start(mesh, "svc-users", tables, config, svc_users::build).await;
        Self(bed.expect("the service is built"))
    }

    /// The service as somebody with an account calls it.
    pub(crate) fn user(&self, id: Uuid) -> Client {
        UsersServiceClient::new(self.as_user(id, &["user"]))
    }

    /// The service as an administrator calls it.
    pub(crate) fn admin(&self) -> Client {
        UsersServiceClient::new(self.as_user(Uuid::from_u128(1), &["user", "admin"]))
    }

    /// The service as svc-auth calls it.
    pub(crate) fn auth(&self) -> Client {
        UsersServiceClient::new(self.as_workload("svc-auth"))
    }

    /// Opens an account as a registration does.
    pub(crate) async fn register(&self, name: &str, email: &str, roles: &[&str]) -> Uuid {
        let id = Uuid::now_v7();
        let request = EnsureAccountRequest {
            user_id: id.to_string(),
            email: email.into(),
            display_name: name.into(),
            roles: roles.iter().map(ToString::to_string).collect(),
        };
        self.auth()
            .ensure_account(request)
            .await
            .expect("the address is free");
        id
    }

    /// An account as its owner sees it.
    pub(crate) async fn me(&self, id: Uuid) -> Result<User, Status> {
        let reply = self.user(id).get_me(GetMeRequest {}).await?;
        Ok(reply.into_inner().user.expect("a reply has the account"))
    }

    /// Changes an account as its owner does.
    pub(crate) async fn update(&self, id: Uuid, request: UpdateMeRequest) -> Result<User, Status> {
        let reply = self.user(id).update_me(request).await?;
        Ok(reply.into_inner().user.expect("a reply has the account"))
    }

    /// Opens an account as an administrator does.
    pub(crate) async fn create(
        &self,
        external_id: &str,
        name: &str,
        email: &str,
    ) -> Result<User, Status> {
        let request = CreateUserRequest {
            external_id: external_id.into(),
            display_name: name.into(),
            email: email.into(),
        };
        let reply = self.admin().create_user(request).await?;
        Ok(reply.into_inner().user.expect("a reply has the account"))
    }

    pub(crate) async fn deactivate(&self, id: Uuid) -> Result<User, Status> {
        let request = DeactivateUserRequest {
            user_id: id.to_string(),
        };
        let reply = self.admin().deactivate_user(request).await?;
        Ok(reply.into_inner().user.expect("a reply has the account"))
    }

    pub(crate) async fn set_roles(&self, id: Uuid, roles: &[&str]) -> Result<User, Status> {
        let roles = roles.iter().map(ToString::to_string).collect();
        let request = SetUserRolesRequest {
            user_id: id.to_string(),
            roles,
        };
        let reply = self.admin().set_user_roles(request).await?;
        Ok(reply.into_inner().user.expect("a reply has the account"))
    }

    /// The events of an account, in their order: `UserChanged 2`.
    pub(crate) async fn events(&self, id: Uuid) -> Vec<String> {
        let mut tx = self.read().await;
        let rows = store::fetch_all!(
            tx,
            (String, i64),
            "SELECT subject, version FROM outbox WHERE aggregate_id = $1 ORDER BY version, subject",
            id.to_string()
        );
        let name = |subject: String| subject.replace("users.v1.", "");
        rows.expect("the outbox is there")
            .into_iter()
            .map(|(subject, version)| format!("{} {version}", name(subject)))
            .collect()
    }
}
