//! svc-auth: passwords, sessions, and the tokens of users and workloads. It is the source of the
//! mesh's keys. Accounts themselves are svc-users'.

mod accounts;
mod administrator;
mod config;
pub mod domain;
pub mod error;
mod events;
pub mod grpc;
mod hashing;
mod key_file;
mod keyring;
mod registration;
pub mod store;
mod tokens;
mod upkeep;
mod workloads;

use std::sync::Arc;

use contracts::tradewind::auth::v1::auth_service_server::AuthServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::service::Service;

use crate::accounts::Accounts;
pub use crate::administrator::{Invitation, OPERATOR, operator};
pub use crate::config::{Config, Lifetimes, Passwords, Rounds, Throttle};
use crate::domain::network::NetworkNames;
use crate::domain::refresh::RefreshTokens;
pub use crate::domain::seal::EncryptionKey;
use crate::grpc::Auth;
use crate::hashing::Hashing;
pub use crate::key_file::key_in_file;
use crate::keyring::Keyring;
use crate::tokens::Tokens;
pub use crate::workloads::WorkloadKeys;

/// Opens the database and the keys, and builds the service.
///
/// # Errors
/// What is wrong with the configuration or the database.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let (keys, workloads) = config.secrets()?;
    let db = ::store::Database::open(&config.database, node, ::store::migrations!()).await?;
    let refresh = RefreshTokens::new(&keys);
    let networks = NetworkNames::new(&keys);
    let keyring = Keyring::open(&db, keys, config.lifetimes.schedule(), node).await?;
    let keyring = Arc::new(keyring);
    let auth = Auth {
        tokens: Tokens {
            issuer: node.identity.verifier().issuer().clone(),
            keyring: keyring.clone(),
            refresh,
            lifetimes: config.lifetimes,
            clock: node.clock.clone(),
            random: node.random.clone(),
        },
        outbox: ::store::Outbox::new(&db, node),
        accounts: Accounts::new(node),
        hashing: Hashing::new(
            config.passwords.password_hashing_memory,
            node.random.clone(),
            &node.telemetry.meter(),
        ),
        passwords: config.passwords,
        networks: Arc::new(networks),
        workloads: Arc::new(workloads),
        administrator: config.admin_email.clone(),
        throttle: config.throttle,
        clock: node.clock.clone(),
        random: node.random.clone(),
        db,
    };
    let source = auth.clone();
    node.identity
        .set_revocation_source(move || Box::pin(grpc::revocations(source.clone())));
    events::consume(&auth, node, &auth.db);

    administrator::prepare(&auth, &config)
        .await
        .map_err(|error| StartError::other(format!("the first administrator: {error}")))?;
    let (healing, purging, rounds) = (auth.clone(), auth.clone(), config.rounds);
    node.tasks.spawn("heal-registrations", move |shutdown| {
        registration::heal(healing, rounds.heal, shutdown)
    });
    node.tasks.spawn("turn-keys", move |shutdown| {
        upkeep::turn_keys(keyring, rounds.keys, shutdown)
    });
    node.tasks.spawn("purge", move |shutdown| {
        upkeep::purge(purging, rounds.purge, shutdown)
    });
    Ok(Service::new(node).with(AuthServiceServer::new(auth)))
}
