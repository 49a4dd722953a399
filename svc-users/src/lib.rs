//! svc-users: accounts with their profiles, roles and states. Passwords and sessions are
//! svc-auth's; it opens accounts here and asks here whether they are active.

mod convert;
mod domain;
mod error;
mod events;
mod grpc;
mod service;
mod store;

use contracts::tradewind::users::v1::users_service_server::UsersServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::service::Service;

use crate::service::Users;

/// What svc-users is told at its start.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Where the accounts are.
    #[command(flatten)]
    pub database: ::store::DatabaseConfig,
    /// Where read accounts are remembered.
    #[command(flatten)]
    pub cache: ::store::CacheConfig,
}

impl ::store::Stored for Config {
    fn database(&mut self) -> &mut ::store::DatabaseConfig {
        &mut self.database
    }

    fn cache(&mut self) -> Option<&mut ::store::CacheConfig> {
        Some(&mut self.cache)
    }
}

/// Opens the database and builds the service.
///
/// # Errors
/// What is wrong with the configuration or the database.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let db = ::store::Database::open(&config.database, node, ::store::migrations!()).await?;
    store::user::make_words(&db)
        .await
        .map_err(StartError::other)?;
    let cache = ::store::Cache::open(&config.cache, node.name)?;
    let users = Users::new(db, cache, node);
    Ok(Service::new(node).with(UsersServiceServer::new(users)))
}
