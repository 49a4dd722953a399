//! Steps 8 to 11 of a request's way: whether its caller may make it.

use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use net::telemetry::Trace;
use tokio::time::Instant;

use crate::access_log::Entry;
use crate::admitted::Admitted;
use crate::client_address::limited_as;
use crate::context::Context;
use crate::door::Door;
use crate::exchange::STREAMS;
use crate::failure::Failure;
use crate::guard::Asked;
use crate::limits::{Limiter, Standing, Who};
use crate::peer::Peer;
use crate::protocol::Request;
use crate::{deadline, metadata};

/// What is known of a request when it has arrived.
pub(super) struct Arrival {
    pub(super) peer: Peer,
    pub(super) client: IpAddr,
    pub(super) request_id: Arc<str>,
    pub(super) began: Instant,
    pub(super) trace: Trace,
    pub(super) entry: Option<Arc<Entry>>,
}

/// Lets a request in, or says why not.
pub(super) async fn admit<'a>(
    door: &'a Door,
    request: &'a impl Request,
    head: &Parts,
    arrival: Arrival,
    standings: &mut Vec<Standing>,
) -> Result<Admitted<'a>, Failure> {
    let Door {
        settings, routing, ..
    } = door;
    let counters = &door.kept.counters;
    let Arrival {
        peer,
        client,
        request_id,
        began,
        trace,
        entry,
    } = arrival;
    let policy = request.policy(routing);
    let asked = deadline::asked(&head.headers)?.map(|asked| began + asked);
    let latest = settings.requests.timeout().map(|timeout| began + timeout);
    let deadline = [asked, latest].into_iter().flatten().min();

    let limited = limited_as(client);
    let limiter = match policy.is_for_machines {
        true => &counters.machine,
        false => &counters.address,
    };
    count(door, limiter.as_deref(), Who::Address(limited), standings).await?;

    let mut context = Context {
        deadline,
        request_id,
        client_address: client,
        user_agent: metadata::user_agent(&head.headers).map(Arc::from),
        trace,
        span: tracing::Span::current(),
        caller: None,
        entry,
    };
    if let Some(guard) = &policy.guard {
        let opening = request.opening(&routing.profile, head);
        let asked = Asked {
            head,
            opening,
            context: &context,
        };
        let admitted = guard.admit(asked).await;
        context.caller = admitted.map_err(Failure::of_guard)?;
    }
    let user = context.caller.as_ref().map(|caller| caller.id().clone());
    if let Some(user) = &user {
        if let Some(entry) = &context.entry {
            entry.is_of(user);
        }
        let user = Who::User(user.clone());
        count(door, counters.user.as_deref(), user, standings).await?;
    }
    let open = match policy.is_streaming() {
        true => {
            let open = counters.streams.open(limited, user, &settings.streams);
            let refused = |_: &Failure| door.kept.metrics.refused_by(STREAMS);
            Some(Arc::new(open.inspect_err(refused)?))
        }
        false => None,
    };
    if policy.is_streaming() {
        // A stream lives as long as both ends want, unless the client says otherwise.
        context.deadline = asked;
    }
    Ok(Admitted {
        door,
        policy,
        context,
        peer,
        client: limited,
        open,
        deadline: deadline.unwrap_or(began + deadline::LONGEST),
    })
}

async fn count(
    door: &Door,
    limiter: Option<&Limiter>,
    who: Who,
    standings: &mut Vec<Standing>,
) -> Result<(), Failure> {
    let Some(limiter) = limiter else {
        return Ok(());
    };
    let standing = limiter.count(who).await;
    standings.push(standing);
    match standing.retry_after {
        Some(wait) => {
            door.kept.metrics.refused_by(standing.policy);
            Err(Failure::rate_limited(standing.policy, wait))
        }
        None => Ok(()),
    }
}
