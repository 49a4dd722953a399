//! svc-auth: passwords, sessions, and the tokens of users and workloads. It is the source of the
//! mesh's keys. Accounts themselves are svc-users'.

mod accounts;
mod administrator;
mod config;
pub mod domain;
pub mod error;
mod events;
mod first_password;
mod grpc;
mod hashing;
mod healing;
mod invitation;
mod keyring;
mod mails;
mod metrics;
mod proofs;
mod providers;
mod registration;
mod roles;
mod sealing;
mod service;
pub mod store;
mod tokens;
mod upkeep;
mod wishes;
mod workloads;

use contracts::tradewind::auth::v1::access_tokens_service_server::AccessTokensServiceServer;
use contracts::tradewind::auth::v1::auth_service_server::AuthServiceServer;
use contracts::tradewind::auth::v1::external_identities_service_server::ExternalIdentitiesServiceServer;
use contracts::tradewind::auth::v1::second_factor_service_server::SecondFactorServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::service::Service;

pub use crate::administrator::{OPERATOR, operator};
pub use crate::config::{
    Config, IdentityProviders, Lifetimes, Passwords, RequireSecondFactor, Rounds, SecondFactors,
    Throttle, TrustedIssuers,
};
pub use crate::invitation::Invitation;
use crate::metrics::Sessions;
use crate::service::Auth;
use crate::store::credential::Credential;
use crate::store::email_proof::EmailProof;
pub use crate::workloads::WorkloadKeys;

/// Opens the database and the keys, and builds the service.
///
/// # Errors
/// What is wrong with the configuration or the database.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let auth = Auth::open(&config, node).await?;
    let source = auth.clone();
    node.identity
        .set_revocation_source(move || Box::pin(grpc::revocation::all(source.clone())));
    events::consume(&auth, node, &auth.db);

    administrator::prepare(&auth, &config)
        .await
        .map_err(|error| StartError::other(format!("the first administrator: {error}")))?;
    let sessions = Sessions::new(node, config.lifetimes.session_lifetime);
    ::store::measure::start(node, "auth-measure", &auth.db, sessions);
    let (healing, purging, rounds) = (auth.clone(), auth.clone(), config.rounds);
    let keyring = auth.tokens.keyring.clone();
    node.tasks.spawn("heal-registrations", move |shutdown| {
        healing::heal::<Credential>(healing, rounds.heal, shutdown)
    });
    let (proving, wishing) = (auth.clone(), auth.clone());
    node.tasks.spawn("heal-proofs", move |shutdown| {
        healing::heal::<EmailProof>(proving, rounds.heal, shutdown)
    });
    node.tasks.spawn("account-mails", move |shutdown| {
        wishes::run(wishing, rounds.heal, shutdown)
    });
    node.tasks.spawn("turn-keys", move |shutdown| {
        upkeep::turn_keys(keyring, rounds.keys, shutdown)
    });
    node.tasks.spawn("purge", move |shutdown| {
        upkeep::purge(purging, rounds.purge, shutdown)
    });
    Ok(Service::new(node)
        .with(AuthServiceServer::new(auth.clone()))
        .with(SecondFactorServiceServer::new(auth.clone()))
        .with(ExternalIdentitiesServiceServer::new(auth.clone()))
        .with(AccessTokensServiceServer::new(auth)))
}
