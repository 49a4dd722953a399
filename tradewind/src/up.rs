//! `tradewind up`: the edge and every service in one process.

mod arguments;
mod data_folder;
mod first_start;
mod members;
mod ports;
mod services;
mod welcome;

use std::{ffi::OsString, net::SocketAddr, process::ExitCode, time::Instant};

use futures::future::try_join_all;
use net::{StartError, listen::listen, process, random::Random, telemetry::Telemetry};
use runtime::{
    host::{Host, HostConfig},
    mesh::Mesh as Addresses,
    services::{EDGE, SERVICES},
};

pub(crate) use arguments::Arguments;
use data_folder::DataFolder;
pub(crate) use members::members;
use ports::{OPS, flag_of};
use services::{Configurations, Keys};
use welcome::Welcome;

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
    mut arguments: Arguments,
    configurations: Configurations,
    keys: &Keys,
    telemetry: Telemetry,
    start: Instant,
) -> Result<(), StartError> {
    let mut config = HostConfig::new(telemetry, arguments.bus.bus());
    config.mesh = Addresses::default();
    arguments.server.limit(&mut config);
    let mut host = Host::new(config);

    let ports = &mut arguments.ports;
    let ops = listen("the ops port", ports.ops(), "--ops-port").await?;
    let door = listen("the edge", ports.edge(), "--edge-port").await?;
    ports.took(OPS, &ops);
    ports.took(EDGE.name, &door);
    let mut members = Vec::new();
    for (name, build) in configurations.services {
        // The others call it there from now on.
        let listener = host.bind(name, ports.of(name), &flag_of(name)).await?;
        ports.took(name, &listener);
        let node = host.node(name, keys.signer(name));
        members.push((node, listener, build));
    }
    let welcome = Welcome::new(&arguments, configurations.administrator);
    let _announcement = announce(&arguments);
    let edge = host.node(EDGE.name, keys.signer(EDGE.name));
    host.serve_ops(ops);

    let issuers = arguments.trusted_issuers.clone();
    let stop = process::stop_signal()?;
    tokio::pin!(stop);
    let build = async {
        let services = members.into_iter().map(async |(node, listener, build)| {
            let service = build(node.clone()).await?;
            Ok::<_, StartError>((node, service, listener))
        });
        let services = try_join_all(services).await?;
        let door = edge::build(configurations.edge, issuers, &edge).await?;
        Ok::<_, StartError>((services, door))
    };
    // A service may wait for its database for long: a signal ends that too.
    let (services, built_edge) = tokio::select! {
        built = build => built?,
        () = &mut stop => return Ok(()),
    };

    // Callees before callers: they are stopped in the reverse order.
    for (node, service, listener) in services {
        host.serve(&node, service, listener)?;
    }
    host.add(EDGE.name, |drain| built_edge.serve(door, drain));

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
fn announce(arguments: &Arguments) -> Option<Announcement> {
    let ports = &arguments.ports;
    let (edge, ops) = (ports.edge(), ports.ops());
    let mut listens = vec![edge, ops];
    listens.extend(SERVICES.iter().map(|service| ports.of(service.name)));
    running::announce(&Mesh {
        pid: std::process::id(),
        edge,
        ops,
        listens,
        data_dir: arguments.data_dir.canonicalize().ok()?,
        nats: arguments.bus.nats_url.as_ref().map(Server::of),
        postgres: arguments.database_url.as_ref().map(Server::of),
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
