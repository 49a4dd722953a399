//! The databases of a mesh: those that flags name, or else those of the mesh that runs.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Args;
use net::SecretUrl;
use runtime::services::{SERVICES, ServiceInfo};
use store::{Database, DatabaseConfig};

use crate::running::{self, Mesh, Server};

#[derive(Args)]
pub(crate) struct Flags {
    /// Folder that `tradewind up` keeps its data in [default: that of the mesh that runs, or
    /// .tradewind]
    #[arg(long, env = "DATA_DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Postgres server that the mesh has its databases on
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    database_url: Option<SecretUrl>,
    /// Put in front of the databases' names on that server
    #[arg(long, env = "DATABASE_PREFIX", default_value = "", global = true)]
    database_prefix: String,
}

impl Flags {
    /// Whether they name a server.
    pub(crate) fn is_server(&self) -> bool {
        self.database_url.is_some()
    }

    /// The running mesh that is meant, unless they name a server.
    pub(crate) fn mesh(&self) -> Result<Option<Mesh>> {
        match &self.database_url {
            Some(_) => Ok(None),
            None => running::find(None, self.data_dir.as_deref()),
        }
    }
}

pub(crate) struct Databases {
    /// Folder of their SQLite files, and of the mesh's keys.
    pub(crate) data_dir: PathBuf,
    /// Postgres server that they are on instead.
    database_url: Option<SecretUrl>,
    /// Put in front of their names.
    pub(crate) prefix: String,
}

impl Databases {
    pub(crate) fn find(flags: &Flags) -> Result<Databases> {
        if let Some(mesh) = flags.mesh()? {
            return Databases::of(&mesh);
        }
        let data_dir = flags.data_dir.as_deref();
        let databases = Databases {
            data_dir: data_dir.unwrap_or(Path::new(".tradewind")).to_owned(),
            database_url: flags.database_url.clone(),
            prefix: flags.database_prefix.clone(),
        };
        let found = SERVICES
            .iter()
            .any(|service| databases.config(service).is_some());
        ensure!(
            found,
            "no such mesh of `tradewind up` runs here, and {} has no databases: --database-url \
             names its Postgres, --data-dir its folder",
            databases.data_dir.display()
        );
        Ok(databases)
    }

    pub(crate) fn of(mesh: &Mesh) -> Result<Databases> {
        let postgres = mesh.postgres.as_ref();
        let database_url = postgres.map(|it| open(mesh, it, "--database-url (DATABASE_URL)"));
        Ok(Databases {
            data_dir: mesh.data_dir.clone(),
            database_url: database_url.transpose()?,
            prefix: mesh.database_prefix.clone(),
        })
    }

    /// The database of a service; none if it was never made.
    pub(crate) async fn open(&self, service: &ServiceInfo) -> Result<Option<Database>> {
        let Some(config) = self.config(service) else {
            return Ok(None);
        };
        Ok(Database::existing(&config, "tradewind").await?)
    }

    fn config(&self, service: &ServiceInfo) -> Option<DatabaseConfig> {
        let name = format!("{}{}", self.prefix, service.name.replace('-', "_"));
        if let Some(url) = &self.database_url {
            return Some(DatabaseConfig::url(url.expose()).named(&name));
        }
        let path = self.data_dir.join(format!("{name}.db"));
        path.exists().then(|| DatabaseConfig::sqlite(path))
    }
}

/// A server of a mesh, for whoever needs no login there.
pub(crate) fn open(mesh: &Mesh, server: &Server, flag: &str) -> Result<SecretUrl> {
    ensure!(
        !server.login,
        "the mesh at {mesh} uses {}, which wants a login: give {flag}",
        server.address
    );
    Ok(SecretUrl::from(server.address.as_str()))
}
