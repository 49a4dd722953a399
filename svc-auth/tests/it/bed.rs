//! The service in a mesh of one test's own, on a clock of its own.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use chrono::DateTime;
use contracts::tradewind::auth::v1::access_tokens_service_client::AccessTokensServiceClient;
use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use contracts::tradewind::auth::v1::external_identities_service_client::ExternalIdentitiesServiceClient;
use contracts::tradewind::auth::v1::second_factor_service_client::SecondFactorServiceClient;
use contracts::tradewind::auth::v1::{
    IssueWorkloadTokenRequest, ListSessionsRequest, LoginRequest, LoginResponse, RefreshRequest,
    RefreshResponse, RegisterRequest, RegisterResponse, Session,
};
use contracts::tradewind::users::v1::users_service_server::UsersServiceServer;
use net::StartError;
use net::client::Credentials as _;
use net::clock::{Clock, ManualClock};
use net::random::Random;
use prost::Message;
use runtime::call::{CallContext, User};
use runtime::identity::{AssertionClaims, Identity, Signer, VerifyError};
use runtime::seal::EncryptionKey;
use runtime::service::Service;
use runtime::services::AUTHORITY;
use runtime::testbed::{Bearer, Tokens};
use store::testing::{self, TestDatabase, eventually};
use svc_auth::{Config, Rounds, WorkloadKeys};
use tonic::Status;
use uuid::Uuid;

use crate::users::Users;

pub(crate) type Client = AuthServiceClient<Bearer>;
pub(crate) type SecondFactors = SecondFactorServiceClient<Bearer>;
pub(crate) type ExternalIdentities = ExternalIdentitiesServiceClient<Bearer>;
pub(crate) type AccessTokens = AccessTokensServiceClient<Bearer>;

pub(crate) const PASSWORD: &str = "correct horse";

/// What replicas of a mesh have in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) mesh: testing::Common,
    pub(crate) time: ManualClock,
    pub(crate) users: Users,
    pub(crate) key: EncryptionKey,
    pub(crate) edge: Signer,
}

impl Common {
    pub(crate) fn new() -> Self {
        let start = DateTime::from_timestamp(1_800_000_000, 0).expect("a time in range");
        let (clock, time) = Clock::manual(start);
        Self {
            mesh: testing::Common {
                clock,
                ..testing::Common::new()
            },
            time,
            users: Users::default(),
            key: EncryptionKey::generate(AUTHORITY, &Random::system()),
            edge: Signer::generate("edge-1", &Random::system()),
        }
    }

    pub(crate) fn config(&self, database: &TestDatabase) -> Config {
        let jwk = [self.edge.jwk()];
        let keys = WorkloadKeys::default()
            .with("edge", &jwk)
            .with("svc-notify", &jwk);
        let often = Duration::from_millis(20);
        Config {
            rounds: Rounds {
                heal: often,
                keys: often,
                purge: often,
            },
            ..Config::embedded(database.config(), &self.key, keys)
        }
    }
}

/// A running svc-auth beside a svc-users that the test plays.
pub(crate) struct Bed {
    pub(crate) common: Common,
    pub(crate) users: Users,
    pub(crate) time: ManualClock,
    service: testing::Bed<Config>,
}

impl Deref for Bed {
    type Target = testing::Bed<Config>;

    fn deref(&self) -> &Self::Target {
        &self.service
    }
}

impl Bed {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        Self::with(database, |_| {}).await
    }

    pub(crate) async fn with(database: &TestDatabase, change: impl FnOnce(&mut Config)) -> Self {
        Self::replica(database, Common::new(), change)
            .await
            .expect("the service starts")
    }

    /// One of several over the same database.
    pub(crate) async fn replica(
        database: &TestDatabase,
        common: Common,
        change: impl FnOnce(&mut Config),
    ) -> Result<Self, StartError> {
        let mut mesh = common.mesh.testbed();
        let users = mesh.node("svc-users").await;
        let played = Service::new(&users).with(UsersServiceServer::new(common.users.clone()));
        mesh.serve(&users, played)?;
        let mut config = common.config(database);
        change(&mut config);
        let tables = database.tables(|| store::migrations!());
        let service = testing::Bed::start(mesh, "svc-auth", tables, config, svc_auth::build);
        Ok(Self {
            service: service.await?,
            users: common.users.clone(),
            time: common.time.clone(),
            common,
        })
    }

    fn client(&self, tokens: Tokens) -> Client {
        AuthServiceClient::new(self.service.with(tokens))
    }

    /// The service as anybody calls it.
    pub(crate) fn anybody(&self) -> Client {
        self.client(Tokens::default())
    }

    /// The service as the holder of an access token calls it.
    pub(crate) fn holder(&self, access_token: &str) -> Client {
        self.client(Tokens {
            user: Some(access_token.to_owned()),
            workload: None,
        })
    }

    /// Second factors, as the holder of an access token calls for them; with none, as anybody.
    pub(crate) fn second_factors(&self, access_token: &str) -> SecondFactors {
        SecondFactorServiceClient::new(self.service.with(of_user(access_token)))
    }

    /// Identities elsewhere, as the holder of an access token calls for them; with none, as anybody.
    pub(crate) fn external(&self, access_token: &str) -> ExternalIdentities {
        ExternalIdentitiesServiceClient::new(self.service.with(of_user(access_token)))
    }

    /// Personal access tokens, as the holder of an access token calls for them.
    pub(crate) fn access_tokens(&self, access_token: &str) -> AccessTokens {
        AccessTokensServiceClient::new(self.service.with(of_user(access_token)))
    }

    /// Personal access tokens, as the edge redeems them.
    pub(crate) async fn redeemer(&self) -> AccessTokens {
        AccessTokensServiceClient::new(self.service.with(self.tokens_of("edge").await))
    }

    /// Second factors, as the edge calls for a client.
    pub(crate) async fn second_factors_by_edge(&self) -> SecondFactors {
        SecondFactorServiceClient::new(self.service.with(self.tokens_of("edge").await))
    }

    /// The service as the edge calls it.
    pub(crate) async fn edge(&self) -> Client {
        self.workload("edge").await
    }

    /// The service as a workload calls it that has the edge's key.
    pub(crate) async fn workload(&self, name: &str) -> Client {
        self.client(self.tokens_of(name).await)
    }

    async fn tokens_of(&self, workload: &str) -> Tokens {
        let client_assertion = self.assertion(|claims| {
            claims.iss = workload.into();
            claims.sub = workload.into();
        });
        let request = IssueWorkloadTokenRequest { client_assertion };
        let reply = self
            .anybody()
            .issue_workload_token(request)
            .await
            .expect("a good assertion");
        Tokens {
            user: None,
            workload: Some(reply.into_inner().workload_token),
        }
    }

    /// An assertion of the edge.
    pub(crate) fn assertion(&self, change: impl FnOnce(&mut AssertionClaims)) -> String {
        let now = self.node.clock.now().timestamp();
        let mut claims = AssertionClaims {
            iss: "edge".into(),
            sub: "edge".into(),
            aud: "tradewind".into(),
            iat: now,
            exp: now + 60,
            jti: Uuid::now_v7(),
        };
        change(&mut claims);
        self.common.edge.sign(&claims)
    }

    pub(crate) async fn register(&self, email: &str) -> Result<RegisterResponse, Status> {
        self.register_as(email, PASSWORD, "Ada").await
    }

    pub(crate) async fn register_as(
        &self,
        email: &str,
        password: &str,
        display_name: &str,
    ) -> Result<RegisterResponse, Status> {
        let request = RegisterRequest {
            email: email.into(),
            password: password.into(),
            display_name: display_name.into(),
        };
        self.anybody()
            .register(request)
            .await
            .map(tonic::Response::into_inner)
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<LoginResponse, Status> {
        let request = LoginRequest {
            email: email.into(),
            password: password.into(),
        };
        self.anybody()
            .login(request)
            .await
            .map(tonic::Response::into_inner)
    }

    /// As somebody at this address, whom the edge speaks for.
    pub(crate) async fn login_from(
        &self,
        address: &str,
        email: &str,
        password: &str,
    ) -> Result<LoginResponse, Status> {
        login_by(&mut self.edge().await, address, email, password).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Result<RefreshResponse, Status> {
        let request = RefreshRequest {
            refresh_token: refresh_token.into(),
        };
        self.anybody()
            .refresh(request)
            .await
            .map(tonic::Response::into_inner)
    }

    /// The first page of the sessions of an access token's owner.
    pub(crate) async fn sessions(&self, access_token: &str) -> Result<Vec<Session>, Status> {
        let mut holder = self.holder(access_token);
        let reply = holder.list_sessions(ListSessionsRequest::default()).await?;
        Ok(reply.into_inner().sessions)
    }

    /// The user of an access token, as every process of the mesh would see it.
    pub(crate) async fn verify(&self, access_token: &str) -> Result<User, VerifyError> {
        self.node.identity.verify_user(access_token).await
    }

    /// What this process knows of tokens and of sessions that ended.
    pub(crate) fn identity(&self) -> &Identity {
        &self.node.identity
    }

    /// Moves the clock, and waits until this workload's own token holds again.
    pub(crate) async fn advance(&self, by: Duration) {
        self.time.advance(by);
        let holds = async || self.node.identity.at_hand().is_some();
        eventually("the workload has a token", holds).await;
    }

    /// Tells the mesh an event of svc-users.
    pub(crate) async fn tell(&self, subject: &str, user_id: &str, message: &impl Message) {
        let event = self.event(subject, user_id, message);
        assert_eq!(self.publish(&event).await, bus::Delivery::Settled);
    }

    /// How often passwords were hashed until now, by the form of the hash.
    pub(crate) fn hashed(&self) -> BTreeMap<String, u64> {
        let metrics = self.telemetry().prometheus();
        let hashed = ops::series(&metrics);
        let hashed = hashed.filter(|series| series.name == "tradewind_passwords_hashed_total");
        hashed
            .map(|series| {
                let form = series.label("form").expect("a form");
                (form.to_owned(), series.value as u64)
            })
            .collect()
    }

    pub(crate) async fn stop(self) {
        self.service.stop().await;
    }
}

/// Of a user, if there is a token.
fn of_user(access_token: &str) -> Tokens {
    Tokens {
        user: Some(access_token.to_owned()).filter(|token| !token.is_empty()),
        workload: None,
    }
}

/// Signs in as somebody at this address, by the edge.
pub(crate) async fn login_by(
    edge: &mut Client,
    address: &str,
    email: &str,
    password: &str,
) -> Result<LoginResponse, Status> {
    let call = CallContext {
        client_address: Some(address.parse().expect("an address")),
        ..CallContext::background("login")
    };
    let request = LoginRequest {
        email: email.into(),
        password: password.into(),
    };
    let reply = call.scope(edge.login(request)).await;
    reply.map(tonic::Response::into_inner)
}
