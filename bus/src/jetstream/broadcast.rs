//! Broadcast over core NATS: every process that listens hears what is published on the streams'
//! subjects. What was published while it was not connected is reported as a gap.

use std::{sync::Arc, time::Duration};

use async_nats::Subscriber;
use futures::{FutureExt, StreamExt, stream};
use tokio::sync::{mpsc, watch};

use super::{JetStream, connection::Link, headers, headers_or_empty};
use crate::{Broadcast, BroadcastItem, subject};

/// How many items may wait for a slow listener before the server is left to buffer.
const CAPACITY: usize = 256;
/// Before what the server did not take or answer is tried again.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) fn listen(bus: &Arc<JetStream>, subjects: Vec<String>) -> Broadcast {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let link = bus.connection.watch();
    let bus = bus.clone();
    tokio::spawn(async move {
        let closed = sender.clone();
        tokio::select! {
            () = forward(bus, link, subjects, sender) => {}
            () = closed.closed() => {}
        }
    });
    Broadcast::new(stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|item| (item, receiver))
    }))
}

async fn forward(
    bus: Arc<JetStream>,
    mut link: watch::Receiver<Link>,
    subjects: Vec<String>,
    sender: mpsc::Sender<BroadcastItem>,
) {
    let mut subscription = None;
    let mut heard_epoch = 0;
    loop {
        let now = link.borrow_and_update().clone();
        let Some(client) = now.client().filter(|_| now.is_connected()) else {
            if link.changed().await.is_err() {
                return;
            }
            continue;
        };
        if subscription.is_none() {
            subscription = subscribe(&bus, &client, &subjects).await;
            heard_epoch = 0;
        }
        let Some(messages) = subscription.as_mut() else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // The gap is told only when the server is known to have the subscription, so that what
        // the listener reads then, together with what it hears afterwards, is everything. The
        // server takes a connection's commands in order: an answer proves it.
        if now.epoch != heard_epoch {
            if !answers(&bus).await {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            heard_epoch = now.epoch;
            if sender.send(BroadcastItem::Gap).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = link.changed() => if changed.is_err() { return },
            message = messages.next() => match message {
                None => subscription = None,
                Some(message) => {
                    let subject = bus.config.event_subject(&message.subject);
                    // Whoever asks a stream for a message says where the answer goes, and there it
                    // comes under the subject that it has in the stream.
                    if !subjects.iter().any(|wanted| subject::matches(wanted, subject)) {
                        continue;
                    }
                    let fields = headers_or_empty(message.headers.as_ref());
                    let Ok(event) = headers::read(subject, &fields, message.payload) else {
                        continue;
                    };
                    if sender.send(BroadcastItem::Event(event)).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

type Messages = stream::SelectAll<Subscriber>;

async fn subscribe(
    bus: &JetStream,
    client: &async_nats::Client,
    subjects: &[String],
) -> Option<Messages> {
    let mut all = stream::SelectAll::new();
    for subject in subjects {
        match client.subscribe(bus.config.wire_subject(subject)).await {
            Ok(messages) => all.push(messages),
            Err(error) => {
                tracing::warn!(%error, subject, "could not subscribe");
                return None;
            }
        }
    }
    Some(all)
}

async fn answers(bus: &JetStream) -> bool {
    bus.ready().map(|ready| ready.is_ok()).await
}
