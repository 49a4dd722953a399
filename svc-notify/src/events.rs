//! What svc-notify hears, which is everything.

use std::collections::BTreeSet;

use bus::{Event, Failure};
use runtime::node::Node;
use store::Tx;

use crate::analytics::Analytics;
use crate::domain::patterns_for;
use crate::event_types;
use crate::mail::{self, Mail};
use crate::payload;
use crate::service::{Notify, Told};
use crate::store::webhooks;

/// Hears of all that happens.
pub(crate) fn consume(notify: &Notify, analytics: &Analytics, mail: &Mail, node: &Node) {
    let (db, notify, mail) = (notify.db.clone(), notify.clone(), mail.clone());
    let analytics = analytics.clone();
    let kinds = event_types::all().iter().map(|kind| kind.name);
    let subjects: BTreeSet<_> = kinds
        .chain(mail::events::SUBJECTS.iter().copied())
        .collect();
    let subjects: Vec<_> = subjects.into_iter().collect();
    store::consume(node, &db, node.name, &subjects, move |tx, event| {
        let (notify, analytics, mail) = (notify.clone(), analytics.clone(), mail.clone());
        Box::pin(async move {
            tell(&notify, &analytics, tx, &event).await?;
            mail::events::hear(&mail, tx, &event).await
        })
    });
}

/// Writes down for whom it is, in the transaction that notes it: a delivery for each webhook that wants to be
/// told, and a line for analytics, if somebody has them.
async fn tell(
    notify: &Notify,
    analytics: &Analytics,
    tx: &mut Tx,
    event: &Event,
) -> Result<(), Failure> {
    let Some(kind) = event_types::find(&event.subject) else {
        return Ok(());
    };
    let webhooks = webhooks::wanting(tx, &patterns_for(kind.name)).await?;
    if webhooks.is_empty() && !analytics.is_on() {
        return Ok(());
    }
    let payload = payload::of(kind, event.time, &event.data).map_err(Failure::Permanent)?;
    let told = Told {
        id: event.id,
        kind: kind.name,
        time: event.time,
        payload: &payload,
    };
    for webhook in webhooks {
        notify.deliver(tx, &webhook, told).await?;
    }
    analytics.note(tx, told).await?;
    Ok(())
}
