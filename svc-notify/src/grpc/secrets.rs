//! What events are signed with.

use contracts::tradewind::notify::v1::{RotateWebhookSecretRequest, RotateWebhookSecretResponse};
use net::clock::timestamp;
use secrecy::ExposeSecret as _;

use crate::domain::OVERLAP;
use crate::error::Error;
use crate::service::Notify;
use crate::store::secrets;

/// More signatures than this are in no header.
const MOST: usize = 5;

/// Whoever repeats this as the reply was lost gets one more, and all of a day sign meanwhile.
pub(super) async fn rotate(
    notify: &Notify,
    request: RotateWebhookSecretRequest,
) -> Result<RotateWebhookSecretResponse, Error> {
    let now = notify.clock.now();
    let until = now + OVERLAP;
    let mut tx = notify.db.begin().await?;
    let webhook = notify.locked(&mut tx, &request.webhook_id).await?;
    secrets::retire(&mut tx, webhook.id, now, until).await?;
    if secrets::of(&mut tx, webhook.id, now).await?.len() >= MOST {
        return Err(Error::TooManySecrets(webhook.id));
    }
    let secret = notify.make_secret(&mut tx, webhook.id).await?;
    tx.commit().await?;
    Ok(RotateWebhookSecretResponse {
        secret: secret.text().expose_secret().to_owned(),
        previous_until: Some(timestamp(until)),
    })
}
