//! The database of a service is opened.

use net::StartError;
use runtime::node::Node;

use crate::{Database, DatabaseConfig, Migrations, upkeep};

impl Database {
    /// Opens the service's database: waits until it can be reached (the node's readiness says
    /// why), creates it if it is missing, and brings its tables up to date. Replicas may do so at
    /// once. Also starts the removal of what is kept for a time only.
    ///
    /// # Errors
    /// When the configuration is wrong or the migrations do not fit the database.
    pub async fn open(
        config: &DatabaseConfig,
        node: &Node,
        migrations: Migrations,
    ) -> Result<Self, StartError> {
        let gate = node.readiness.waits_for("database");
        let database = Self::connect(config, node.name, migrations, |why| gate.set(why)).await?;
        let database = database.of_service(node);
        upkeep::after_crash(&database, node.clock.now())
            .await
            .map_err(StartError::other)?;
        let own = upkeep::own(database.dialect());
        upkeep::start(node, "database-upkeep", &database, own);
        Ok(database)
    }
}
