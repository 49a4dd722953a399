//! Breaks a mesh, and sees who is told (docs/OBSERVABILITY.md): each alert arrives by mail, by webhook and
//! by Slack, and is taken back once its cause is healed. Prometheus and Alertmanager have the
//! configuration of ops/.
//!
//! `alerts [WORD...]` tries the causes of the alerts that have one of the words in their names, or all. It
//! needs the variables of `scripts/servers`.

mod causes;
mod monitoring;
mod rules;
mod scene;
mod sinks;
mod table;

use std::{
    env,
    io::Write as _,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use causes::{CAUSES, Cause};
use monitoring::{Alert, Monitoring};
use net::clock::Clock;
use scene::Scene;
use sinks::{Channel, Sinks};
use table::{Row, Table};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let is_meant =
        |cause: &&Cause| words.is_empty() || words.iter().any(|word| cause.alert.contains(word));
    let causes: Vec<_> = CAUSES.iter().filter(is_meant).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let table = runtime.block_on(run(&causes));
    let mut output = std::io::stdout();
    let printed = write!(output, "{table}").and_then(|()| output.flush());
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn run(causes: &[&Cause]) -> Table {
    let mut scene = Scene::set().await;
    let sinks = Sinks::open().await;
    let monitoring = Monitoring::start(&scene.stage.mesh, &sinks).await;
    monitoring.sees_everything().await;
    sinks.watchdog().await;
    let alerts = monitoring.alerts().await;
    let firing = alerts.iter().filter(|alert| alert.is_firing());
    let firing: Vec<_> = firing.map(Alert::name).collect();
    assert_eq!(firing, ["Watchdog"], "nothing is broken yet");

    let mut told = Vec::new();
    for cause in causes {
        tell(&format!("{} ... ", cause.name));
        let happened = now();
        (cause.happens)(&mut scene).await;
        let alert = monitoring.fires(cause).await;
        let fired = alert.active_at + monitoring.patience(&alert);
        let arrived = sinks.told("FIRING", alert.summary(), happened).await;
        let healed = now();
        (cause.heals)(&mut scene).await;
        tell(&format!("{} arrived\n", alert.name()));
        let seen_after = since(alert.active_at, happened);
        let arrived_after = arrived.map(|at| since(at, fired));
        told.push((cause, alert, seen_after, arrived_after, healed));
    }
    let mut table = Table::default();
    for (cause, alert, seen_after, arrived_after, healed) in told {
        let ended = sinks.told("RESOLVED", alert.summary(), healed).await;
        tell(&format!("{} is over\n", alert.name()));
        table.rows.push(Row {
            cause: cause.name,
            alert: alert.name().to_owned(),
            patience: monitoring.patience(&alert),
            seen_after,
            arrived_after,
            ended_after: ended.map(|at| since(at, healed)),
        });
    }
    monitoring.inhibits().await;
    table
}

fn now() -> SystemTime {
    Clock::system().now().into()
}

fn since(later: SystemTime, earlier: SystemTime) -> Duration {
    later.duration_since(earlier).unwrap_or_default()
}

/// Says how far it is.
fn tell(text: &str) {
    // Nobody reads it when it cannot be written.
    let _ = write!(std::io::stderr(), "{text}");
}

/// What `ops/` holds.
fn ops(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../ops")
        .join(path)
}

/// Every way by which people are told.
const CHANNELS: [Channel; 3] = [Channel::Mail, Channel::Webhook, Channel::Slack];
