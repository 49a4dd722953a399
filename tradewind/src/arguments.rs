//! The command line.

use std::{ffi::OsString, future::Future, process::ExitCode};

use anyhow::Context as _;
use clap::{Args as _, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use net::process::{arguments::Refused, healthcheck, secret_files};
use runtime::services::EDGE;

use crate::{
    contract, dead_letters, import, k8s, ledger, ops, publish_again, reconcile,
    remove_second_factor, seed, status, streams, token, trace, up, verify,
};

/// Tradewind: a commerce back end of gRPC services behind a REST edge.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the edge and every service in this process
    Up(Box<up::Arguments>),
    /// Start the edge alone, for the mesh or in front of any gRPC server
    Edge(Box<edge::command::Arguments>),
    /// Show which services run and how they are: calls, errors, events that wait; every 2 seconds
    Status(status::Arguments),
    /// Print a trace as a tree, from Jaeger or Tempo
    Trace(trace::Arguments),
    /// Take a table of sales into a running shop; safe to run again
    Import(import::Arguments),
    /// Fill a running shop with a small assortment; safe to run again
    Seed(seed::Arguments),
    /// Print an access token, for grpcurl and curl in development
    Token(token::Arguments),
    /// Take the second factor of an account away whose owner has lost it, as the operator
    RemoveSecondFactor(remove_second_factor::Arguments),
    /// Print the REST routes of the contract
    Routes(contract::DescriptorSet),
    /// Print who may call which method
    Policy(contract::DescriptorSet),
    /// Write the descriptor set of the contract, for `grpcurl -protoset`
    Descriptors(contract::Descriptors),
    /// Write the OpenAPI document of the REST routes, as the edge serves it
    #[command(name = "openapi")]
    OpenApi(contract::OpenApi),
    /// Add the ledger of payments up: a trial balance for each currency
    Ledger(ledger::Arguments),
    /// Compare orders with the stock, shipments and money that are held for them, and with the
    /// provider's own list; `--mend` gives back what no order may hold
    Reconcile(reconcile::Arguments),
    /// List or publish again the events that a service gave up on
    DeadLetters(dead_letters::Arguments),
    /// Publish again what services have published, after NATS has lost it; safe to run again
    PublishAgain(publish_again::Arguments),
    /// Check whether the histories of orders are those that were signed
    Verify(verify::Arguments),
    /// Make the streams of NATS that the services publish to, where their own credentials may not;
    /// safe to run again
    Streams(streams::Arguments),
    /// Ask the process that runs here how it is; exit code 0 or 1
    Healthcheck(healthcheck::Arguments),
    /// The manifests of k8s/
    K8s(k8s::Arguments),
    /// Rules of Prometheus, dashboards of Grafana, and tables of metrics
    Ops(ops::Arguments),
}

/// Runs the command that this process was called with. The long-running ones tell all mistakes of
/// their configuration at once, so they read their words themselves.
pub(crate) fn run() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    match words.first().and_then(|word| word.to_str()) {
        Some("up") => up::run(words),
        Some("edge") => edge(words),
        _ => match short(words) {
            Ok(arguments) => arguments.run(),
            Err(refused) => refused.tell(),
        },
    }
}

/// A command that ends by itself; its secrets may be in files, too.
fn short(mut words: Vec<OsString>) -> Result<Arguments, Refused> {
    let mut command = Arguments::command();
    if let Some(named) = words.first().and_then(|name| command.find_subcommand(name)) {
        let (with_secrets, mistakes) = secret_files::added(named, words);
        if !mistakes.is_empty() {
            return Err(Refused::Mistakes(mistakes));
        }
        words = with_secrets;
    }
    words.insert(0, "tradewind".into());
    let matches = command.try_get_matches_from_mut(words)?;
    Ok(Arguments::from_arg_matches(&matches)?)
}

fn edge(words: Vec<OsString>) -> ExitCode {
    let command = clap::Command::new("tradewind edge").bin_name("tradewind edge");
    let command = edge::command::Arguments::augment_args(command);
    edge::command::run(&command, words)
}

impl Arguments {
    fn run(self) -> ExitCode {
        match self.command {
            Command::Up(_) | Command::Edge(_) => unreachable!("these are the first word"),
            Command::Status(arguments) => client(status::run(arguments)),
            Command::Trace(arguments) => client(trace::run(arguments)),
            Command::DeadLetters(arguments) => client(dead_letters::run(arguments)),
            Command::PublishAgain(arguments) => client(publish_again::run(arguments)),
            Command::Verify(arguments) => client(verify::run(arguments)),
            Command::Ledger(arguments) => client(ledger::run(arguments)),
            Command::Reconcile(arguments) => client(reconcile::run(arguments)),
            Command::Import(arguments) => client(import::run(arguments)),
            Command::Seed(arguments) => client(seed::run(arguments)),
            Command::Token(arguments) => client(token::run(arguments)),
            Command::RemoveSecondFactor(arguments) => client(remove_second_factor::run(arguments)),
            Command::Streams(arguments) => client(streams::run(arguments)),
            Command::Healthcheck(arguments) => arguments.run(EDGE.ops_port()),
            Command::K8s(arguments) => exit_code(k8s::run(&arguments)),
            Command::Ops(arguments) => exit_code(ops::run(&arguments)),
            Command::Routes(set) => exit_code(contract::routes(&set)),
            Command::Policy(set) => exit_code(contract::policy(&set)),
            Command::Descriptors(arguments) => exit_code(contract::descriptors(&arguments)),
            Command::OpenApi(arguments) => exit_code(contract::openapi(arguments)),
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
    exit_code(outcome)
}

fn exit_code(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
