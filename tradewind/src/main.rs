//! The program that people start: `tradewind up` runs everything in one process; the other
//! commands look into it or fill it.

mod amount;
mod arguments;
mod client;
mod contract;
mod databases;
mod dead_letters;
mod fill;
mod generated;
mod import;
mod k8s;
mod ledger;
mod operator;
mod ops;
mod progress;
mod publish_again;
mod reconcile;
mod remove_second_factor;
mod running;
mod seed;
mod shop;
mod status;
mod streams;
mod terminal;
mod token;
mod trace;
mod up;
mod verify;

use std::{io::Write as _, process::ExitCode};

fn main() -> ExitCode {
    arguments::run()
}

/// Writes to standard output; a reader that has gone away is an error, not a panic.
fn print(text: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Says on standard error why the program cannot go on.
fn complain(what: &str) {
    // There is nobody left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "tradewind: {what}");
}
