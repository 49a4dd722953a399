//! Where the dead letters are: what the flags say, or else where the mesh that runs has them.

use anyhow::{Context as _, Result};
use net::SecretUrl;

use super::Arguments;
use crate::{
    databases::{self, Databases},
    running::Mesh,
};

pub(super) enum Place {
    /// In the stream of this NATS.
    Stream(SecretUrl),
    /// In the outboxes of the services.
    Outboxes(Databases),
}

impl Place {
    pub(super) fn find(arguments: &Arguments) -> Result<Place> {
        if let Some(url) = &arguments.nats_url {
            return Ok(Place::Stream(url.clone()));
        }
        if let Some(mesh) = arguments.databases.mesh()? {
            return Place::of(&mesh);
        }
        let databases = Databases::find(&arguments.databases);
        let databases = databases.context("dead letters are in NATS (--nats-url), or in outboxes");
        Ok(Place::Outboxes(databases?))
    }

    fn of(mesh: &Mesh) -> Result<Place> {
        match &mesh.nats {
            Some(nats) => {
                let url = databases::open(mesh, nats, "--nats-url (NATS_URL)");
                Ok(Place::Stream(url?))
            }
            None => Ok(Place::Outboxes(Databases::of(mesh)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::running::Server;

    fn mesh(nats: Option<&str>, postgres: Option<&str>) -> Mesh {
        let edge = ([127, 0, 0, 1], 8080).into();
        Mesh {
            pid: 7,
            edge,
            ops: edge,
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
