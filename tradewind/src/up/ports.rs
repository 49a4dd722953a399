//! Where everything listens: a flag for each port.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::LazyLock,
};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};
use runtime::services::{EDGE, SERVICES, ServiceInfo};
use tokio::net::TcpListener;

/// Where everything listens.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    host: IpAddr,
    ports: BTreeMap<&'static str, u16>,
}

const HOST: &str = "host";
/// The name of the port of health and metrics.
pub(super) const OPS: &str = "ops";

/// The flag of a port. clap wants texts that last.
struct Flag {
    /// What listens there.
    name: &'static str,
    flag: String,
    default: String,
    help: String,
}

static FLAGS: LazyLock<Vec<Flag>> = LazyLock::new(|| {
    let flag = |name, short: &str, default: u16, help: String| Flag {
        name,
        flag: format!("{short}-port"),
        default: default.to_string(),
        help,
    };
    let service = |it: &ServiceInfo| {
        let help = format!("Port of {}: gRPC, {}", it.name, it.about);
        flag(it.name, it.short_name(), it.port, help)
    };
    let edge = format!("Port of the edge: {}", EDGE.about);
    let ops = "Port of health and metrics".to_owned();
    [
        flag(EDGE.name, EDGE.name, EDGE.port, edge),
        flag(OPS, OPS, EDGE.ops_port(), ops),
    ]
    .into_iter()
    .chain(SERVICES.iter().map(service))
    .collect()
});

/// The flag that changes where something listens.
pub(super) fn flag_of(name: &str) -> String {
    let flag = FLAGS.iter().find(|flag| flag.name == name);
    flag.map_or("--host".to_owned(), |flag| format!("--{}", flag.flag))
}

impl Ports {
    pub(super) fn edge(&self) -> SocketAddr {
        self.of(EDGE.name)
    }

    pub(super) fn ops(&self) -> SocketAddr {
        self.of(OPS)
    }

    /// What listens there took this one, where any was right.
    pub(super) fn took(&mut self, name: &'static str, listener: &TcpListener) {
        if let Ok(address) = listener.local_addr() {
            self.ports.insert(name, address.port());
        }
    }

    /// Where a service of the list listens.
    pub(super) fn of(&self, name: &str) -> SocketAddr {
        (self.host, self.ports[name]).into()
    }
}

impl Args for Ports {
    fn augment_args(command: Command) -> Command {
        let host = Arg::new(HOST)
            .long(HOST)
            .default_value("127.0.0.1")
            .value_name("IP")
            .value_parser(value_parser!(IpAddr))
            .help("Address that everything listens on");
        let ports = FLAGS.iter().map(|flag| {
            Arg::new(flag.flag.as_str())
                .long(flag.flag.as_str())
                .default_value(flag.default.as_str())
                .value_name("PORT")
                .value_parser(value_parser!(u16))
                .help(flag.help.as_str())
        });
        let all = [host].into_iter().chain(ports);
        command.args(all.map(|argument| argument.help_heading("Ports")))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Ports {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let host = matches.get_one(HOST).copied();
        let port = |flag: &'static Flag| Some((flag.name, *matches.get_one(&flag.flag)?));
        Ok(Self {
            host: host.unwrap_or(Ipv4Addr::LOCALHOST.into()),
            ports: FLAGS.iter().filter_map(port).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
