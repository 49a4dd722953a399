//! What a stream keeps.

use std::{fmt::Display, time::Duration};

use async_nats::jetstream::{
    ErrorCode, Message,
    consumer::{AckPolicy, pull},
    context::GetStreamErrorKind,
    stream::Stream,
};
use futures::StreamExt;

use super::{JetStream, headers, headers_or_empty, streams};
use crate::{Event, PublishError};

/// So many messages are asked for at once.
const BATCH: usize = 256;
/// When the server forgets a reader that has gone.
const GONE: Duration = Duration::from_secs(30);

/// The stream of this name, if there is one. It is not made here, nor made anew: whoever looks may not
/// know how the services keep it.
pub(crate) async fn stream(bus: &JetStream, name: String) -> Result<Option<Stream>, PublishError> {
    match bus.context()?.get_stream(name).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(why)
                if why.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(unavailable(error)),
        },
    }
}

/// Hands each message of a subject of the server's to `each`, the oldest first; of an empty one, all.
pub(crate) async fn messages(
    stream: &Stream,
    subject: String,
    mut each: impl FnMut(&Message) -> Result<(), PublishError>,
) -> Result<(), PublishError> {
    let config = pull::Config {
        ack_policy: AckPolicy::None,
        inactive_threshold: GONE,
        filter_subject: subject,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await.map_err(unavailable)?;
    loop {
        let batch = consumer.fetch().max_messages(BATCH).messages().await;
        let mut batch = batch.map_err(unavailable)?;
        let mut is_end = true;
        while let Some(message) = batch.next().await {
            each(&message.map_err(unavailable)?)?;
            is_end = false;
        }
        if is_end {
            return Ok(());
        }
    }
}

/// Hands each event of this subject to `each`, the oldest first. What is no event is passed over.
pub(crate) async fn events(
    bus: &JetStream,
    subject: &str,
    mut each: impl FnMut(Event),
) -> Result<(), PublishError> {
    let name = bus.config.stream_name(streams::of(subject));
    let Some(stream) = stream(bus, name).await? else {
        return Ok(());
    };
    messages(&stream, bus.config.wire_subject(subject), |message| {
        let fields = headers_or_empty(message.headers.as_ref());
        if let Ok(event) = headers::read(subject, &fields, message.payload.clone()) {
            each(event);
        }
        Ok(())
    })
    .await
}

pub(crate) fn unavailable(error: impl Display) -> PublishError {
    PublishError::Unavailable(error.to_string())
}
