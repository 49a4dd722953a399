//! Watching an order.

use std::time::Duration;

use contracts::tradewind::orders::v1::{WatchOrderRequest, WatchOrderResponse};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use runtime::call::CallContext;
use tonic::Status;
use uuid::Uuid;

use crate::convert;
use crate::domain::Event;
use crate::error::Error;
use crate::service::Orders;
use crate::store::events;

/// A broadcast may be lost; the database is asked this often in any case.
const REREAD: Duration = Duration::from_secs(5);
const BATCH: i64 = 100;

/// Streams the order's events after a sequence number until it can change no more. The server stack
/// ends the stream at a shutdown.
pub(super) async fn watch(
    orders: &Orders,
    call: &CallContext,
    request: WatchOrderRequest,
) -> Result<BoxStream<'static, Result<WatchOrderResponse, Status>>, Error> {
    let order = orders.visible(&call.caller, &request.order_id).await?;
    let mut watcher = orders.watchers.watch(order.id);
    let (orders, id) = (orders.clone(), order.id);
    let mut after = request.after_sequence;
    // The version is the last event's sequence number.
    let mut is_over = order.state.is_terminal() && after >= order.version;
    let stream = async_stream::try_stream! {
        while !is_over {
            let events = events_after(&orders, id, after).await?;
            for event in &events {
                after = event.sequence;
                is_over = event.new_state.is_terminal();
                yield WatchOrderResponse { event: Some(convert::event(id, event)) };
            }
            if !events.is_empty() {
                continue;
            }
            tokio::select! {
                () = watcher.changed() => {}
                () = tokio::time::sleep(REREAD) => {}
            }
        }
    };
    Ok(stream.boxed())
}

async fn events_after(orders: &Orders, order: Uuid, after: i64) -> Result<Vec<Event>, Error> {
    let mut tx = orders.db.read().await?;
    Ok(events::after(&mut tx, order, after, BATCH).await?)
}
