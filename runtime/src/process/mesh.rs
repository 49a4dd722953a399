//! Where the services of the mesh are, from flags and the environment: `SVC_ORDERS_URL` and its
//! like, one for each service of the list.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use net::address::Address;

use crate::mesh::Mesh;
use crate::services::SERVICES;

/// Where the services of the mesh are.
#[derive(Clone, Debug)]
pub struct MeshConfig(BTreeMap<&'static str, Address>);

impl MeshConfig {
    /// The addresses by name.
    pub fn mesh(&self) -> Mesh {
        let names: Vec<_> = self.0.keys().copied().collect();
        self.mesh_of(&names)
    }

    /// The addresses of these services alone.
    pub fn mesh_of(&self, names: &[&str]) -> Mesh {
        let mesh = Mesh::default();
        for name in names {
            if let Some(address) = self.0.get(name) {
                mesh.set(name, address.clone());
            }
        }
        mesh
    }
}

/// How a service's address is given. clap wants texts that last.
struct Flag {
    service: &'static str,
    name: String,
    variable: String,
    default: String,
}

static FLAGS: LazyLock<Vec<Flag>> = LazyLock::new(|| {
    let flag = |service: &crate::services::ServiceInfo| Flag {
        service: service.name,
        name: format!("{}-url", service.name),
        variable: service.url_variable(),
        default: format!("http://127.0.0.1:{}", service.port),
    };
    SERVICES.iter().map(flag).collect()
});

impl Args for MeshConfig {
    fn augment_args(command: Command) -> Command {
        command.args(FLAGS.iter().map(|flag| {
            Arg::new(flag.name.as_str())
                .long(flag.name.as_str())
                .env(flag.variable.as_str())
                .default_value(flag.default.as_str())
                .value_name("URL")
                .value_parser(str::parse::<Address>)
                .help_heading("Mesh")
                .help(format!(
                    "{}; several addresses with commas between",
                    flag.service
                ))
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for MeshConfig {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let address = |flag: &'static Flag| {
            let address = matches.get_one::<Address>(&flag.name)?;
            Some((flag.service, address.clone()))
        };
        Ok(Self(FLAGS.iter().filter_map(address).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
