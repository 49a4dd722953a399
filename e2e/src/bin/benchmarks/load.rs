//! A small load generator: HTTP/1.1 on kept connections, a blocking thread for each; calls of gRPC
//! beside.
//!
//! With a fixed rate it is an open loop: a request that could not leave on time because all
//! connections were busy counts from the time when it should have left, so that a server that
//! stalls cannot hide it (coordinated omission).

mod calls;
mod connection;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

pub(crate) use calls::{Call, run as run_calls};
pub(crate) use connection::Connection;

/// Writes the next request, from the body of the last reply (empty before the first).
pub(crate) type Client = Box<dyn FnMut(&[u8], &mut Vec<u8>) + Send>;

/// When requests leave.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// On each connection as soon as the reply before is there.
    Closed,
    /// So many a second, whatever the server does.
    Open(f64),
}

/// What a run gave.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Replies with a status of success.
    pub(crate) answers: u64,
    failures: u64,
    first_failure: Option<String>,
    seconds: f64,
    /// In microseconds, sorted.
    latencies: Vec<u32>,
}

impl Outcome {
    /// Successes per second.
    pub(crate) fn rate(&self) -> f64 {
        self.answers as f64 / self.seconds
    }

    /// The share of requests that were not answered with success, in percent.
    pub(crate) fn refused(&self) -> f64 {
        self.failures as f64 / (self.answers + self.failures) as f64 * 100.0
    }

    /// The latency that this share of the replies did not exceed, in milliseconds.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        let micros = self.latencies.get(index).copied().unwrap_or_default();
        f64::from(micros) / 1000.0
    }

    /// The outcome, if its figures mean anything.
    ///
    /// # Panics
    /// When more than one request in a thousand failed.
    pub(crate) fn checked(self, what: &str) -> Outcome {
        let all = self.answers + self.failures;
        assert!(
            self.answers > 0 && self.failures * 1000 <= all,
            "{what}: {} of {all} requests failed, the first by {:?}",
            self.failures,
            self.first_failure
        );
        self
    }

    fn add(&mut self, other: Outcome) {
        self.answers += other.answers;
        self.failures += other.failures;
        self.first_failure = self.first_failure.take().or(other.first_failure);
        self.latencies.extend(other.latencies);
    }

    fn answered(&mut self, latency: Duration) {
        self.answers += 1;
        let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        self.latencies.push(micros);
    }

    fn failed(&mut self, why: String) {
        self.failures += 1;
        self.first_failure.get_or_insert(why);
    }
}

/// A request with a body of this media type; `token` may be empty.
pub(crate) fn request(method: &str, path: &str, token: &str, body: &[u8], kind: &str) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n");
    if !token.is_empty() {
        head += &format!("authorization: Bearer {token}\r\n");
    }
    if method != "GET" {
        head += &format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len());
    }
    head += "\r\n";
    [head.as_bytes(), body].concat()
}

/// So many clients that all send this request.
pub(crate) fn same(request: &[u8], count: usize) -> Vec<Client> {
    let client = |_| {
        let request = request.to_vec();
        Box::new(move |_: &[u8], out: &mut Vec<u8>| out.extend_from_slice(&request)) as Client
    };
    (0..count).map(client).collect()
}

/// Whether a server is there and answers this request with success.
pub(crate) fn answers(address: &str, request: &[u8]) -> bool {
    let reply = Connection::open(address).and_then(|mut open| open.exchange(request));
    reply.is_ok_and(|status| status == 200)
}

/// Runs the clients, each on a connection of its own to `address` (`host:port`).
pub(crate) fn run(address: &str, clients: &mut [Client], pace: Pace, length: Duration) -> Outcome {
    let arrivals = AtomicU64::new(0);
    let start = Instant::now();
    let schedule = Schedule {
        arrivals: &arrivals,
        start,
        pace,
        length,
    };
    let mut total = Outcome::default();
    thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| scope.spawn(|| one(address, client, schedule)))
            .collect();
        for thread in threads {
            total.add(thread.join().expect("a client's thread does not panic"));
        }
    });
    total.seconds = start.elapsed().as_secs_f64();
    total.latencies.sort_unstable();
    total
}

/// When each request of all clients is due.
#[derive(Clone, Copy)]
struct Schedule<'a> {
    arrivals: &'a AtomicU64,
    start: Instant,
    pace: Pace,
    length: Duration,
}

impl Schedule<'_> {
    /// The next one; none once the run is over.
    fn next(&self) -> Option<Instant> {
        let due = match self.pace {
            Pace::Closed => Instant::now(),
            Pace::Open(rate) => {
                let number = self.arrivals.fetch_add(1, Ordering::Relaxed);
                self.start + Duration::from_secs_f64(number as f64 / rate)
            }
        };
        (due.duration_since(self.start) < self.length).then_some(due)
    }
}

fn one(address: &str, client: &mut Client, schedule: Schedule<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut connection: Option<Connection> = None;
    let (mut request, mut last) = (Vec::new(), Vec::new());
    while let Some(due) = schedule.next() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        request.clear();
        client(&last, &mut request);
        let opened = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(address),
        };
        let reply = opened.and_then(|mut open| {
            let status = open.exchange(&request)?;
            std::mem::swap(&mut last, &mut open.body);
            connection = Some(open);
            Ok(status)
        });
        match reply {
            Ok(200..300) => outcome.answered(due.elapsed()),
            Ok(status) => {
                outcome.failed(format!("{status} {}", String::from_utf8_lossy(&last)));
            }
            Err(error) => outcome.failed(error.to_string()),
        }
    }
    outcome
}
