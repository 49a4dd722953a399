//! The edge as a process of its own.

use std::process::ExitCode;

use clap::{Command, FromArgMatches as _};

fn main() -> ExitCode {
    let command = Command::new("edge").version(env!("CARGO_PKG_VERSION"));
    let command = <edge::command::Arguments as clap::Args>::augment_args(command)
        .about("REST/JSON in front of the Tradewind mesh, or of any gRPC server");
    let matches = net::process::arguments::parse(command, std::env::args_os().collect());
    let arguments = matches.and_then(|matches| {
        edge::command::Arguments::from_arg_matches(&matches).map_err(Into::into)
    });
    match arguments {
        Ok(arguments) => arguments.run(),
        Err(refused) => refused.tell(),
    }
}
