//! Where the dead letters are: what the flags say, or else where the mesh that runs has them.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use net::SecretUrl;
use runtime::services::{SERVICES, ServiceInfo};
use store::DatabaseConfig;

use super::Arguments;
use crate::running::{self, Mesh, Server};

pub(super) enum Place {
    /// In the stream of this NATS.
    Stream(SecretUrl),
    /// In the outboxes of the services.
    Outboxes(Outboxes),
}

/// The databases of a mesh.
pub(super) struct Outboxes {
    /// Folder of their SQLite files.
    data_dir: PathBuf,
    /// Postgres server that they are on instead.
    database_url: Option<SecretUrl>,
    /// Put in front of their names.
    prefix: String,
}

impl Place {
    pub(super) fn find(arguments: &Arguments) -> Result<Place> {
        if let Some(url) = &arguments.nats_url {
            return Ok(Place::Stream(url.clone()));
        }
        let data_dir = arguments.data_dir.as_deref();
        let outboxes = Outboxes {
            data_dir: data_dir.unwrap_or(Path::new(".tradewind")).to_owned(),
            database_url: arguments.database_url.clone(),
            prefix: arguments.database_prefix.clone(),
        };
        if outboxes.database_url.is_some() {
            return Ok(Place::Outboxes(outboxes));
        }
        if let Some(mesh) = running::find(None, data_dir)? {
            return Place::of(&mesh);
        }
        let found = SERVICES
            .iter()
            .any(|service| outboxes.of(service).is_some());
        ensure!(
            found,
            "no such mesh of `tradewind up` runs here, and {} has no databases: --nats-url names its NATS, --database-url its Postgres, --data-dir its folder",
            outboxes.data_dir.display()
        );
        Ok(Place::Outboxes(outboxes))
    }

    fn of(mesh: &Mesh) -> Result<Place> {
        let open = |server: &Server, flag: &str| {
            ensure!(
                !server.login,
                "the mesh at {mesh} has its dead letters at {}, which wants a login: give {flag}",
                server.address
            );
            Ok(SecretUrl::from(server.address.as_str()))
        };
        if let Some(nats) = &mesh.nats {
            return Ok(Place::Stream(open(nats, "--nats-url (NATS_URL)")?));
        }
        let postgres = mesh.postgres.as_ref();
        let database_url = postgres.map(|it| open(it, "--database-url (DATABASE_URL)"));
        Ok(Place::Outboxes(Outboxes {
            data_dir: mesh.data_dir.clone(),
            database_url: database_url.transpose()?,
            prefix: mesh.database_prefix.clone(),
        }))
    }
}

impl Outboxes {
    /// The database of a service; none if it was never made.
    pub(super) fn of(&self, service: &ServiceInfo) -> Option<DatabaseConfig> {
        let name = format!("{}{}", self.prefix, service.name.replace('-', "_"));
        if let Some(url) = &self.database_url {
            return Some(DatabaseConfig::url(url.expose()).named(&name));
        }
        let path = self.data_dir.join(format!("{name}.db"));
        path.exists().then(|| DatabaseConfig::sqlite(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mesh(nats: Option<&str>, postgres: Option<&str>) -> Mesh {
        let edge = ([127, 0, 0, 1], 8080).into();
        Mesh {
            pid: 7,
            edge,
            listens: vec![edge],
            data_dir: "/data".into(),
            nats: nats.map(|url| Server::of(&url.into())),
            postgres: postgres.map(|url| Server::of(&url.into())),
            database_prefix: "shop_".to_owned(),
        }
    }

    #[test]
    fn a_running_mesh_says_where_its_dead_letters_are() {
        let nats = mesh(
            Some("nats://127.0.0.1:4222"),
            Some("postgres://ada:hunter2@db"),
        );
        assert!(matches!(
            Place::of(&nats),
            Ok(Place::Stream(url)) if url.expose() == "nats://127.0.0.1:4222"
        ));
        let Ok(Place::Outboxes(outboxes)) = Place::of(&mesh(None, None)) else {
            panic!("they are in its data folder");
        };
        assert_eq!(outboxes.data_dir, Path::new("/data"));
        assert_eq!(outboxes.prefix, "shop_");
    }

    #[test]
    fn a_login_is_asked_for_where_the_mesh_has_one() {
        for (mesh, flag) in [
            (
                mesh(Some("nats://ada:hunter2@bus:4222"), None),
                "--nats-url",
            ),
            (
                mesh(None, Some("postgres://ada:hunter2@db:5432")),
                "--database-url",
            ),
        ] {
            let told = Place::of(&mesh).err().expect("it has none").to_string();
            assert!(told.contains(flag) && !told.contains("hunter2"), "{told}");
        }
    }
}
