//! Events that a work group gave up on, kept in the stream `DEAD_LETTERS` to be looked at and
//! published again. (The bus in process leaves them in the publisher's outbox.)

use async_nats::{HeaderMap, jetstream::message::PublishMessage};

use crate::{
    Bus, Event, Kind, PublishError,
    jetstream::{
        headers, headers_or_empty,
        kept::{self, unavailable},
    },
};

/// By which the server recognises repetitions.
const MESSAGE_ID: &str = "Nats-Msg-Id";
const GROUP: &str = "tradewind-group";
const WHY: &str = "tradewind-why";
const SUBJECT: &str = "tradewind-subject";
/// On letters whose event was too large to be kept beside the reason.
const WITHOUT_DATA: &str = "tradewind-without-data";

/// An event that a work group gave up on.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Its place in the stream; names it in [`replay`].
    pub id: u64,
    /// The work group that gave up.
    pub group: String,
    /// What it said last.
    pub why: String,
    /// The event's subject.
    pub subject: String,
    /// The event, unless the message was none; without its data if they were too large to be kept.
    pub event: Option<Event>,
}

/// Adds who gave up and why to the headers of an event.
pub(crate) fn mark(mut headers: HeaderMap, group: &str, subject: &str, why: &str) -> HeaderMap {
    let why: String = why.chars().filter(|c| !c.is_control()).take(500).collect();
    headers.insert(GROUP, group);
    headers.insert(SUBJECT, subject);
    headers.insert(WHY, why.as_str());
    headers
}

/// Marks the headers of a letter that has no room for its event's data.
pub(crate) fn without_data(mut headers: HeaderMap) -> HeaderMap {
    headers.insert(WITHOUT_DATA, "true");
    headers
}

/// Lists the dead letters, oldest first. Empty on a bus in process.
///
/// # Errors
/// When the server is away.
pub async fn list(bus: &Bus) -> Result<Vec<DeadLetter>, PublishError> {
    let Kind::JetStream(bus) = &bus.kind else {
        return Ok(Vec::new());
    };
    let Some(stream) = kept::stream(bus, bus.dead_letters()).await? else {
        return Ok(Vec::new());
    };
    let mut letters = Vec::new();
    let all = String::new();
    let read = kept::messages(&stream, all, |message| {
        let id = message.info().map_err(unavailable)?.stream_sequence;
        let fields = headers_or_empty(message.headers.as_ref());
        letters.push(letter(id, &fields, &message.payload));
        Ok(())
    });
    read.await?;
    Ok(letters)
}

/// Publishes the event of a dead letter again and removes the letter. Work groups that had
/// handled the event recognise it by its id. `false` if there is no such letter.
///
/// # Errors
/// When the server is away, or the letter was kept without its event's data.
pub async fn replay(bus: &Bus, id: u64) -> Result<bool, PublishError> {
    let Kind::JetStream(bus) = &bus.kind else {
        return Ok(false);
    };
    let Some(stream) = kept::stream(bus, bus.dead_letters()).await? else {
        return Ok(false);
    };
    let Ok(message) = stream.get_raw_message(id).await else {
        return Ok(false);
    };
    if message.headers.get(WITHOUT_DATA).is_some() {
        let why = "its data were too large for the dead letters; publish it from the outbox again";
        return Err(PublishError::Refused(why.to_owned()));
    }
    let letter = letter(id, &message.headers, &message.payload);
    let mut fields = HeaderMap::new();
    for (name, values) in message.headers.iter() {
        let name: &str = name.as_ref();
        let ours = [GROUP, WHY, SUBJECT].contains(&name) || name == MESSAGE_ID;
        if let (false, Some(value)) = (ours, values.first()) {
            fields.insert(name, value.clone());
        }
    }
    // Another message id than the first time, which the server may still remember.
    let message = PublishMessage::build()
        .headers(fields)
        .payload(message.payload);
    let message = message.message_id(format!("replay/{id}"));
    let context = bus.context()?;
    bus.send(&context, &letter.subject, message).await?;
    stream.delete_message(id).await.map_err(unavailable)
}

fn letter(id: u64, fields: &HeaderMap, payload: &bytes::Bytes) -> DeadLetter {
    let text = |name| {
        fields
            .get(name)
            .map_or_else(String::new, |v| v.as_str().to_owned())
    };
    let subject = text(SUBJECT);
    let event = headers::read(&subject, fields, payload.clone()).ok();
    DeadLetter {
        id,
        group: text(GROUP),
        why: text(WHY),
        subject,
        event,
    }
}
