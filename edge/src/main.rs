//! The edge as a process of its own.

use std::process::ExitCode;

use clap::{Args as _, Command};
use edge::command::{self, Arguments};

fn main() -> ExitCode {
    let command = Command::new("edge").version(env!("CARGO_PKG_VERSION"));
    let command = Arguments::augment_args(command)
        .about("REST/JSON in front of the Tradewind mesh, or of any gRPC server");
    command::run(&command, std::env::args_os().collect())
}
