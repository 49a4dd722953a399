//! Streams are made when they are first needed, by whoever comes first, unless they are expected to
//! be there.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_nats::jetstream::{
    Context,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};

use super::JetStreamConfig;
use crate::{PublishError, subject};

/// Within this time the server recognises a repeated `Nats-Msg-Id`. Later repetitions are the
/// inboxes' business.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// Both the name of the stream of dead letters and the first token of its subjects, in lower case.
pub(crate) const DEAD_LETTERS: &str = "dead_letters";

/// The streams known to exist.
#[derive(Default)]
pub(crate) struct Streams(Mutex<HashSet<String>>);

/// The stream that holds a subject, named after the service that publishes it.
pub(crate) fn of(event_subject: &str) -> &str {
    subject::service(event_subject)
}

impl Streams {
    /// Makes the stream unless it is known to exist, or is expected to.
    pub(crate) async fn ensure(
        &self,
        context: &Context,
        config: &JetStreamConfig,
        stream: &str,
    ) -> Result<(), PublishError> {
        if !config.makes_streams || self.known().contains(stream) {
            return Ok(());
        }
        make(context, config, stream).await?;
        self.known().insert(stream.to_owned());
        Ok(())
    }

    pub(crate) fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the stream, or changes it to what is wanted.
pub(crate) async fn make(
    context: &Context,
    config: &JetStreamConfig,
    stream: &str,
) -> Result<(), PublishError> {
    let wanted = Config {
        name: config.stream_name(stream),
        subjects: vec![config.wire_subject(&format!("{stream}.>"))],
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        storage: StorageType::File,
        num_replicas: config.replicas,
        max_age: if stream == DEAD_LETTERS {
            Duration::ZERO
        } else {
            config.max_age
        },
        duplicate_window: DUPLICATE_WINDOW,
        ..Config::default()
    };
    let made = context.create_or_update_stream(wanted).await;
    made.map(|_| ()).map_err(|error| {
        PublishError::Unavailable(format!("stream {}: {error}", config.stream_name(stream)))
    })
}
