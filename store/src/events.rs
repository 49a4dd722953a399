//! Consuming events with their effect in the database.

use bus::{Event, Failure, WorkGroup};
use futures::{FutureExt as _, future::BoxFuture};
use net::{clock::Clock, planted::is_planted, telemetry::Message};
use runtime::{call::CallContext, node::Node};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;

use crate::{Database, Error, Tx, inbox};

/// Joins the work group and has each event's effect once: the handler writes in the transaction
/// in which the event is noted in the inbox. It runs as a background call of this workload, in
/// the event's trace. A handler that calls other services uses [`bus::Bus::work_group`] itself,
/// as no network call may happen in a transaction.
///
/// ```ignore
/// store::consume(&node, &db, "svc-shipping", &[OrderConfirmed::SUBJECT], |tx, event| {
///     Box::pin(async move { create_shipment(tx, store::message(&event)?).await })
/// });
/// ```
pub fn consume<F>(
    node: &Node,
    database: &Database,
    group: &'static str,
    subjects: &[&'static str],
    handler: F,
) where
    F: for<'t> Fn(&'t mut Tx, Event) -> BoxFuture<'t, Result<(), Failure>>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let (database, clock, tasks) = (database.clone(), node.clock.clone(), node.tasks.clone());
    join(node, group, subjects, move |event| {
        let (database, clock, handler) = (database.clone(), clock.clone(), handler.clone());
        let tasks = tasks.clone();
        async move {
            let work = once(database, clock, group, event, handler);
            if is_planted("ack before commit") {
                tasks.spawn_finite("too late", |_| work.map(drop));
                return Ok(());
            }
            work.await
        }
    });
}

/// Joins the work group: the handler runs as a background call of this workload, in the event's
/// trace, and must itself recognise an event that comes again.
pub fn join<F, Fut>(node: &Node, group: &'static str, subjects: &[&'static str], handler: F)
where
    F: Fn(Event) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let leave = CancellationToken::new();
    let membership = WorkGroup {
        name: group,
        subjects: subjects.to_vec(),
        shutdown: leave.clone(),
        clock: node.clock.clone(),
        telemetry: node.telemetry.clone(),
    };
    // Joined here and not in the task: a relay that starts next must find the group.
    let (service, system) = (node.name, node.bus.system());
    let work = node.bus.work_group(membership, move |event: Event| {
        let message = Message {
            service,
            system,
            destination: &event.subject,
            id: event.id,
            trace: &event.trace,
        };
        let call = CallContext::background(group).processing(&message, group);
        call.scope(handler(event))
    });
    node.tasks.spawn("consumer", |shutdown| async move {
        tokio::pin!(work);
        tokio::select! {
            biased;
            () = &mut work => {}
            () = shutdown.cancelled() => {
                leave.cancel();
                work.await;
            }
        }
    });
}

async fn once<F>(
    database: Database,
    clock: Clock,
    group: &str,
    event: Event,
    handler: F,
) -> Result<(), Failure>
where
    F: for<'t> Fn(&'t mut Tx, Event) -> BoxFuture<'t, Result<(), Failure>>,
{
    let mut tx = database.begin().await?;
    if inbox::first_time(&mut tx, group, event.id, clock.now()).await? {
        handler(&mut tx, event).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The message that an event carries.
///
/// # Errors
/// Permanent, if it does not decode.
pub fn message<M: contracts::Event>(event: &Event) -> Result<M, Failure> {
    M::decode(event.data.clone())
        .map_err(|error| Failure::Permanent(format!("{} does not decode: {error}", event.subject)))
}

/// The id that an event's message holds.
///
/// # Errors
/// Permanent, if it is none.
pub fn id(of: &str, text: &str) -> Result<Uuid, Failure> {
    Uuid::parse_str(text).map_err(|_| Failure::Permanent(format!("it holds no id of {of}")))
}

/// What a call that a handler made means for the event: tried again without bound if the same call
/// may succeed later.
#[must_use]
pub fn failure(status: &Status) -> Failure {
    let why = format!("{:?}: {}", status.code(), status.message());
    if runtime::status::is_transient(status) {
        Failure::Transient(why)
    } else {
        Failure::Permanent(why)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let why = error.to_string();
        if error.is_transient() {
            Self::Transient(why)
        } else {
            Self::Permanent(why)
        }
    }
}
