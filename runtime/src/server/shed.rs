//! Bounds the calls that are worked on at once; under overload what matters least is refused first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};

use super::filter::{Filter, Next};
use super::observe::Incoming;
use crate::contract::Priority;
use crate::status::{Problem, Reason};

#[derive(Clone)]
pub(super) struct Shed {
    limit: usize,
    running: Arc<AtomicUsize>,
}

impl Shed {
    pub(super) fn new(limit: usize) -> Shed {
        Shed {
            limit,
            running: Arc::default(),
        }
    }

    fn limit_of(&self, priority: Priority) -> usize {
        match priority {
            Priority::Low => (self.limit * 3 / 4).max(1),
            Priority::Normal => self.limit,
            Priority::High => self.limit * 5 / 4 + 1,
        }
    }
}

impl Filter for Shed {
    async fn filter<N: Next>(&self, request: Request<Body>, next: &N) -> Response<Body> {
        let method = Incoming::of(&request).method.as_ref();
        let priority = method.map_or(Priority::Low, |method| method.priority);
        let running = Running::start(&self.running);
        if running.number > self.limit_of(priority) {
            let problem = Problem::new(
                Reason::Overloaded,
                Code::Unavailable,
                "the server has more work than it can do",
            );
            return Status::from(problem.retry_after(Duration::from_secs(1))).into_http();
        }
        next.run(request).await
    }
}

/// A call under way; streams count until their first message is ready.
struct Running<'a> {
    count: &'a AtomicUsize,
    number: usize,
}

impl<'a> Running<'a> {
    fn start(count: &'a AtomicUsize) -> Running<'a> {
        Running {
            count,
            number: count.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}
