//! `tradewind up`: the edge and every service in one process.

mod arguments;
mod data_folder;
mod first_start;
mod services;
mod welcome;

use std::{ffi::OsString, net::SocketAddr, process::ExitCode, time::Instant};

use net::{StartError, listen::listen, process, random::Random, telemetry::Telemetry};
use runtime::{
    host::{Host, HostConfig},
    identity::Signer,
    mesh::Mesh as Addresses,
    node::Node,
};
use tokio::net::TcpListener;

pub(crate) use arguments::Arguments;
use data_folder::DataFolder;
use services::{Configurations, Keys};
use welcome::{SERVICES, Welcome};

use crate::running::{self, Announcement, Mesh, Server};

/// Runs until SIGTERM or SIGINT. `words` are those of the command line after `tradewind`.
pub(crate) fn run(words: Vec<OsString>) -> ExitCode {
    let start = Instant::now();
    let arguments = match Arguments::read(words) {
        Ok(arguments) => arguments,
        Err(refused) => return refused.tell(),
    };
    let _folder = match DataFolder::take(&arguments.data_dir) {
        Ok(folder) => folder,
        Err(refused) => {
            crate::complain(&format!("{refused:#}"));
            return ExitCode::FAILURE;
        }
    };
    let keys = Keys::generate(&Random::system());
    let configurations = match services::configurations(&arguments, &keys) {
        Ok(configurations) => configurations,
        Err(refused) => return refused.tell(),
    };
    process::in_runtime(
        "tradewind",
        &arguments.telemetry.clone(),
        async |telemetry| {
            let up = Box::pin(up(arguments, configurations, &keys, telemetry, start));
            up.await.map_err(neighbour)
        },
    )
}

async fn up(
    arguments: Arguments,
    configurations: Configurations,
    keys: &Keys,
    telemetry: Telemetry,
    start: Instant,
) -> Result<(), StartError> {
    let mut config = HostConfig::new(telemetry, arguments.bus.bus());
    config.mesh = Addresses::default();
    arguments.server.limit(&mut config);
    let mut host = Host::new(config);
    let welcome = Welcome::new(&arguments, configurations.administrator);

    let ops = listen("the ops port", arguments.ops(), "--ops-port").await?;
    let door = listen("the edge", arguments.edge(), "--edge-port").await?;
    let mut members = Members {
        host: &mut host,
        arguments: &arguments,
        keys,
    };
    let users = members.join("svc-users").await?;
    let auth = members.join("svc-auth").await?;
    let catalog = members.join("svc-catalog").await?;
    let inventory = members.join("svc-inventory").await?;
    let shipping = members.join("svc-shipping").await?;
    let orders = members.join("svc-orders").await?;
    let _announcement = announce(&arguments, &ops, &door);
    let edge = host.node("edge", Some(keys.signer("edge")));
    host.serve_ops(ops);

    let stop = process::stop_signal()?;
    tokio::pin!(stop);
    let build = async {
        let services = tokio::try_join!(
            svc_users::build(configurations.users, &users.0),
            svc_auth::build(configurations.auth, &auth.0),
            svc_catalog::build(configurations.catalog, &catalog.0),
            svc_inventory::build(configurations.inventory, &inventory.0),
            svc_shipping::build(configurations.shipping, &shipping.0),
            svc_orders::build(configurations.orders, &orders.0),
        )?;
        let door = edge::build(configurations.edge, &edge).await?;
        Ok::<_, StartError>((services, door))
    };
    // A service may wait for its database for long: a signal ends that too.
    let (services, built_edge) = tokio::select! {
        built = build => built?,
        () = &mut stop => return Ok(()),
    };

    // Callees before callers: they are stopped in the reverse order.
    host.serve(&users.0, services.0, users.1)?;
    host.serve(&auth.0, services.1, auth.1)?;
    host.serve(&catalog.0, services.2, catalog.1)?;
    host.serve(&inventory.0, services.3, inventory.1)?;
    host.serve(&shipping.0, services.4, shipping.1)?;
    host.serve(&orders.0, services.5, orders.1)?;
    host.add("edge", |drain| built_edge.serve(door, drain));

    let readiness = host.readiness().clone();
    tokio::spawn(async move {
        readiness.ready().await;
        if let Err(error) = welcome.forget_password() {
            crate::complain(&format!("{error:#}"));
        }
        // Whoever started it may have closed its standard output.
        let _ = crate::print(&welcome.text(start.elapsed()));
    });
    host.run(stop).await
}

/// Lets the other commands find this mesh as long as it lives.
fn announce(arguments: &Arguments, ops: &TcpListener, door: &TcpListener) -> Option<Announcement> {
    let edge = door.local_addr().unwrap_or(arguments.edge());
    let mut listens = vec![edge, ops.local_addr().unwrap_or(arguments.ops())];
    listens.extend(SERVICES.map(|(name, _)| arguments.service(name)));
    running::announce(&Mesh {
        pid: std::process::id(),
        edge,
        listens,
        data_dir: arguments.data_dir.canonicalize().ok()?,
        nats: arguments.bus.nats_url.as_deref().map(Server::of),
        postgres: arguments.database_url.as_deref().map(Server::of),
        database_prefix: arguments.database_prefix.clone(),
    })
}

/// Says of a port that is taken whether it is another mesh that has it.
fn neighbour(error: StartError) -> StartError {
    let StartError::Listen { address, .. } = &error else {
        return error;
    };
    let address: Option<SocketAddr> = address.parse().ok();
    let port = address.map(|address| address.port());
    let has = |mesh: &Mesh| mesh.listens.iter().any(|it| Some(it.port()) == port);
    match running::meshes().iter().find(|mesh| has(mesh)) {
        Some(mesh) => StartError::other(format!(
            "{error}. A mesh is running there: {mesh}. Stop it first, or give this one ports and a --data-dir of its own"
        )),
        None => error,
    }
}

/// What the services of the process have in common while they are put together.
struct Members<'a> {
    host: &'a mut Host,
    arguments: &'a Arguments,
    keys: &'a Keys,
}

impl Members<'_> {
    /// The place of a service: its node, and its port, at which the others call it from now on.
    async fn join(&mut self, name: &'static str) -> Result<(Node, TcpListener), StartError> {
        let address: SocketAddr = self.arguments.service(name);
        let flag = format!("--{}-port", name.trim_start_matches("svc-"));
        let listener = self.host.bind(name, address, &flag).await?;
        let key: Option<Signer> = (name != "svc-auth").then(|| self.keys.signer(name));
        Ok((self.host.node(name, key), listener))
    }
}
