//! A gateway of one's own: it has all flags of a gateway, and only whoever has an API key may call. Each
//! line of the file `keys` is a key and whose it is; clients send `authorization: Bearer KEY`:
//! `cargo run -p gateway --example own_guard -- --upstream http://localhost:50051 --keys keys`.

use std::{collections::HashMap, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use futures::future::{BoxFuture, FutureExt as _, ready};
use gateway::generic::{self, Terms};
use gateway::guard::{Asked, Guard};
use gateway::net::process::{in_runtime, stop_signal};
use gateway::net::{http::Limits, listen::listen, members::Members, telemetry::TelemetryConfig};
use gateway::{Caller, NamedCaller, Surroundings, net::metadata::bearer};
use tonic::Status;

#[derive(Parser)]
struct Program {
    /// Lines of a key, a space and whose it is.
    #[arg(long, value_name = "FILE", value_parser = Keys::read)]
    keys: Keys,
    /// Where it serves.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    servers: generic::Config,
    #[command(flatten)]
    gateway: gateway::Config,
    #[command(flatten)]
    telemetry: TelemetryConfig,
}

/// The owners of keys.
#[derive(Clone)]
struct Keys(HashMap<String, NamedCaller>);

impl Keys {
    fn read(file: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        let lines = text.lines().map(|line| line.split_once(' '));
        let keys = lines.map(|line| line.map(|(key, owner)| (key.into(), NamedCaller::new(owner))));
        let keys = keys.collect::<Option<_>>();
        Ok(Self(keys.ok_or("a line is a key, a space and its owner")?))
    }
}

impl Guard for Keys {
    fn admit<'a>(
        &'a self,
        asked: Asked<'a>,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn Caller>>, Status>> {
        let key = asked.head.headers.get("authorization").and_then(bearer);
        let owner = key.and_then(|key| self.0.get(key)).cloned();
        let owner = owner.map(|owner| Some(Arc::new(owner) as _));
        ready(owner.ok_or(Status::unauthenticated("an API key is needed"))).boxed()
    }
}

fn main() -> ExitCode {
    let program = Program::parse();
    in_runtime("gateway", &program.telemetry, async |telemetry| {
        let mut members = Members::new(telemetry.clone(), Limits::default(), Duration::ZERO);
        let surroundings = Surroundings::of("gateway", &telemetry, &members);
        let (servers, config) = (program.servers, program.gateway);
        let terms = Terms::guarded_by(Arc::new(program.keys));
        let gateway = generic::build(servers, config, terms, surroundings).await?;
        let listener = listen("gateway", program.listen, "--listen").await?;
        members.add("gateway", |drain| gateway.serve(listener, drain));
        members.start();
        members.run(stop_signal()?).await
    })
}
