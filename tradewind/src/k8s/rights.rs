//! k8s/overlays/dev/rights: what each workload does on NATS and Redis. All of it follows from the list, the
//! contracts and the flags, but for what a service consumes, which the table itself says.

use anyhow::Result;
use runtime::{
    contract::Contract,
    services::{AUTHORITY, EDGE},
};

use super::Workload;

const NONE: &str = "-";
const HEAD: [&str; 5] = ["# workload", "publishes", "consumes", "hears", "caches"];

/// The table anew: its comments, and a row for each workload.
pub(super) fn table(text: &str, workloads: &[Workload]) -> Result<String> {
    let comments: Vec<_> = text
        .lines()
        .take_while(|line| !line.starts_with(HEAD[0]))
        .collect();
    let row = |workload: &Workload| {
        [
            workload.name().to_owned(),
            publishes(workload),
            consumed(text, workload.name()).unwrap_or(NONE).to_owned(),
            hears(workload),
            caches(workload),
        ]
    };
    let rows: Vec<_> = [HEAD.map(str::to_owned)]
        .into_iter()
        .chain(workloads.iter().map(row))
        .collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].len())
            .max()
            .unwrap_or_default()
    };
    let widths = [0, 1, 2, 3, 4].map(width);
    let line = |row: &[String; 5]| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let rows: String = rows.iter().map(line).collect();
    Ok(format!("{}\n{rows}", comments.join("\n")))
}

/// What the table says already.
fn consumed<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rows = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut own = rows.filter(|row| row.first() == Some(&name));
    own.next()?.get(2).copied()
}

fn publishes(workload: &Workload) -> String {
    match events(workload).is_empty() {
        true => NONE.to_owned(),
        false => format!("{}.v1.*", workload.info.short_name()),
    }
}

/// The sessions that ended; and whoever caches, what changed of its own.
fn hears(workload: &Workload) -> String {
    let authority = AUTHORITY.trim_start_matches("svc-");
    let mut hears = vec![format!("{authority}.v1.SessionsRevoked")];
    if workload.caches {
        let changes = events(workload)
            .into_iter()
            .filter(|event| event.ends_with("Changed"));
        hears.extend(changes.map(|event| format!("{}.v1.{event}", workload.info.short_name())));
    }
    hears.join(",")
}

fn caches(workload: &Workload) -> String {
    match (workload.caches, workload.name()) {
        (false, _) => NONE.to_owned(),
        (true, name) if name == EDGE.name => format!("{name}:limit:"),
        (true, name) => format!("{name}:"),
    }
}

/// The events of a service's contract.
fn events(workload: &Workload) -> Vec<String> {
    let contract = Contract::tradewind();
    let file = format!("tradewind/{}/v1/events.proto", workload.info.short_name());
    let file = contract.descriptors().get_file_by_name(&file);
    let messages = file.iter().flat_map(|file| file.messages());
    messages.map(|message| message.name().to_owned()).collect()
}
