//! What all parts of a simulation share: its time, its dice, what it saw.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use net::clock::Clock;
use net::random::Random;
use net::telemetry::Telemetry;
use runtime::identity::Signer;
use svc_payments::testing::Provider;
use tokio::time::{Instant, sleep};

use crate::broker::Hub;
use crate::process::{Life, Process};

/// When it begins.
pub(crate) const START: DateTime<Utc> = DateTime::from_timestamp_nanos(1_767_225_600_000_000_000);

/// A mesh, its people, and all that befalls them.
pub(crate) struct World {
    pub(crate) folder: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) signer: Signer,
    pub(crate) telemetry: Telemetry,
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    pub(crate) hub: Hub,
    pub(crate) processes: Mutex<BTreeMap<&'static str, Process>>,
    /// Who holds the money, and the process that it is in.
    pub(crate) provider: Mutex<Option<(Life, Provider)>>,
    /// Decides what befalls whom.
    dice: Random,
    is_calm: AtomicBool,
    began: Instant,
    trace: Mutex<String>,
    wrong: Mutex<Vec<String>>,
    numbers: AtomicU64,
}

/// How much befalls them: each seed has weather of its own. In tenths of a percent, of each call or event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) lost_requests: usize,
    pub(crate) lost_replies: usize,
    pub(crate) repeated: usize,
    pub(crate) slow: usize,
    /// Of requests: it arrives when nobody waits for it any more.
    pub(crate) late: usize,
    /// Of statements of databases.
    pub(crate) slow_statements: usize,
    /// Of transactions: whoever wants to begin one, or has committed one, stands still for longer than others
    /// leave its work alone.
    pub(crate) stalls: usize,
    /// Whether the bus recognises what is published again.
    pub(crate) is_bus_exact: bool,
    /// How long stock is held back for an order that is not confirmed.
    pub(crate) reservation_ttl: Duration,
    pub(crate) buyers: usize,
    /// Within how many milliseconds they come.
    pub(crate) rush: usize,
    /// Of each SKU.
    pub(crate) units: i64,
    /// For how long.
    pub(crate) storm: Duration,
}

impl Weather {
    /// None at all.
    pub(crate) const CALM: Weather = Weather {
        lost_requests: 0,
        lost_replies: 0,
        repeated: 0,
        slow: 0,
        late: 0,
        slow_statements: 0,
        stalls: 0,
        is_bus_exact: true,
        reservation_ttl: Duration::from_secs(60),
        buyers: 0,
        rush: 1,
        units: 0,
        storm: Duration::ZERO,
    };

    fn of(dice: &Random) -> Weather {
        let pick = |choices: &[usize]| choices[dice.below(choices.len())];
        Weather {
            lost_requests: pick(&[0, 20, 100]),
            lost_replies: pick(&[0, 20, 100, 200]),
            repeated: pick(&[0, 50, 200]),
            slow: pick(&[0, 50, 200]),
            late: pick(&[0, 0, 20, 100]),
            slow_statements: pick(&[0, 20, 100, 300]),
            stalls: pick(&[0, 0, 5, 20]),
            is_bus_exact: dice.below(2) == 0,
            reservation_ttl: Duration::from_secs(pick(&[3, 20, 60]) as u64),
            buyers: 2 + dice.below(3),
            rush: pick(&[20, 500, 4000]),
            units: pick(&[2, 3, 8]) as i64,
            storm: Duration::from_secs(30),
        }
    }
}

impl World {
    pub(crate) fn new(folder: PathBuf, seed: u64, weather: Option<Weather>) -> Arc<World> {
        let dice = Random::seeded(seed);
        Arc::new(World {
            folder,
            clock: Clock::of_timers(START),
            signer: Signer::from_seed("simulation", &[7; 32]),
            telemetry: Telemetry::detached(),
            seed,
            weather: weather.unwrap_or_else(|| Weather::of(&dice)),
            hub: Hub::default(),
            processes: Mutex::default(),
            provider: Mutex::default(),
            dice,
            is_calm: AtomicBool::new(true),
            began: Instant::now(),
            trace: Mutex::default(),
            wrong: Mutex::default(),
            numbers: AtomicU64::new(1),
        })
    }

    /// Randomness of somebody's own.
    pub(crate) fn random(&self, of: &str, number: u64) -> Random {
        let mut seed = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number.rotate_left(32);
        for byte in of.bytes() {
            seed = (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        Random::seeded(seed)
    }

    pub(crate) fn below(&self, bound: usize) -> usize {
        self.dice.below(bound)
    }

    /// Whether something befalls somebody that has so many tenths of a percent. Nothing does once it is
    /// calm.
    pub(crate) fn befalls(&self, permille: usize) -> bool {
        !self.is_calm() && self.dice.below(1000) < permille
    }

    /// Up to so many milliseconds.
    pub(crate) fn moment(&self, most: usize) -> Duration {
        Duration::from_millis(1 + self.dice.below(most) as u64)
    }

    /// The way over the network, or through the bus.
    pub(crate) async fn travel(&self) {
        let most = match self.befalls(self.weather.slow) {
            true => 3000,
            false if self.is_calm() => 2,
            false => 20,
        };
        sleep(self.moment(most)).await;
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    /// From now on things befall them.
    pub(crate) fn break_out(&self) {
        self.is_calm.store(false, Ordering::Relaxed);
    }

    pub(crate) fn calm_down(&self) {
        self.is_calm.store(true, Ordering::Relaxed);
        self.note("it is calm");
    }

    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        START + TimeDelta::from_std(self.began.elapsed()).unwrap_or_default()
    }

    /// A line of the trace.
    pub(crate) fn note(&self, what: impl Display) {
        let at = self.began.elapsed().as_micros();
        let mut trace = lock(&self.trace);
        writeln!(trace, "{at:>10} {what}").expect("a text takes all that fits the memory");
    }

    pub(crate) fn into_trace(self) -> String {
        let trace = self.trace.into_inner();
        trace.unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that must not be.
    pub(crate) fn accuse(&self, what: impl Display) {
        self.note(format_args!("WRONG: {what}"));
        lock(&self.wrong).push(what.to_string());
    }

    pub(crate) fn wrong(&self) -> Vec<String> {
        lock(&self.wrong).clone()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells bytes from others, in a word.
pub(crate) fn digest(bytes: &[u8]) -> String {
    // FNV-1a: the trace has to repeat, not to resist.
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    });
    format!("{:08x}", hash as u32)
}
