//! How an endpoint stands, by what became of the calls to it.
//!
//! - *Ejection*: after so many failures in a row it gets no calls for a while, as long as others do; at
//!   most half of the endpoints are out (Envoy, outlier detection: `consecutive_5xx`,
//!   `max_ejection_percent`).
//! - *Breaker*: after so many calls in a row to which nothing came back, nobody waits for it: what has
//!   nowhere else to go fails at once, and after a pause one call tries it (Nygard, Release It!).
//! - *Slow start*: what is new, or was out, gets its share of calls little by little (Envoy, slow start).
//!
//! A failure is UNAVAILABLE without `grpc-retry-pushback-ms`, a stream that is reset, or a call to which
//! nothing came back: its connection broke, or its time passed. Who pushes back (gRFC A6) is well and has
//! too much to do: others would have more of it if it were left alone. What a client can bring about by
//! itself, by a short deadline or by a stream that it sends slowly or breaks off, tells nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::config::EndpointConfig;
use super::failure::Failure;
use crate::backoff::Backoff;
use crate::telemetry::EndpointMetrics;
pub(super) use trial::Trial;

mod trial;

const EJECTION: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(60));
const BREAK: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
/// An endpoint that was in for so long is as good as any other.
const FORGIVEN: Duration = Duration::from_secs(60);
/// One that nobody has called for so long, although it may be tried, is not counted as open any more.
const UNASKED: Duration = Duration::from_secs(30);
/// Per cent of its share that an endpoint begins with.
const FIRST_SHARE: u128 = 10;

/// What the endpoints of a service have in common.
#[derive(Debug)]
pub(super) struct Peers {
    config: EndpointConfig,
    metrics: EndpointMetrics,
    all: AtomicUsize,
    out: AtomicUsize,
}

impl Peers {
    pub(super) fn new(config: EndpointConfig, metrics: EndpointMetrics) -> Peers {
        Peers {
            config,
            metrics,
            all: AtomicUsize::new(0),
            out: AtomicUsize::new(0),
        }
    }

    pub(super) fn metrics(&self) -> &EndpointMetrics {
        &self.metrics
    }

    /// So many endpoints are named.
    pub(super) fn count(&self, all: usize) {
        self.all.store(all, Ordering::Relaxed);
    }
}

/// How one endpoint stands.
#[derive(Debug)]
pub(super) struct Standing {
    peers: Arc<Peers>,
    /// Whether there is anything to know: mostly not, and then nobody looks.
    is_noted: AtomicBool,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    /// Failures in a row, and those of them to which nothing came back.
    failed: u32,
    lost: u32,
    out: Option<Out>,
    /// How often it was out of late.
    times: u32,
    returned: Option<Instant>,
    /// Since when its share grows.
    starts: Option<Instant>,
}

#[derive(Debug)]
struct Out {
    until: Instant,
    how: How,
}

#[derive(Debug, PartialEq)]
enum How {
    Ejected,
    Tripped { is_tried: bool },
}

/// How an endpoint stands, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    In,
    Ejected,
    Open,
}

/// What a call tells of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Good,
    Failed,
    Lost,
    Nothing,
}

impl Standing {
    /// Of one that is known from the beginning, or that has come since.
    pub(super) fn new(peers: Arc<Peers>, is_new: bool) -> Standing {
        let starts = is_new.then(Instant::now);
        Standing {
            is_noted: AtomicBool::new(is_new),
            notes: Mutex::new(Notes {
                starts,
                ..Notes::default()
            }),
            peers,
        }
    }

    /// Whether it may be chosen where there are others.
    pub(super) fn is_in(&self) -> bool {
        let Some(mut notes) = self.noted() else {
            return true;
        };
        let now = Instant::now();
        match &notes.out {
            None => true,
            Some(out) if out.until > now => false,
            Some(out) if out.how == How::Ejected => {
                self.back(&mut notes, now);
                true
            }
            Some(out) => out.how == How::Tripped { is_tried: false },
        }
    }

    /// How it stands, for whoever counts.
    pub(super) fn state(&self) -> State {
        let (notes, now) = (self.noted(), Instant::now());
        match notes.as_ref().and_then(|notes| notes.out.as_ref()) {
            // Nobody has wanted to know whether it replies again.
            Some(out)
                if out.how == (How::Tripped { is_tried: false }) && now > out.until + UNASKED =>
            {
                State::In
            }
            Some(out) if out.how != How::Ejected => State::Open,
            Some(out) if out.until > now => State::Ejected,
            // It was out for long enough: the next call finds it in.
            _ => State::In,
        }
    }

    /// Of a hundred times that it is drawn, how often it shall be taken.
    pub(super) fn share(&self) -> usize {
        let Some(mut notes) = self.noted() else {
            return 100;
        };
        let Some(starts) = notes.starts else {
            return 100;
        };
        let whole = self.peers.config.endpoint_slow_start;
        let share = match whole.is_zero() {
            true => 100,
            false => starts.elapsed().as_millis() * 100 / whole.as_millis().max(1),
        };
        if share >= 100 {
            notes.starts = None;
            self.note(&notes);
        }
        share.clamp(FIRST_SHARE, 100) as usize
    }

    /// Begins a call, whose request is perhaps a stream.
    ///
    /// # Errors
    /// If nobody is to wait for the endpoint.
    pub(super) fn trial(
        &self,
        deadline: Option<Instant>,
        is_streamed: bool,
    ) -> Result<Trial<'_>, Failure> {
        let began = Instant::now();
        let mut is_try = false;
        if let Some(mut notes) = self.noted()
            && let Some(Out {
                until,
                how: How::Tripped { is_tried },
            }) = &mut notes.out
        {
            if *until > began || *is_tried {
                return Err(Failure::Tripped);
            }
            (*is_tried, is_try) = (true, true);
        }
        Ok(Trial {
            standing: self,
            began,
            deadline,
            is_streamed,
            is_try,
            outcome: None,
        })
    }

    fn noted(&self) -> Option<MutexGuard<'_, Notes>> {
        self.is_noted.load(Ordering::Relaxed).then(|| self.notes())
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, notes: &Notes) {
        let is_noted = notes.out.is_some() || notes.failed > 0 || notes.starts.is_some();
        self.is_noted.store(is_noted, Ordering::Relaxed);
    }

    fn judge(&self, outcome: Outcome, is_try: bool) {
        let is_news = matches!(outcome, Outcome::Failed | Outcome::Lost);
        if !is_news && !self.is_noted.load(Ordering::Relaxed) {
            return;
        }
        let (mut notes, now) = (self.notes(), Instant::now());
        let is_tripped = matches!(&notes.out, Some(out) if out.how != How::Ejected);
        match outcome {
            Outcome::Nothing if is_try => {
                if let Some(out) = &mut notes.out {
                    out.how = How::Tripped { is_tried: false };
                }
            }
            Outcome::Nothing => {}
            Outcome::Good => {
                (notes.failed, notes.lost) = (0, 0);
                if is_tripped {
                    self.back(&mut notes, now);
                }
            }
            // Calls that began before may end when it is out already.
            Outcome::Lost if is_try => notes.leave(now, BREAK, How::Tripped { is_tried: false }),
            _ if notes.out.is_some() && !is_try => {}
            Outcome::Failed => {
                if is_tripped {
                    self.back(&mut notes, now);
                }
                (notes.failed, notes.lost) = (notes.failed + 1, 0);
                self.eject(&mut notes, now);
            }
            Outcome::Lost => {
                (notes.failed, notes.lost) = (notes.failed + 1, notes.lost + 1);
                let most = self.peers.config.endpoint_breaker;
                match most > 0 && notes.lost >= most {
                    true => {
                        self.peers.out.fetch_add(1, Ordering::Relaxed);
                        self.peers.metrics.ejected("lost");
                        notes.leave(now, BREAK, How::Tripped { is_tried: false });
                    }
                    false => self.eject(&mut notes, now),
                }
            }
        }
        self.note(&notes);
    }

    fn eject(&self, notes: &mut Notes, now: Instant) {
        let Peers {
            config,
            metrics,
            all,
            out,
        } = &*self.peers;
        let enough = config.endpoint_ejection;
        if enough == 0 || notes.failed < enough {
            return;
        }
        let most = all.load(Ordering::Relaxed) / 2;
        let more = |out: usize| (out < most).then_some(out + 1);
        let order = Ordering::Relaxed;
        if out.fetch_update(order, order, more).is_ok() {
            metrics.ejected("failed");
            notes.leave(now, EJECTION, How::Ejected);
        }
    }

    fn back(&self, notes: &mut Notes, now: Instant) {
        self.peers.out.fetch_sub(1, Ordering::Relaxed);
        *notes = Notes {
            times: notes.times,
            returned: Some(now),
            starts: Some(now),
            ..Notes::default()
        };
    }
}

impl Notes {
    fn leave(&mut self, now: Instant, pauses: Backoff, how: How) {
        if self.returned.is_some_and(|at| now - at > FORGIVEN) {
            self.times = 0;
        }
        let until = now + pauses.after(self.times);
        self.times = self.times.saturating_add(1);
        (self.failed, self.lost) = (0, 0);
        self.out = Some(Out { until, how });
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if self.notes().out.is_some() {
            self.peers.out.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
