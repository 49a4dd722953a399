//! The service in a mesh of one test's own.

use std::future::Future;
use std::time::Duration;

use bus::Bus;
use contracts::tradewind::users::v1::users_service_client::UsersServiceClient;
use contracts::tradewind::users::v1::{
    CreateUserRequest, DeactivateUserRequest, EnsureAccountRequest, GetMeRequest,
    SetUserRolesRequest, UpdateMeRequest, User,
};
use net::telemetry::Telemetry;
use runtime::client::Channel;
use runtime::host::HostConfig;
use runtime::status::{Reason, reason};
use runtime::testbed::{Testbed, Tokens};
use store::testing::TestDatabase;
use store::{CacheConfig, Database, Tx};
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};
use uuid::Uuid;

pub(crate) type Client = UsersServiceClient<InterceptedService<Channel, Tokens>>;

/// A running svc-users.
pub(crate) struct Bed {
    testbed: Testbed,
    database: Database,
}

impl Bed {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        Self::replica(database, Bus::in_process()).await
    }

    /// One of several over the same database and bus.
    pub(crate) async fn replica(database: &TestDatabase, bus: Bus) -> Self {
        let mut testbed = Testbed::with(HostConfig::new(Telemetry::detached(), bus));
        let node = testbed.node("svc-users").await;
        let config = svc_users::Config {
            database: database.config(),
            cache: CacheConfig::default(),
        };
        let service = svc_users::build(config, &node)
            .await
            .expect("the service is built");
        testbed.serve(&node, service).expect("the contract fits");
        testbed.start().await;
        Self {
            testbed,
            database: database.open(migrations()).await,
        }
    }

    /// The service as somebody with an account calls it.
    pub(crate) fn user(&self, id: Uuid) -> Client {
        UsersServiceClient::new(self.testbed.as_user("svc-users", id, &["user"]))
    }

    /// The service as an administrator calls it.
    pub(crate) fn admin(&self) -> Client {
        let roles = ["user", "admin"];
        UsersServiceClient::new(
            self.testbed
                .as_user("svc-users", Uuid::from_u128(1), &roles),
        )
    }

    /// The service as svc-auth calls it.
    pub(crate) fn auth(&self) -> Client {
        UsersServiceClient::new(self.testbed.as_workload("svc-users", "svc-auth"))
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

    pub(crate) async fn read(&self) -> Tx {
        self.database.read().await.expect("the database is there")
    }
}

fn migrations() -> store::Migrations {
    store::migrations!()
}

/// A request with an idempotency key.
pub(crate) fn keyed<T>(message: T, key: &'static str) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("idempotency-key", key.parse().expect("ASCII"));
    request
}

/// Fails unless the call was refused for this reason.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Status>, expected: Reason) -> Status {
    let status = result.expect_err("the call is refused");
    assert_eq!(reason(&status), Some(expected), "{status:?}");
    status
}

/// Waits until the condition holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let within = tokio::time::timeout(Duration::from_secs(10), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(within.await.is_ok(), "{what}");
}
