//! `tradewind status` in front of a mesh.

use std::process::Output;

use e2e::{Mesh, ports::free_port, process::binary};
use tokio::process::Command;

crate::on_both!(services_are_seen_at_work_and_what_is_away_is_named);

/// Looks at these ops ports, while somebody reads the catalogue all the time.
async fn look(mesh: &Mesh, processes: &[&str]) -> (Output, String) {
    let mut command = Command::new(binary("tradewind"));
    command.args(["status", "--once", "--every", "500ms"]);
    let status = command.args(processes).kill_on_drop(true).output();
    let reader = mesh.rest();
    tokio::pin!(status);
    let output = loop {
        tokio::select! {
            output = &mut status => break output.expect("tradewind can be started"),
            reply = reader.get("/v1/products?pageSize=1") => reply.expect(200),
        };
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

/// The cells of a service, in the first of its lines.
fn cells<'a>(table: &'a str, service: &str) -> Vec<&'a str> {
    let mut lines = table.lines().map(|line| line.split_whitespace());
    let line = lines.find_map(|words| {
        let words: Vec<_> = words.collect();
        (words.first() == Some(&service)).then_some(words)
    });
    line.unwrap_or_else(|| panic!("no {service}:\n{table}"))
}

async fn services_are_seen_at_work_and_what_is_away_is_named(mesh: &Mesh) {
    let processes: Vec<&str> = mesh.ops.values().map(String::as_str).collect();
    let (output, table) = look(mesh, &processes).await;
    assert!(output.status.success(), "{output:?}");
    for service in e2e::services::SERVICES {
        let cells = cells(&table, service);
        assert!(["ready", "degraded"].contains(&cells[1]), "{table}");
        // Those that wait in the outbox.
        assert!(cells[5].parse::<u64>().is_ok(), "{table}");
    }
    let catalog = table.lines().filter(|line| line.starts_with("svc-catalog"));
    let calls = catalog.filter_map(|line| line.split_whitespace().nth(2)?.parse::<f64>().ok());
    assert!(calls.sum::<f64>() > 0.0, "{table}");
    assert!(!table.contains('\u{1b}'), "{table}");

    let away = format!("127.0.0.1:{}", free_port());
    let (output, table) = look(mesh, &[&processes[..], &[&away]].concat()).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(cells(&table, &away)[1..3], ["down", "-"], "{table}");
    let why = format!("{away} is down: Connection refused");
    assert!(table.contains(&why), "{table}");
}
