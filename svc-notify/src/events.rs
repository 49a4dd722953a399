//! What svc-notify hears, which is everything.

use std::collections::BTreeSet;

use bus::{Event, Failure};
use runtime::node::Node;
use store::Tx;

use crate::domain::patterns_for;
use crate::event_types;
use crate::mail::{self, Mail};
use crate::payload;
use crate::service::{Notify, Told};
use crate::store::webhooks;

/// Hears of all that happens.
pub(crate) fn consume(notify: &Notify, mail: &Mail, node: &Node) {
    let (db, notify, mail) = (notify.db.clone(), notify.clone(), mail.clone());
    let kinds = event_types::all().iter().map(|kind| kind.name);
    let subjects: BTreeSet<_> = kinds
        .chain(mail::events::SUBJECTS.iter().copied())
        .collect();
    let subjects: Vec<_> = subjects.into_iter().collect();
    store::consume(node, &db, node.name, &subjects, move |tx, event| {
        let (notify, mail) = (notify.clone(), mail.clone());
        Box::pin(async move { take(&notify, &mail, tx, &event).await })
    });
}

/// Writes down what is to be sent of it. Each way of telling is in the transaction that notes the
/// event.
async fn take(notify: &Notify, mail: &Mail, tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    call_webhooks(notify, tx, event).await?;
    mail::events::hear(mail, tx, event).await
}

/// A delivery for each webhook that wants to be told.
async fn call_webhooks(notify: &Notify, tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let Some(kind) = event_types::find(&event.subject) else {
        return Ok(());
    };
    let webhooks = webhooks::wanting(tx, &patterns_for(kind.name)).await?;
    if webhooks.is_empty() {
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
    Ok(())
}
