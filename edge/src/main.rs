//! The edge as a process of its own.

use std::process::ExitCode;

use clap::{Args as _, Command};
use edge::command::{self, Arguments};
use net::process::healthcheck;
use runtime::services::EDGE;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(health) = healthcheck::asked(EDGE.name, EDGE.ops_port(), &words) {
        return health;
    }
    let command = Command::new("edge").version(env!("CARGO_PKG_VERSION"));
    let command = Arguments::augment_args(command)
        .about("REST/JSON in front of the Tradewind mesh, or of any gRPC server");
    command::run(&command, words)
}
