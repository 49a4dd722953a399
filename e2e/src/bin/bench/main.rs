//! `make bench`: measures what is promised and writes docs/BENCHMARKS.md.
//!
//! Everything runs on this machine, the load too: the figures compare parts of one run with each
//! other, and say little about other machines.

mod bare;
mod edge;
mod embedded;
mod load;
mod orders;
mod pgbench;
mod sessions;

use std::{fmt::Write as _, path::PathBuf};

use e2e::{Mesh, Setup, mesh::Kind};

/// A titled table of the report.
pub(crate) struct Section {
    title: &'static str,
    about: String,
    rows: Vec<(String, String)>,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("bare") => bare::serve(arguments.next().as_deref(), arguments.next().as_deref()).await,
        Some(file) => measure(file.into()).await,
        None => panic!("give the file to write: bench docs/BENCHMARKS.md"),
    }
}

async fn measure(file: PathBuf) {
    let mut sections = vec![embedded::measure().await];
    let mesh = Mesh::start(Setup::new(Kind::Real)).await;
    sections.push(orders::measure(&mesh).await);
    sections.push(sessions::measure(&mesh).await);
    sections.push(edge::measure(&mesh).await);
    std::fs::write(&file, report(&sections)).expect("the report can be written");
}

fn report(sections: &[Section]) -> String {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `make bench`. Load, services, Postgres, Redis and NATS share one machine, so the\n\
         figures of one run compare its parts with each other.\n\n",
    );
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let processor = processor.map_or("unknown", |name| name.trim_start_matches([' ', '\t', ':']));
    let _ = writeln!(text, "Machine: {cores} cores, {processor}.");
    for section in sections {
        let _ = writeln!(
            text,
            "\n## {}\n\n{}\n\n| figure | value |\n|---|---|",
            section.title, section.about
        );
        for (name, value) in &section.rows {
            let _ = writeln!(text, "| {name} | {value} |");
        }
    }
    text
}
