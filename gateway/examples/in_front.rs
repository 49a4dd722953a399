//! REST and JSON, gRPC-Web and Connect in front of a gRPC server that has reflection:
//! `cargo run -p gateway --example in_front -- http://localhost:50051 127.0.0.1:8080`.

use std::process::ExitCode;
use std::time::Duration;

use gateway::generic::{self, Terms};
use gateway::net::listen::listen;
use gateway::net::members::Members;
use gateway::net::process::{in_runtime, stop_signal};
use gateway::net::{StartError, http::Limits, telemetry::TelemetryConfig};
use gateway::{Config, Surroundings};

fn main() -> ExitCode {
    in_runtime("gateway", &TelemetryConfig::default(), async |telemetry| {
        let mut arguments = std::env::args().skip(1);
        let (Some(upstream), Some(address)) = (arguments.next(), arguments.next()) else {
            return Err(StartError::config(
                "in_front http://SERVER:PORT ADDRESS:PORT",
            ));
        };
        let servers = generic::Config {
            upstream: vec![upstream.parse().map_err(StartError::config)?],
            ..generic::Config::default()
        };
        let mut members = Members::new(telemetry.clone(), Limits::default(), Duration::ZERO);
        let surroundings = Surroundings::of("gateway", &telemetry, &members);
        let (config, terms) = (Config::default(), Terms::default());
        let gateway = generic::build(servers, config, terms, surroundings).await?;
        let address = address.parse().map_err(StartError::other)?;
        let listener = listen("gateway", address, "the second argument").await?;
        members.add("gateway", |drain| gateway.serve(listener, drain));
        members.start();
        members.run(stop_signal()?).await
    })
}
