//! What a pull consumer gives, asked for in batches.
//!
//! The client's own stream of messages goes on asking while whoever leaves empties it. What comes
//! then is with nobody until the server's patience ends (`ack_wait`).

use std::time::Duration;

use async_nats::{
    StatusCode, Subject, Subscriber,
    jetstream::{
        Context, Message,
        consumer::{
            Consumer,
            pull::{BatchConfig, Config},
        },
    },
};
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;

use super::connection::Link;

/// How long the server keeps a request that it has nothing for.
const EXPIRES: Duration = Duration::from_secs(30);
/// How often it says that it still knows of one.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long whoever leaves waits for what is on its way.
const ANSWER: Duration = Duration::from_secs(5);

pub(super) struct Pulls {
    context: Context,
    consumer: Consumer<Config>,
    batch: usize,
    inbox: Subject,
    messages: Subscriber,
    /// How many were asked for and have not come.
    due: usize,
    link: watch::Receiver<Link>,
    /// Of the connection that the requests were made on; a server forgets them with it.
    epoch: u64,
}

impl Pulls {
    /// Up to `batch` messages and half as many again are on their way at once.
    pub(super) async fn open(
        context: Context,
        link: watch::Receiver<Link>,
        consumer: Consumer<Config>,
        batch: usize,
    ) -> Result<Self, String> {
        let epoch = link.borrow().epoch;
        let client = context.client();
        let inbox = Subject::from(client.new_inbox());
        let messages = client.subscribe(inbox.clone()).await;
        Ok(Self {
            context,
            consumer,
            batch,
            inbox,
            messages: messages.map_err(|error| error.to_string())?,
            due: 0,
            link,
            epoch,
        })
    }

    /// The next message; an error means that these pulls are over.
    pub(super) async fn next(&mut self) -> Result<Message, String> {
        loop {
            if self.due <= self.batch / 2 {
                self.ask().await?;
            }
            let epoch = self.epoch;
            let come = tokio::select! {
                biased;
                come = self.messages.next() => come,
                _ = self.link.wait_for(|link| link.epoch != epoch) => {
                    return Err("connected anew".to_owned());
                }
                () = tokio::time::sleep(2 * HEARTBEAT) => {
                    return Err("no sign of life".to_owned());
                }
            };
            let come = come.ok_or("the connection is closed")?;
            match come.status {
                None | Some(StatusCode::OK) => {
                    self.due = self.due.saturating_sub(1);
                    return Ok(self.message(come));
                }
                Some(StatusCode::IDLE_HEARTBEAT) => {}
                Some(status) => {
                    let unmet = unmet(&come).ok_or_else(|| {
                        let why = come.description.as_deref().unwrap_or_default();
                        format!("{status} {why}")
                    })?;
                    self.due = self.due.saturating_sub(unmet);
                }
            }
        }
    }

    async fn ask(&mut self) -> Result<(), String> {
        let request = BatchConfig {
            batch: self.batch,
            expires: Some(EXPIRES),
            idle_heartbeat: HEARTBEAT,
            ..BatchConfig::default()
        };
        self.request(request).await
    }

    async fn request(&mut self, request: BatchConfig) -> Result<(), String> {
        // First, as whoever waits for the next message may stop to wait.
        self.due += request.batch;
        let asked = self.consumer.request_batch(request, self.inbox.clone());
        asked.await.map_err(|error| error.to_string())
    }

    /// Asks for nothing more, and returns what had come, or was on its way.
    pub(super) async fn leave(mut self) -> Vec<Message> {
        let mut rest = Vec::new();
        let remembered = {
            let link = self.link.borrow();
            link.is_connected() && link.epoch == self.epoch
        };
        if remembered {
            let _ = tokio::time::timeout(ANSWER, self.await_rest(&mut rest)).await;
        } else {
            while let Some(Some(come)) = self.messages.next().now_or_never() {
                if matches!(come.status, None | Some(StatusCode::OK)) {
                    rest.push(self.message(come));
                }
            }
        }
        rest
    }

    /// Waits until nothing is on its way. A server takes a consumer's requests one after the other,
    /// so what it says to a last one, that is not to wait, is said of those before it.
    async fn await_rest(&mut self, rest: &mut Vec<Message>) -> Result<(), String> {
        let last = BatchConfig {
            batch: 1,
            no_wait: true,
            ..BatchConfig::default()
        };
        self.request(last.clone()).await?;
        while self.due > 0
            && let Some(come) = self.messages.next().await
        {
            match (come.status, unmet(&come)) {
                (None | Some(StatusCode::OK), _) => {
                    self.due -= 1;
                    rest.push(self.message(come));
                }
                (Some(StatusCode::IDLE_HEARTBEAT), _) => {}
                (_, Some(unmet)) => self.due = self.due.saturating_sub(unmet),
                // There are messages, and those before it have not been given them yet.
                (Some(StatusCode::TIMEOUT), None) => {
                    self.due -= 1;
                    self.request(last.clone()).await?;
                }
                // There are none, or there is no consumer.
                _ => break,
            }
        }
        Ok(())
    }

    fn message(&self, message: async_nats::Message) -> Message {
        Message {
            message,
            context: self.context.clone(),
        }
    }
}

/// How many messages of a request that has ended will not come.
fn unmet(status: &async_nats::Message) -> Option<usize> {
    let headers = status.headers.as_ref()?;
    let unmet = headers.get("Nats-Pending-Messages")?;
    unmet.as_str().parse().ok()
}
