//! Counting in this process.

use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{RateLimiter, clock};

use super::{Quota, Standing, Who};

type Callers =
    RateLimiter<Who, DashMapStateStore<Who>, clock::DefaultClock, StateInformationMiddleware>;

pub(super) struct Local {
    clock: DefaultClock,
    callers: Callers,
}

impl Local {
    pub(super) fn new(quota: Quota) -> Self {
        // More than one request per nanosecond is not meant as a limit.
        let interval = (quota.window / quota.requests.get()).max(Duration::from_nanos(1));
        let refill = governor::Quota::with_period(interval).expect("the interval is not zero");
        let quota = refill.allow_burst(quota.requests);
        Self {
            clock: DefaultClock::default(),
            callers: RateLimiter::dashmap(quota).with_middleware(),
        }
    }

    pub(super) fn count(&self, policy: &'static str, quota: Quota, who: &Who) -> Standing {
        let (remaining, retry_after) = match self.callers.check_key(who) {
            Ok(snapshot) => (snapshot.remaining_burst_capacity(), None),
            Err(not_until) => (0, Some(not_until.wait_time_from(self.clock.now()))),
        };
        Standing {
            policy,
            quota,
            remaining,
            retry_after,
        }
    }

    pub(super) fn forget_idle(&self) {
        self.callers.retain_recent();
        self.callers.shrink_to_fit();
    }
}
