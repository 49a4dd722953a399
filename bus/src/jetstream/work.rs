//! Work groups over JetStream: a durable pull consumer for each subject, shared by the replicas.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::{
    AckKind, Message,
    consumer::{self, AckPolicy, DeliverPolicy, pull},
    message::PublishMessage,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{JetStream, connection::RECONNECT, headers, headers_or_empty, pulls::Pulls, streams};
use crate::{
    ATTEMPTS, Failure, PublishError, WorkGroup, dead_letters,
    handler::{Handler, backoff},
    metrics::Progress,
};

/// How many events of a subject one process handles at once.
const CONCURRENCY: usize = 16;
/// How many events may be out unacknowledged, those that wait for their next attempt included.
const MAX_ACK_PENDING: i64 = 4096;
/// After how many attempts to begin it is more than a moment.
const MANY: u32 = 10;
/// How often it is measured how far a consumer is.
const MEASURE: Duration = Duration::from_secs(10);

pub(crate) async fn run(bus: Arc<JetStream>, group: WorkGroup, handler: Handler) {
    let consumers = group.subjects.iter().map(|&pattern| {
        let consumer = Consumer {
            bus: bus.clone(),
            group: group.name,
            pattern,
            handler: handler.clone(),
            shutdown: group.shutdown.clone(),
            begun: Arc::default(),
        };
        consumer.run()
    });
    futures::future::join_all(consumers).await;
}

#[derive(Clone)]
struct Consumer {
    bus: Arc<JetStream>,
    group: &'static str,
    pattern: &'static str,
    handler: Handler,
    shutdown: CancellationToken,
    /// How old the oldest event was that was begun since the last look, in milliseconds, and one more.
    begun: Arc<AtomicU64>,
}

/// What became of one delivery.
enum Outcome {
    Done,
    Failed { sequence: u64 },
}

impl Consumer {
    async fn run(self) {
        tokio::select! {
            () = self.work() => {}
            never = self.measure() => match never {},
        }
    }

    async fn work(&self) {
        let mut pauses = RECONNECT;
        // Failures that count, by sequence in the stream, of the events seen lately.
        let mut failures: HashMap<u64, u32> = HashMap::new();
        let mut refused = 0;
        while !self.shutdown.is_cancelled() {
            let consumed = match self.pulls().await {
                Ok(pulls) => {
                    pauses.reset();
                    refused = 0;
                    self.consume(pulls, &mut failures).await
                }
                Err(why) => {
                    refused += 1;
                    if refused == MANY {
                        let (group, subject) = (self.group, self.pattern);
                        tracing::warn!(group, subject, why, "nothing can be consumed");
                    }
                    Err(why)
                }
            };
            if let Err(why) = consumed {
                tracing::debug!(group = self.group, subject = self.pattern, why, "waiting");
                let pause = tokio::time::sleep(pauses.pause());
                self.shutdown.run_until_cancelled(pause).await;
            }
        }
    }

    /// Opens the durable consumer, making it if it is not there.
    async fn pulls(&self) -> Result<Pulls, String> {
        let link = self.bus.connection.watch();
        let context = self.bus.connection.context()?;
        let stream = streams::of(self.pattern);
        let made = self
            .bus
            .streams
            .ensure(&context, &self.bus.config, stream)
            .await;
        made.map_err(|error| error.to_string())?;
        let config = pull::Config {
            durable_name: Some(self.durable_name()),
            filter_subject: self.bus.config.wire_subject(self.pattern),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.bus.config.ack_wait,
            max_deliver: -1,
            max_ack_pending: MAX_ACK_PENDING,
            ..pull::Config::default()
        };
        let stream = self.bus.config.stream_name(stream);
        let consumer = context.create_consumer_on_stream(config, stream).await;
        let consumer = consumer.map_err(|error| {
            self.bus.streams.forget();
            error.to_string()
        })?;
        Pulls::open(context, link, consumer, CONCURRENCY).await
    }

    /// Tells from time to time how far it is.
    async fn measure(&self) -> Infallible {
        let mut lag = Duration::ZERO;
        loop {
            let pause = match self.progress(lag).await {
                Some(progress) => {
                    self.handler.metrics.stands(self.pattern, &progress);
                    lag = progress.lag;
                    MEASURE
                }
                // It may be about to be made.
                None => MEASURE / 20,
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// `before` is how long events waited at the last look.
    async fn progress(&self, before: Duration) -> Option<Progress> {
        let context = self.bus.connection.context().ok()?;
        let stream = self.bus.config.stream_name(streams::of(self.pattern));
        let found = context.get_consumer_from_stream(self.durable_name(), stream);
        let consumer: consumer::Consumer<pull::Config> = found.await.ok()?;
        let info = consumer.cached_info();
        let begun = self.begun.swap(0, Ordering::Relaxed).checked_sub(1);
        Some(Progress {
            pending: info.num_pending,
            unacknowledged: info.num_ack_pending as u64,
            lag: match begun {
                Some(age) => Duration::from_millis(age),
                None if info.num_pending == 0 => Duration::ZERO,
                None => before + MEASURE,
            },
        })
    }

    /// A consumer's name may hold no dots and no wildcards.
    fn durable_name(&self) -> String {
        let events = self.pattern.split('.').skip(1);
        let events: Vec<_> = events
            .map(|token| match token {
                "*" => "any",
                ">" => "rest",
                token => token,
            })
            .collect();
        format!("{}-{}", self.group, events.join("-"))
    }

    /// Handles messages until no more come or the group stops, then finishes what is in hand and
    /// gives the rest back.
    async fn consume(
        &self,
        mut pulls: Pulls,
        failures: &mut HashMap<u64, u32>,
    ) -> Result<(), String> {
        let mut in_hand = JoinSet::new();
        let end = loop {
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => break Ok(()),
                Some(outcome) = in_hand.join_next() => count(failures, &outcome),
                message = pulls.next(), if in_hand.len() < CONCURRENCY => match message {
                    Ok(message) => {
                        let sequence = sequence(&message);
                        let failed = failures.get(&sequence).copied().unwrap_or(0);
                        in_hand.spawn(self.clone().handle(message, sequence, failed));
                    }
                    Err(why) => break Err(why),
                },
            }
        };
        let finish = async {
            while let Some(outcome) = in_hand.join_next().await {
                count(failures, &outcome);
            }
        };
        let give_back = async {
            for message in pulls.leave().await {
                let _ = message.ack_with(AckKind::Nak(None)).await;
            }
        };
        futures::join!(finish, give_back);
        end
    }

    async fn handle(self, message: Message, sequence: u64, failed: u32) -> Outcome {
        let deliveries = message.info().map_or(1, |info| info.delivered.max(1));
        let deliveries = u32::try_from(deliveries).unwrap_or(u32::MAX);
        let subject = self.bus.config.event_subject(&message.subject).to_owned();
        let fields = headers_or_empty(message.headers.as_ref());
        let event = match headers::read(&subject, &fields, message.payload.clone()) {
            Ok(event) => event,
            Err(why) => return self.bury(&message, &subject, &why).await,
        };
        let id = event.id;
        if deliveries > 1 {
            self.handler.metrics.redelivered(self.pattern);
        }
        let age = self.handler.metrics.age(event.time).as_millis();
        let age = u64::try_from(age).unwrap_or(u64::MAX);
        self.begun
            .fetch_max(age.saturating_add(1), Ordering::Relaxed);
        match self
            .with_signs_of_life(&message, self.handler.handle(event))
            .await
        {
            Ok(()) => {
                // A lost acknowledgement only brings the event again.
                let _ = message.double_ack().await;
                Outcome::Done
            }
            Err(Failure::Transient(why)) => {
                let delay = backoff(deliveries);
                tracing::info!(group = self.group, %id, subject, why, ?delay, "event put off");
                let _ = message.ack_with(AckKind::Nak(Some(delay))).await;
                Outcome::Done
            }
            Err(Failure::Permanent(why)) if failed + 1 >= ATTEMPTS => {
                self.bury(&message, &subject, &why).await
            }
            Err(Failure::Permanent(why)) => {
                tracing::warn!(group = self.group, %id, subject, why, "event failed");
                let _ = message
                    .ack_with(AckKind::Nak(Some(backoff(failed + 1))))
                    .await;
                Outcome::Failed { sequence }
            }
        }
    }

    /// Tells the server from time to time that the event is being worked on.
    async fn with_signs_of_life<T>(&self, message: &Message, work: impl Future<Output = T>) -> T {
        let pause = self.bus.config.ack_wait / 3;
        tokio::pin!(work);
        loop {
            match tokio::time::timeout(pause, &mut work).await {
                Ok(result) => return result,
                Err(_) => {
                    let _ = message.ack_with(AckKind::Progress).await;
                }
            }
        }
    }

    /// Moves the event to the dead letters; it stays where it is until they have it, or are known
    /// never to take it.
    async fn bury(&self, message: &Message, subject: &str, why: &str) -> Outcome {
        match self.dead_letter(message, subject, why).await {
            Ok(()) => {
                tracing::error!(
                    group = self.group,
                    subject,
                    why,
                    "event moved to the dead letters"
                );
                self.given_up(message).await
            }
            Err(PublishError::Refused(refusal)) => {
                tracing::error!(
                    group = self.group,
                    subject,
                    why,
                    refusal,
                    sequence = sequence(message),
                    "event given up, and the dead letters do not take it"
                );
                self.given_up(message).await
            }
            Err(error @ PublishError::Unavailable(_)) => {
                tracing::warn!(group = self.group, subject, %error, "dead letters");
                let _ = message
                    .ack_with(AckKind::Nak(Some(Duration::from_secs(1))))
                    .await;
                Outcome::Failed {
                    sequence: sequence(message),
                }
            }
        }
    }

    async fn given_up(&self, message: &Message) -> Outcome {
        self.handler.metrics.gave_up(self.pattern);
        let _ = message.double_ack_with(AckKind::Term).await;
        Outcome::Done
    }

    async fn dead_letter(
        &self,
        message: &Message,
        subject: &str,
        why: &str,
    ) -> Result<(), PublishError> {
        let context = self.bus.context()?;
        self.bus
            .streams
            .ensure(&context, &self.bus.config, streams::DEAD_LETTERS)
            .await?;
        let fields = dead_letters::mark(
            headers_or_empty(message.headers.as_ref()),
            self.group,
            subject,
            why,
        );
        // The same letter twice, after a lost acknowledgement, is recognised by this.
        let id = format!("{}/{subject}/{}", self.group, sequence(message));
        let letter = PublishMessage::build()
            .headers(fields.clone())
            .payload(message.payload.clone());
        let place = format!("{}.{}.{subject}", streams::DEAD_LETTERS, self.group);
        match self
            .bus
            .send(&context, &place, letter.message_id(&id))
            .await
        {
            // What is known of it is kept without its data, which are too large together.
            Err(PublishError::Refused(refusal)) => {
                tracing::error!(
                    group = self.group,
                    subject,
                    refusal,
                    "event without its data"
                );
                let letter = PublishMessage::build().headers(dead_letters::without_data(fields));
                self.bus.send(&context, &place, letter.message_id(id)).await
            }
            sent => sent,
        }
    }
}

fn count(failures: &mut HashMap<u64, u32>, outcome: &Result<Outcome, tokio::task::JoinError>) {
    /// Enough for every event that can be out at once.
    const REMEMBERED: usize = 10_000;
    if let Ok(Outcome::Failed { sequence }) = outcome {
        if failures.len() >= REMEMBERED {
            failures.clear();
        }
        *failures.entry(*sequence).or_default() += 1;
    }
}

fn sequence(message: &Message) -> u64 {
    message.info().map_or(0, |info| info.stream_sequence)
}
