//! Measures Tradewind on this machine and writes docs/BENCHMARKS.md.
//!
//! `benchmarks SECTION...` measures startup, orders, overload, telemetry, webhooks, refresh or edge and
//! prints what it found; `benchmarks write SECTION...` also puts it into the page, whose other sections
//! stay. It needs a release build and the variables of `scripts/servers`.

mod contract;
mod edge;
mod load;
mod mixed;
mod orders;
mod overload;
mod pgbench;
mod refresh;
mod report;
mod servers;
mod startup;
mod telemetry;
mod usage;
mod webhooks;

use std::{io::Write as _, path::Path};

use e2e::{Mesh, Setup, mesh::Kind};

use report::Report;

const SECTIONS: [&str; 7] = [
    "startup",
    "orders",
    "overload",
    "telemetry",
    "webhooks",
    "refresh",
    "edge",
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    match words.as_slice() {
        ["serve", rest @ ..] => runtime.block_on(servers::serve(rest)),
        ["write", sections @ ..] if known(sections) => {
            let report = runtime.block_on(measure(sections));
            report.write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs"));
        }
        sections if known(sections) => {
            runtime.block_on(measure(sections));
        }
        _ => tell(&format!(
            "usage: benchmarks [write] {}...",
            SECTIONS.join(" | ")
        )),
    }
}

/// At least one section, and no other word.
fn known(sections: &[&str]) -> bool {
    !sections.is_empty() && sections.iter().all(|section| SECTIONS.contains(section))
}

async fn measure(sections: &[&str]) -> Report {
    let mut report = Report::default();
    if sections.contains(&"startup") {
        report.add(startup::measure().await);
    }
    if sections.contains(&"orders") {
        report.add(orders::measure().await);
    }
    if sections.contains(&"overload") {
        report.add(overload::measure().await);
    }
    if sections.contains(&"telemetry") {
        report.add(telemetry::measure().await);
    }
    if sections.contains(&"webhooks") {
        report.add(webhooks::measure().await);
    }
    if sections.contains(&"refresh") || sections.contains(&"edge") {
        tell("starting the mesh as separate processes");
        let mesh = Mesh::start(Setup::new(Kind::Real)).await;
        if sections.contains(&"refresh") {
            report.add(refresh::measure(&mesh).await);
        }
        if sections.contains(&"edge") {
            let (section, chart) = edge::measure(&mesh).await;
            report.add(section);
            report.chart = Some(chart);
        }
    }
    report
}

/// Says how far it is.
fn tell(text: &str) {
    // Nobody reads it when it cannot be written.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The middle one, or the upper of the two in the middle.
fn median<I: IntoIterator<Item = f64>>(values: I) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
