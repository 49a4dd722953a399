//! Refuses what would be in vain: calls that there is no room for, the least important first, and calls
//! whose time is over before they could be done.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderValue, Request, Response};
use net::metadata::{GRPC_STATUS, PUSHBACK};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};

use super::deadline::Deadline;
use super::filter::{Filter, Next};
use super::limits::{self, ServerLimits};
use super::observe::Incoming;
use super::pace::Paces;
use crate::contract::{Method, Priority};
use crate::load::{Load, Queue, part};
use crate::node::Node;
use crate::status::{Problem, Reason};

/// Of the calls that there may be at once, the part that is no overload yet, however slow the machine is.
const PART: usize = 32;
/// So many calls at once are taken in also when it is over.
const FEW: usize = 16;

#[derive(Clone)]
pub(super) struct Shed {
    service: &'static str,
    limit: usize,
    running: Arc<AtomicUsize>,
    load: Load,
    /// None if what comes too late is begun nevertheless.
    paces: Option<Arc<Paces>>,
    counted: Counter<u64>,
}

/// Why a call is refused.
#[derive(Clone, Copy)]
enum Cause {
    /// Work waits for too long.
    Queue,
    /// There are too many calls.
    Calls,
    /// It could not be done in time.
    Deadline,
}

impl Shed {
    pub(super) fn new(node: &Node, limits: &ServerLimits) -> Shed {
        let meter = node.telemetry.meter();
        let counted = meter.u64_counter("rpc.server.shed");
        let counted = counted.with_description("Calls that were refused as they would be in vain");
        let paces = limits.refuse_late.then(|| Paces::new(&node.contract));
        let (limit, running) = (limits.max_concurrent_calls, Arc::<AtomicUsize>::default());
        node.load.measure(node.name, &node.telemetry);
        let about = ["{call}", "Calls that are worked on"];
        let (names, worked_on) = (
            ["rpc.server.active_calls", "rpc.server.call_limit"],
            running.clone(),
        );
        let worked_on = move || worked_on.load(Ordering::Relaxed);
        limits::tell(node, names, about, limit, worked_on);
        let counted = counted.build();
        for cause in [Cause::Queue, Cause::Calls, Cause::Deadline] {
            for priority in [Priority::Low, Priority::Normal, Priority::High] {
                counted.add(0, &labels(node.name, cause, priority));
            }
        }
        Shed {
            service: node.name,
            limit,
            running,
            load: node.load.clone(),
            paces: paces.map(Arc::new),
            counted,
        }
    }

    fn refuse(&self, cause: Cause, priority: Priority) -> Response<Body> {
        self.counted.add(1, &labels(self.service, cause, priority));
        let status: Status = match cause {
            Cause::Deadline => Problem::deadline_exceeded().into(),
            Cause::Queue | Cause::Calls => {
                let message = "the server has more work than it can do";
                Problem::new(Reason::Overloaded, Code::Unavailable, message)
                    .retry_after(Duration::from_secs(1))
                    .into()
            }
        };
        let mut response = status.into_http();
        if !matches!(cause, Cause::Deadline) {
            // Whoever tries again at once makes it worse.
            let never = HeaderValue::from_static("-1");
            response.headers_mut().insert(PUSHBACK, never);
        }
        response
    }

    /// Whether less time is left than the fastest calls of late took.
    fn is_late(&self, method: &Method, deadline: Option<&Deadline>) -> bool {
        let (Some(paces), Some(Deadline(deadline))) = (&self.paces, deadline) else {
            return false;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        left < paces.best(method)
    }
}

fn labels(service: &'static str, cause: Cause, priority: Priority) -> [KeyValue; 3] {
    let cause = match cause {
        Cause::Queue => "queue",
        Cause::Calls => "calls",
        Cause::Deadline => "deadline",
    };
    [
        KeyValue::new("service.name", service),
        KeyValue::new("cause", cause),
        KeyValue::new("priority", format!("{priority:?}").to_ascii_lowercase()),
    ]
}

impl Filter for Shed {
    async fn filter<N: Next>(&self, request: Request<Body>, next: &N) -> Response<Body> {
        let Incoming { method, waited, .. } = Incoming::of(&request);
        // Of calls that may be made alone: strangers who are refused are no reason to refuse others.
        self.load.waited(Queue::Threads, *waited);
        let method = method.clone();
        let priority = method.as_ref().map_or(Priority::Low, |it| it.priority);
        let running = Running::start(&self.running);
        let few = FEW.max(self.limit / PART);
        if !self.load.admits(priority, running.number, few) {
            return self.refuse(Cause::Queue, priority);
        }
        if running.number > part(self.limit, priority) {
            return self.refuse(Cause::Calls, priority);
        }
        let Some(method) = method.filter(|method| !method.is_streaming()) else {
            return next.run(request).await;
        };
        if self.is_late(&method, request.extensions().get()) {
            return self.refuse(Cause::Deadline, priority);
        }
        let began = Instant::now();
        let response = next.run(request).await;
        if let Some(paces) = &self.paces
            && !response.headers().contains_key(GRPC_STATUS)
        {
            paces.took(&method, began.elapsed());
        }
        response
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
