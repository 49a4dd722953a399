//! What takes this service and svc-users is written down first and told second. What a crash, or svc-users
//! being away, leaves half done is gone on with here, by any replica.

use std::time::Duration;

use chrono::{DateTime, Utc};
use runtime::call::CallContext;
use store::Tx;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::error::Error;
use crate::service::Auth;

/// How long something is left to the call that began it, or to who goes on with it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// When something is tried again that could not be finished.
const RETRY: Duration = Duration::from_millis(500);
/// The longest that svc-users is waited for in the background.
const DEADLINE: Duration = Duration::from_secs(10);

/// What may be left half done.
pub(crate) trait HalfDone: Send + Sync + Sized + 'static {
    /// What the call is named by which it is gone on with.
    const CALL: &'static str;
    /// What it is, in the log.
    const NAME: &'static str;

    /// One that nobody goes on with, reserved for the caller until `until`.
    fn lease(
        tx: &mut Tx,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<Self>, Error>> + Send;

    /// The account that it is about.
    fn user_id(&self) -> Uuid;

    /// Goes on with it to its end.
    fn finish(
        &self,
        auth: &Auth,
        call: &CallContext,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Whether an error is its end.
    fn is_end(error: &Error) -> bool;

    /// Puts it off until `time`.
    fn put_off(
        &self,
        tx: &mut Tx,
        time: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Goes on with what is left half done, every `interval` and soon again where something had to wait.
pub(crate) async fn heal<W: HalfDone>(auth: Auth, interval: Duration, shutdown: CancellationToken) {
    loop {
        let pause = match heal_all::<W>(&auth).await {
            Ok(true) => interval,
            Ok(false) => RETRY.min(interval),
            Err(error) => {
                tracing::warn!(%error, "{} that is half done could not be looked for", W::NAME);
                interval
            }
        };
        let pause = tokio::time::sleep(pause);
        if shutdown.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// True unless something is left to be tried again soon.
async fn heal_all<W: HalfDone>(auth: &Auth) -> Result<bool, Error> {
    let mut all = true;
    loop {
        let now = auth.clock.now();
        let mut tx = auth.db.begin().await?;
        let work = W::lease(&mut tx, now, now + PATIENCE).await?;
        tx.commit().await?;
        let Some(work) = work else {
            return Ok(all);
        };
        let call = CallContext::background(W::CALL).with_deadline(Instant::now() + DEADLINE);
        let user_id = work.user_id();
        match call.scope(work.finish(auth, &call)).await {
            Ok(()) => tracing::info!(user.id = %user_id, "{} was finished", W::NAME),
            Err(error) if W::is_end(&error) => {
                tracing::warn!(user.id = %user_id, %error, "{} was given up", W::NAME);
            }
            Err(error) => {
                tracing::debug!(user.id = %user_id, %error, "{} has to wait", W::NAME);
                let mut tx = auth.db.begin().await?;
                work.put_off(&mut tx, now + RETRY).await?;
                tx.commit().await?;
                all = false;
            }
        }
    }
}
