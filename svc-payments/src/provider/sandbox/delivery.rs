//! Sends the sandbox's events, and lets its time pass.

use std::time::Duration;

use store::Error;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{NAME, Sandbox, outgoing};
use crate::provider::signature;
use crate::service::Payments;

const ROUND: Duration = Duration::from_millis(500);

/// Tells of what happens in the sandbox, as a provider would, until `shutdown`.
pub(crate) async fn run(sandbox: Sandbox, payments: Payments, shutdown: CancellationToken) {
    let rounds = async {
        loop {
            if let Err(error) = round(&sandbox, &payments).await {
                tracing::warn!(%error, "the sandbox cannot tell of its events");
            }
            let _ = timeout(ROUND, sandbox.wake.notified()).await;
        }
    };
    shutdown.run_until_cancelled(rounds).await;
}

async fn round(sandbox: &Sandbox, payments: &Payments) -> Result<(), Error> {
    let now = sandbox.clock.now();
    let mut tx = sandbox.db.read().await?;
    let is_any = outgoing::is_any(&mut tx, now).await?;
    drop(tx);
    if !is_any {
        return Ok(());
    }
    let mut tx = sandbox.db.begin().await?;
    sandbox.advance(&mut tx).await?;
    let events = outgoing::claim(&mut tx, now).await?;
    tx.commit().await?;
    let mut told = Vec::new();
    for event in events {
        let body = event.body();
        let signed = signature::sign(&sandbox.secret, &body, now);
        let read = {
            let header = |name: &str| (name == signature::HEADER).then_some(signed.as_str());
            payments.read_event(NAME, &header, &body)
        };
        let taken = match read {
            Ok(read) => payments.take_event(read).await,
            Err(error) => Err(error),
        };
        match taken {
            Ok(()) => told.push(event.event_id),
            Err(error) => tracing::warn!(%error, "an event of the sandbox was not taken"),
        }
    }
    let mut tx = sandbox.db.begin().await?;
    for event in told {
        outgoing::told(&mut tx, &event, now).await?;
    }
    tx.commit().await
}
