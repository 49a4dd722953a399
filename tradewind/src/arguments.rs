//! The command line.

use std::{future::Future, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::import;

/// Tradewind: a commerce back end of gRPC services behind a REST edge.
#[derive(Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take a table of sales into a running shop; safe to run again
    Import(import::Arguments),
}

impl Arguments {
    pub(crate) fn run(self) -> ExitCode {
        match self.command {
            Command::Import(arguments) => client(import::run(arguments)),
        }
    }
}

/// Runs a command that talks to a running Tradewind.
fn client(command: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")
        .and_then(|runtime| runtime.block_on(command));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("tradewind: {error:#}\n"),
            );
            ExitCode::FAILURE
        }
    }
}
