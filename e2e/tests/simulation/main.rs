//! The services' own code in one process, under a scheduler whose dice are seeded: time is virtual, SQLite
//! runs on the scheduler's thread, and calls, events and statements are where processes crash, and things
//! are lost, late, doubled and in another order. What happens follows from the seed alone.
//!
//! `SIMULATION_SEEDS=100000` says how many, `SIMULATION_FROM=5000` from which one on, and
//! `SIMULATION_SEED=7` which one alone, with its trace.

mod broker;
mod neighbours;
mod network;
mod people;
mod process;
mod run;
mod world;

use std::num::NonZero;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use run::{Outcome, run};

/// As many as `make test` has time for.
const SEEDS: u64 = 1000;
/// Futures of a debug build are large.
const STACK: usize = 64 << 20;
/// Half of a seed's time is spent on waiting for SQLite's own threads.
const THREADS_PER_CORE: usize = 2;

/// What a simulation has to find, by the names under which the services' code makes it.
const MISTAKES: [&str; 5] = [
    "ack before commit",
    "publish before commit",
    "reserve without lock",
    "cancel without tombstone",
    "refund without key",
];

#[test]
fn a_seed_replays_to_the_same_trace_byte_for_byte() {
    for seed in [1, 2, 3, 4, 5] {
        let replay = || in_thread(move || run(seed));
        let (first, second) = (replay(), replay());
        let lines = first.trace.lines().zip(second.trace.lines());
        if let Some(line) = lines.into_iter().position(|(one, other)| one != other) {
            let near = |outcome: &Outcome| {
                let near = outcome.trace.lines().skip(line.saturating_sub(10)).take(15);
                near.collect::<Vec<_>>().join("\n")
            };
            let (first, second) = (near(&first), near(&second));
            panic!("seed {seed}, line {line}:\n{first}\n---\n{second}");
        }
        assert_eq!(first.trace, second.trace, "seed {seed}");
        for (one, other) in first.contents().iter().zip(second.contents()) {
            assert!(*one == other, "seed {seed}: the databases differ");
        }
    }
}

#[test]
fn all_invariants_hold_whatever_befalls_the_services() {
    let variable = |name| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse().expect("a number"))
    };
    if let Some(seed) = variable("SIMULATION_SEED") {
        let outcome = in_thread(move || run(seed));
        say(&told(&outcome));
        assert!(outcome.wrong.is_empty(), "seed {seed}");
        return;
    }
    let from = variable("SIMULATION_FROM").unwrap_or(0);
    let count = variable("SIMULATION_SEEDS").unwrap_or(SEEDS);
    if let Some(failed) = first_wrong(from..from + count, None) {
        panic!("{}", told(&failed));
    }
    say(&format!("{count} seeds"));
}

#[test]
fn planted_mistakes_are_found() {
    let mut missed = Vec::new();
    for mistake in MISTAKES {
        match first_wrong(0..SEEDS, Some(mistake)) {
            Some(found) => say(&format!(
                "{mistake}: seed {}: {}",
                found.seed, found.wrong[0]
            )),
            None => missed.push(mistake),
        }
    }
    assert!(missed.is_empty(), "not found in {SEEDS} seeds: {missed:?}");
}

/// The first of these seeds with which something does not hold.
fn first_wrong(seeds: Range<u64>, mistake: Option<&'static str>) -> Option<Outcome> {
    let (next, found) = (AtomicU64::new(seeds.start), Mutex::new(None::<Outcome>));
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..THREADS_PER_CORE * cores {
            let work = || {
                net::planted::plant(mistake);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let is_found = || world::lock(&found).is_some();
                    if seed >= seeds.end || is_found() {
                        return;
                    }
                    if seed > seeds.start && seed.is_multiple_of(SEEDS) {
                        say(&format!("at {seed} of {}", seeds.end));
                    }
                    let outcome = run(seed);
                    let mut found = world::lock(&found);
                    let is_first = found.as_ref().is_none_or(|other| other.seed > seed);
                    if !outcome.wrong.is_empty() && is_first {
                        *found = Some(outcome);
                    }
                }
            };
            let thread = thread::Builder::new().stack_size(STACK);
            thread.spawn_scoped(scope, work).expect("a thread");
        }
    });
    found.into_inner().expect("nobody panics with it")
}

fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(STACK).spawn(work);
    thread.expect("a thread").join().expect("it does not panic")
}

fn told(outcome: &Outcome) -> String {
    let (seed, trace, wrong) = (outcome.seed, &outcome.trace, outcome.wrong.join("\n"));
    format!("{trace}\nseed {seed} (again: SIMULATION_SEED={seed}); what does not hold: {wrong}")
}

#[expect(clippy::print_stderr, reason = "for whoever runs it")]
fn say(what: &str) {
    eprintln!("{what}");
}
