//! The program that people start: `tradewind up` runs everything in one process; the other
//! commands look into it or fill it.

mod arguments;
mod client;
mod import;
mod money;
mod shop;

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    arguments::Arguments::parse().run()
}

/// Writes to standard output; a reader that has gone away is an error, not a panic.
fn print(text: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}
