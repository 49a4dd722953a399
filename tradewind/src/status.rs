//! `tradewind status`: a live view of services, from the ops ports of their processes.

mod calls;
mod look;
mod screen;
mod table;
mod told;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use futures::future::join_all;
use net::process;
use tokio::time::sleep;
use url::Url;

use crate::{running, terminal::Terminal};
use look::Process;
use screen::Screen;

/// More often nobody looks, and the looks would be work.
const OFTENEST: Duration = Duration::from_millis(100);

const ABOUT: &str = "\
It asks each process for /readyz and /metrics. CALLS/S, ERRORS/S and P99 are of the time since the last \
look; errors are calls that failed for what the caller can do nothing about (UNKNOWN, DEADLINE_EXCEEDED, \
INTERNAL, UNAVAILABLE, DATA_LOSS; at the edge 5xx). PENDING events wait in the outbox, the first of them \
for OLDEST; LAG is how far a consumer of NATS is behind, the slowest of the service; STREAMS are open. \
What a process does not tell is -.

It goes on until Ctrl-C. What does not fit on a terminal is left out, the last column first; with \
NO_COLOR there are no colours.";

#[derive(Args)]
#[command(after_help = ABOUT)]
pub(crate) struct Arguments {
    /// Ops ports of processes, as http://10.0.0.7:5005 [default: that of the mesh that `tradewind up`
    /// runs]
    #[arg(value_name = "URL", value_parser = ops_port)]
    processes: Vec<Url>,
    /// The edge of the mesh that is meant, if several run here
    #[arg(long, env = "TRADEWIND_URL")]
    edge: Option<Url>,
    /// The data folder of the mesh that is meant
    #[arg(long, env = "DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Time between two looks
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = period)]
    every: Duration,
    /// Look twice, print one table and end: with a failure if a process is not ready (without what it can
    /// do without for a time, it is degraded, and ready)
    #[arg(long)]
    once: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let processes = arguments.processes()?.into_iter().map(Process::new);
    let mut processes: Vec<Process> = processes.collect::<Result<_>>()?;
    look(&mut processes).await;
    if arguments.once {
        sleep(arguments.every).await;
        look(&mut processes).await;
        crate::print(&table::text(&processes, Terminal::now()))?;
        let away = processes.iter().filter(|it| !it.is_ready()).count();
        let all = processes.len();
        ensure!(away == 0, "{away} of {all} processes are not ready");
        return Ok(());
    }
    let stop = process::stop_signal()?;
    tokio::pin!(stop);
    let screen = Screen::open()?;
    loop {
        screen.show(&table::text(&processes, Terminal::now()))?;
        let next = async {
            sleep(arguments.every).await;
            look(&mut processes).await;
        };
        tokio::select! {
            () = next => {}
            () = &mut stop => break,
        }
    }
    // What was seen last stays.
    let is_live = screen.is_live;
    drop(screen);
    if is_live {
        crate::print(&table::text(&processes, Terminal::now()))?;
    }
    Ok(())
}

async fn look(processes: &mut [Process]) {
    join_all(processes.iter_mut().map(Process::look)).await;
}

impl Arguments {
    fn processes(&self) -> Result<Vec<Url>> {
        if !self.processes.is_empty() {
            return Ok(self.processes.clone());
        }
        let mesh = running::find(self.edge.as_ref(), self.data_dir.as_deref())?;
        let mesh = mesh.context(
            "no such mesh of `tradewind up` runs here: name the ops ports of its processes, as in \
             `tradewind status http://10.0.0.7:5005 http://10.0.0.8:9080`",
        )?;
        Ok(vec![mesh.ops_url()])
    }
}

fn ops_port(text: &str) -> Result<Url, String> {
    let with_scheme = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    let url: Url = with_scheme
        .parse()
        .map_err(|error: url::ParseError| error.to_string())?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err("an ops port is a URL as http://10.0.0.7:5005".to_owned()),
    }
}

fn period(text: &str) -> Result<Duration, String> {
    let period = process::duration(text)?;
    match period >= OFTENEST {
        true => Ok(period),
        false => Err("100ms is the shortest".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ops_port_may_be_named_without_its_scheme() {
        let read = |text| ops_port(text).map(|url| url.to_string());
        for text in ["localhost:9080", "http://localhost:9080/"] {
            assert_eq!(read(text), Ok("http://localhost:9080/".to_owned()));
        }
        for wrong in ["nats://localhost", "http://", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
