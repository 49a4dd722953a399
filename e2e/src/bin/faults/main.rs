//! Tries faults on a mesh, and prints a table of what came of it (docs/RELIABILITY.md).
//!
//! `faults [WORD...]` tries those whose name has one of the words in it, or all; `faults mix [WORD...]`
//! tries them one after the other, by chance, under one load. Variables: `SEED`, by which a run is
//! repeated; `SEEDS`, how many seeds are tried, from that one on; `ORDERS`, how many are taken before a
//! fault and after it, or in all of a mix; `FAULTS_FOLDER`, where histories are kept. It needs the
//! variables of `scripts/servers`.

use std::{
    any::Any, env, io::Write as _, panic::AssertUnwindSafe, path::PathBuf, process::ExitCode,
    str::FromStr, time::Duration,
};

use e2e::faults::{
    fault::{Fault, Notice},
    kinds,
    load::Pressure,
    report::Report,
    run::Trial,
    stage::Stage,
};
use futures::FutureExt as _;

fn main() -> ExitCode {
    let mut words: Vec<String> = env::args().skip(1).collect();
    let is_mix = words.first().is_some_and(|word| word == "mix");
    words.drain(..usize::from(is_mix));
    let is_meant = |fault: &&Fault| {
        words.is_empty() || words.iter().any(|word| fault.name.contains(word.as_str()))
    };
    let faults: Vec<_> = kinds::all().filter(is_meant).collect();
    if faults.is_empty() {
        let names: Vec<_> = kinds::all().map(|fault| fault.name).collect();
        tell(&format!("the faults are\n{}\n", names.join("\n")));
        return ExitCode::from(2);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let (first, count) = (number("SEED", 1), number("SEEDS", 1));
    let mut report = Report::default();
    for seed in first..first + count {
        match is_mix {
            true => runtime.block_on(mix(seed, &faults, &mut report)),
            false => runtime.block_on(run(seed, &faults, &mut report)),
        }
    }
    let mut output = std::io::stdout();
    let printed = write!(output, "{report}").and_then(|()| output.flush());
    match report.is_right() && printed.is_ok() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn folder(seed: u64) -> PathBuf {
    let folder = env::var_os("FAULTS_FOLDER").map_or_else(env::temp_dir, PathBuf::from);
    std::fs::create_dir_all(&folder).expect("histories can be kept");
    tell(&format!("seed {seed}, histories in {}\n", folder.display()));
    folder
}

fn trial(seed: u64, orders: u64, at_most: Duration) -> Trial {
    Trial {
        seed,
        pressure: Pressure {
            clients: 8,
            pause: Duration::from_millis(20),
        },
        orders: number("ORDERS", orders) as usize,
        at_most,
    }
}

/// Tries them one after the other under one load. What loses answers is none of them, nor what is a
/// rollout by itself.
async fn mix(seed: u64, faults: &[&Fault], report: &mut Report) {
    let folder = folder(seed);
    let is_short = |fault: &&&Fault| fault.notice != Notice::Losses && !fault.lasts.is_zero();
    let faults: Vec<_> = faults.iter().filter(is_short).copied().collect();
    let mut stage = Stage::set(seed).await;
    let trial = trial(seed, 10_000, Duration::from_secs(4));
    let row = trial.of_all(&faults, &mut stage, &folder).await;
    leave(&mut stage, row.violations.is_empty());
    report.add(row);
}

async fn run(seed: u64, faults: &[&Fault], report: &mut Report) {
    let folder = folder(seed);
    let mut set: Option<Stage> = None;
    let trial = trial(seed, 60, Duration::from_secs(60));
    for fault in faults {
        tell(&format!("{} ... ", fault.name));
        let mut stage = match set.take() {
            Some(stage) => stage,
            None => Stage::set(seed).await,
        };
        // One that comes to no end takes the others' rows with it no more than a broken one.
        let tried = AssertUnwindSafe(trial.of(fault, &mut stage, &folder));
        let is_right = match tried.catch_unwind().await {
            Ok(row) => {
                let is_right = row.violations.is_empty();
                tell(if is_right { "holds\n" } else { "BROKEN\n" });
                report.add(row);
                is_right
            }
            Err(panic) => {
                tell("GIVEN UP\n");
                report.give_up(fault.name, seed, told(&*panic));
                false
            }
        };
        leave(&mut stage, is_right);
        // What one fault has broken, or lost, is not held against the next one.
        if is_right && fault.notice != Notice::Losses {
            set = Some(stage);
        }
    }
}

/// What a panic says.
fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("nobody knows why").to_owned()
}

/// A stage on which something broke leaves its logs.
fn leave(stage: &mut Stage, is_right: bool) {
    if !is_right {
        stage.mesh.keep();
        stage.mesh.leaves_events();
        tell(&format!(
            "its logs are in {}\n",
            stage.mesh.folder().display()
        ));
    }
}

/// A variable that is a number.
fn number(name: &str, default: u64) -> u64 {
    let given = env::var(name).ok();
    given.map_or(default, |text| {
        u64::from_str(&text).unwrap_or_else(|_| panic!("{name} is no number: {text}"))
    })
}

/// Says how far it is.
fn tell(text: &str) {
    // Nobody reads it when it cannot be written.
    let _ = write!(std::io::stderr(), "{text}");
}
