//! The one connection of a process to NATS: made in the background, kept for ever.

use std::{sync::Arc, time::Duration};

use async_nats::{
    ConnectOptions,
    jetstream::{Context, context::ContextBuilder},
};
use net::backoff::Backoff;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::credentials;
use crate::Status;

/// How long the server may take to acknowledge.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);
/// Pauses between attempts to connect.
pub(super) const RECONNECT: Backoff =
    Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
/// How many publishes may wait for their acknowledgement at once.
const MAX_IN_FLIGHT: usize = 1024;

/// What is known of the connection now.
#[derive(Clone)]
pub(crate) struct Link {
    context: Option<Context>,
    /// How many times it was connected: a change means that something may have been missed.
    pub(crate) epoch: u64,
    status: Status,
}

pub(crate) struct Connection {
    link: watch::Receiver<Link>,
    _connecting: DropGuard,
}

impl Connection {
    pub(crate) fn open(url: &str) -> Self {
        let status = Status::Disconnected {
            since: Instant::now(),
            why: "not connected yet".to_owned(),
        };
        let (sender, link) = watch::channel(Link {
            context: None,
            epoch: 0,
            status,
        });
        let stop = CancellationToken::new();
        let connecting = connect(url.to_owned(), Arc::new(sender));
        tokio::spawn(stop.clone().run_until_cancelled_owned(connecting));
        Self {
            link,
            _connecting: stop.drop_guard(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.link.borrow().status.clone()
    }

    /// The connection, while there is one.
    pub(crate) fn context(&self) -> Result<Context, String> {
        let link = self.link.borrow();
        match (&link.context, &link.status) {
            (Some(context), Status::Connected) => Ok(context.clone()),
            (_, Status::Disconnected { why, .. }) => Err(why.clone()),
            (None, Status::Connected) => Err("not connected yet".to_owned()),
        }
    }

    /// Changes with each connect and disconnect.
    pub(crate) fn watch(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }
}

impl Link {
    /// The client, once there was a connection; it connects again by itself.
    pub(crate) fn client(&self) -> Option<async_nats::Client> {
        self.context.as_ref().map(Context::client)
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.status, Status::Connected)
    }
}

async fn connect(url: String, link: Arc<watch::Sender<Link>>) {
    let mut backoff = RECONNECT;
    loop {
        let options = credentials::log_in(options(link.clone()), &url);
        let connected = match credentials::servers(&url) {
            Ok(servers) => options.connect(servers).await.map_err(|it| it.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match connected {
            Ok(client) => {
                let context = ContextBuilder::new()
                    .timeout(ACK_TIMEOUT)
                    .max_ack_inflight(MAX_IN_FLIGHT)
                    .backpressure_on_inflight(true)
                    .build(client);
                link.send_modify(|link| {
                    link.context = Some(context);
                    link.status = Status::Connected;
                    link.epoch += 1;
                });
                return;
            }
            Err(error) => {
                tracing::debug!(error, "no connection to NATS yet");
                link.send_modify(|link| {
                    if let Status::Disconnected { why, .. } = &mut link.status {
                        *why = error;
                    }
                });
            }
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

fn options(link: Arc<watch::Sender<Link>>) -> ConnectOptions {
    ConnectOptions::new()
        .ping_interval(Duration::from_secs(10))
        .reconnect_delay_callback(|attempts| {
            RECONNECT.after(u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX))
        })
        .event_callback(move |event| {
            let link = link.clone();
            async move { note(&link, &event) }
        })
}

/// Takes down what the client tells of the connection.
fn note(link: &watch::Sender<Link>, event: &async_nats::Event) {
    use async_nats::Event::{Closed, Connected, Disconnected, ServerError, SlowConsumer};
    link.send_modify(|link| match event {
        // The first connection is noted where the client is made.
        Connected if link.context.is_some() => {
            link.status = Status::Connected;
            link.epoch += 1;
        }
        Disconnected | Closed => {
            let why = "the connection was lost".to_owned();
            link.status = Status::Disconnected {
                since: Instant::now(),
                why,
            };
        }
        SlowConsumer(_) => link.epoch += 1,
        _ => {}
    });
    // Such as a subject that these credentials may not use: what was asked of it gets no answer.
    if let ServerError(error) = event {
        tracing::warn!(%error, "NATS refuses");
    }
}
