//! The bus over NATS JetStream: a stream per publishing service, a durable pull consumer per
//! work group and subject, and a stream of dead letters.

pub(crate) mod broadcast;
mod connection;
mod credentials;
pub(crate) mod headers;
pub(crate) mod kept;
mod pulls;
mod streams;
pub(crate) mod work;

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{Context, context::PublishErrorKind, message::PublishMessage},
};
use net::SecretUrl;

use crate::{Event, PublishError, Status};

use connection::Connection;
use streams::Streams;

/// How long publishing may take, the making of the stream included.
pub(crate) const PUBLISH_TIMEOUT: Duration = Duration::from_secs(20);

/// Where the server is, and how streams are kept.
#[derive(Clone, Debug)]
pub struct JetStreamConfig {
    /// Such as `nats://localhost:4222`; several servers of a cluster parted by commas.
    pub url: SecretUrl,
    /// Put before the names of streams and subjects, so that several systems can share a server.
    /// Empty for none.
    pub prefix: String,
    /// How many servers of the cluster keep each stream; 1 to 5.
    pub replicas: usize,
    /// How long streams keep events; dead letters are kept until they are replayed.
    pub max_age: Duration,
    /// How long the server waits for a sign of life of a handler before it gives the event to
    /// another member of the group: what a crash of one costs.
    pub ack_wait: Duration,
    /// Whether streams are made, and changed to what is wanted, when they are first needed.
    /// Without it they are expected to be there, made by [`crate::Bus::make_streams`] of somebody
    /// who may: whoever may make or change a stream can have it copy any other.
    pub makes_streams: bool,
}

impl JetStreamConfig {
    /// The server at `url` with the defaults: no prefix, one replica, 30 days, 30 seconds, streams
    /// made when they are needed.
    #[must_use]
    pub fn new(url: impl Into<SecretUrl>) -> Self {
        Self {
            url: url.into(),
            prefix: String::new(),
            replicas: 1,
            max_age: Duration::from_secs(30 * 24 * 3600),
            ack_wait: Duration::from_secs(30),
            makes_streams: true,
        }
    }

    /// The subject on the server.
    fn wire_subject(&self, subject: &str) -> String {
        if self.prefix.is_empty() {
            subject.to_owned()
        } else {
            format!("{}.{subject}", self.prefix)
        }
    }

    /// The subject as events name it.
    fn event_subject<'a>(&self, wire: &'a str) -> &'a str {
        let rest = wire.strip_prefix(&self.prefix).unwrap_or(wire);
        if self.prefix.is_empty() {
            wire
        } else {
            rest.strip_prefix('.').unwrap_or(rest)
        }
    }

    /// The name of a stream on the server.
    fn stream_name(&self, name: &str) -> String {
        let name = name.to_uppercase();
        if self.prefix.is_empty() {
            name
        } else {
            format!("{}-{name}", self.prefix)
        }
    }
}

/// How many servers keep a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// That shall.
    pub configured: usize,
    /// That are there, and have all of it.
    pub current: usize,
}

pub(crate) struct JetStream {
    config: JetStreamConfig,
    connection: Connection,
    streams: Streams,
}

impl JetStream {
    pub(crate) fn connect(config: JetStreamConfig) -> Self {
        Self {
            connection: Connection::open(config.url.expose()),
            streams: Streams::default(),
            config,
        }
    }

    pub(crate) fn place(&self) -> String {
        self.config.url.to_string()
    }

    pub(crate) fn status(&self) -> Status {
        self.connection.status()
    }

    pub(crate) async fn ready(&self) -> Result<(), String> {
        let context = self
            .connection
            .context()
            .map_err(|why| format!("NATS at {}: {why}", self.place()))?;
        match context.query_account().await {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("JetStream at {}: {error}", self.place())),
        }
    }

    pub(crate) fn context(&self) -> Result<Context, PublishError> {
        self.connection.context().map_err(PublishError::Unavailable)
    }

    /// The name of the stream of dead letters.
    pub(crate) fn dead_letters(&self) -> String {
        self.config.stream_name(streams::DEAD_LETTERS)
    }

    /// Makes the streams of these services and that of the dead letters, or changes them to what is
    /// wanted.
    pub(crate) async fn make_streams(&self, services: &[&str]) -> Result<(), PublishError> {
        let context = self.context()?;
        for stream in services.iter().copied().chain([streams::DEAD_LETTERS]) {
            streams::make(&context, &self.config, stream).await?;
        }
        Ok(())
    }

    pub(crate) async fn replicas(&self, service: &str) -> Result<Option<Replicas>, PublishError> {
        let name = self.config.stream_name(service);
        let Some(stream) = kept::stream(self, name).await? else {
            return Ok(None);
        };
        let info = stream.cached_info();
        // A server that belongs to no cluster.
        let current = info.cluster.as_ref().map_or(1, |cluster| {
            let others = cluster.replicas.iter();
            let others = others.filter(|other| other.current && !other.offline);
            usize::from(cluster.leader.is_some()) + others.count()
        });
        Ok(Some(Replicas {
            configured: info.config.num_replicas,
            current,
        }))
    }

    /// Stores the event; returns when the server has acknowledged it.
    pub(crate) async fn publish(&self, event: &Event) -> Result<(), PublishError> {
        let stored = tokio::time::timeout(PUBLISH_TIMEOUT, self.store(event)).await;
        stored.unwrap_or_else(|_| Err(PublishError::Unavailable("no answer in time".to_owned())))
    }

    async fn store(&self, event: &Event) -> Result<(), PublishError> {
        let context = self.context()?;
        self.streams
            .ensure(&context, &self.config, streams::of(&event.subject))
            .await?;
        let message = PublishMessage::build()
            .headers(headers::of(event))
            .payload(event.data.clone())
            .message_id(message_id(event));
        self.send(&context, &event.subject, message).await
    }

    pub(crate) async fn send(
        &self,
        context: &Context,
        subject: &str,
        message: PublishMessage,
    ) -> Result<(), PublishError> {
        let subject = self.config.wire_subject(subject);
        let stored = match context.send_publish(subject, message).await {
            Ok(acknowledgement) => acknowledgement.await.map(|_| ()),
            Err(error) => Err(error),
        };
        stored.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => PublishError::Refused(error.to_string()),
            PublishErrorKind::StreamNotFound => {
                // The server lost its streams: make them anew at the next attempt.
                self.streams.forget();
                PublishError::Unavailable(error.to_string())
            }
            _ => PublishError::Unavailable(error.to_string()),
        })
    }
}

/// By which the server recognises that an event is published twice.
fn message_id(event: &Event) -> String {
    match event.publication {
        0 => event.id.to_string(),
        again => format!("{}/{again}", event.id),
    }
}

/// Headers of a message, empty if it has none.
pub(crate) fn headers_or_empty(headers: Option<&HeaderMap>) -> HeaderMap {
    headers.cloned().unwrap_or_default()
}
