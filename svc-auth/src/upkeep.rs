//! What is done time and again: keys turn, what has served its time is removed.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::keyring::Keyring;
use crate::service::Auth;
use crate::store::purge;

/// Makes and forgets signing keys when they are due.
pub(crate) async fn turn_keys(
    keyring: Arc<Keyring>,
    interval: Duration,
    shutdown: CancellationToken,
) {
    while shutdown
        .run_until_cancelled(tokio::time::sleep(interval))
        .await
        .is_some()
    {
        if let Err(error) = keyring.turn().await {
            tracing::warn!(%error, "the signing keys could not be looked at");
        }
    }
}

/// Removes what has served its time.
pub(crate) async fn purge(auth: Auth, interval: Duration, shutdown: CancellationToken) {
    while shutdown
        .run_until_cancelled(tokio::time::sleep(interval))
        .await
        .is_some()
    {
        match purge_now(&auth).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "removed what had served its time"),
            Err(error) => tracing::warn!(%error, "nothing could be removed"),
        }
    }
}

async fn purge_now(auth: &Auth) -> Result<u64, Error> {
    let mut tx = auth.db.begin().await?;
    let (lifetimes, now) = (&auth.tokens.lifetimes, auth.clock.now());
    let (session, audit) = (lifetimes.session_lifetime, lifetimes.audit_retention);
    let rows = purge::run(&mut tx, now, session, audit).await?;
    tx.commit().await?;
    Ok(rows)
}
