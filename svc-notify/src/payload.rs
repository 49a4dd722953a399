//! What is told of an event: which one, and how it stands. Whoever wants more asks for it, with a
//! right to see it.

use chrono::{DateTime, SecondsFormat, Utc};
use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, SerializeOptions,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::event_types::EventType;

/// The text that is sent (Standard Webhooks, "Payload structure").
///
/// # Errors
/// If `data` is no such event.
pub(crate) fn of(kind: &EventType, time: DateTime<Utc>, data: &[u8]) -> Result<String, String> {
    let message = DynamicMessage::decode(kind.message.clone(), data)
        .map_err(|error| format!("{} does not decode: {error}", kind.name))?;
    let data = thin(message).map_err(|error| format!("{} is not told: {error}", kind.name))?;
    Ok(with(kind.name, time, &data))
}

/// The text of an event of this kind, at this time, with this data.
pub(crate) fn with(kind: &str, time: DateTime<Utc>, data: &Value) -> String {
    let timestamp = time.to_rfc3339_opts(SecondsFormat::Micros, true);
    json!({"type": kind, "timestamp": timestamp, "data": data}).to_string()
}

/// The same text with the event's id in front, by which one that comes twice is known: for who reads no headers.
pub(crate) fn with_id(id: Uuid, payload: &str) -> String {
    let rest = payload.trim_start_matches('{');
    format!("{{\"id\":\"{id}\",{rest}")
}

/// The message with nothing in it but what may be told of it; as proto3 JSON, with its defaults.
fn thin(mut message: DynamicMessage) -> Result<Value, serde_json::Error> {
    let descriptor = message.descriptor();
    let (told, others): (Vec<_>, Vec<_>) = descriptor.fields().partition(is_told);
    for field in &others {
        message.clear_field(field);
    }
    let options = SerializeOptions::new().skip_default_fields(false);
    let mut value = message.serialize_with_options(serde_json::value::Serializer, &options)?;
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| told.iter().any(|field| field.json_name() == name));
    }
    Ok(value)
}

/// Closed by default: ids and SKUs, versions, states, amounts of money. Names, texts, addresses and
/// lists of them are not told, nor what a new field holds that is none of these.
fn is_told(field: &FieldDescriptor) -> bool {
    if field.cardinality() == Cardinality::Repeated {
        return matches!(field.kind(), Kind::String) && is_of(field, &["skus"], "_ids");
    }
    match field.kind() {
        Kind::String => is_of(field, &["sku"], "_id"),
        Kind::Int64 => field.name() == "version",
        Kind::Enum(_) => true,
        Kind::Bool => field.name() == "won",
        Kind::Message(message) => message.full_name() == "google.type.Money",
        _ => false,
    }
}

/// Ids of tokens and sessions are told to nobody.
fn is_of(field: &FieldDescriptor, names: &[&str], ending: &str) -> bool {
    let name = field.name();
    let is_secret = ["token", "session", "secret"]
        .iter()
        .any(|word| name.contains(word));
    !is_secret && (names.contains(&name) || name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use contracts::tradewind::orders::v1::{Address, OrderConfirmed, OrderItem};
    use contracts::tradewind::payments::v1::DisputeClosed;

    use super::*;
    use crate::event_types::{all, find};

    fn told<M: contracts::Event>(message: &M) -> Value {
        let kind = find(M::SUBJECT).expect("it is an event");
        let text = of(kind, DateTime::UNIX_EPOCH, &message.encode_to_vec());
        serde_json::from_str(&text.expect("it is told")).expect("it is JSON")
    }

    #[test]
    fn an_order_is_told_of_without_who_gets_it_and_what() {
        let order = OrderConfirmed {
            order_id: "o-1".into(),
            version: 2,
            user_id: "u-1".into(),
            items: vec![OrderItem {
                sku: "A".into(),
                title: "A secret gift".into(),
                ..OrderItem::default()
            }],
            ship_to: Some(Address {
                name: "Ada".into(),
                ..Address::default()
            }),
        };
        let expected = json!({
            "type": "orders.v1.OrderConfirmed",
            "timestamp": "1970-01-01T00:00:00.000000Z",
            "data": {"orderId": "o-1", "version": "2", "userId": "u-1"},
        });
        assert_eq!(told(&order), expected);
    }

    #[test]
    fn amounts_and_states_are_told_and_so_is_what_is_false() {
        let data = &told(&DisputeClosed {
            payment_id: "p-1".into(),
            dispute_id: "d-1".into(),
            amount: Some(contracts::google::r#type::Money {
                currency_code: "GBP".into(),
                units: 3,
                nanos: 500_000_000,
            }),
            ..DisputeClosed::default()
        })["data"];
        assert_eq!(data["won"], json!(false));
        assert_eq!(data["amount"]["currencyCode"], "GBP");
        assert_eq!(data["amount"]["units"], "3");
    }

    #[test]
    fn of_every_event_there_is_something_to_tell_by_which_more_can_be_asked_for() {
        for kind in all() {
            let fields: Vec<_> = kind.message.fields().filter(is_told).collect();
            assert!(!fields.is_empty(), "{}: nothing is told of it", kind.name);
        }
    }

    #[test]
    fn an_id_stands_in_front_of_what_is_told() {
        let text = with("a.v1.B", DateTime::UNIX_EPOCH, &json!({"c": "{\n"}));
        let line = with_id(Uuid::nil(), &text);
        assert!(!line.contains('\n'), "{line}");
        let mut read: Value = serde_json::from_str(&line).expect("it is JSON");
        let id = read.as_object_mut().and_then(|read| read.remove("id"));
        assert_eq!(id, Some(json!(Uuid::nil().to_string())));
        assert_eq!(Some(read), serde_json::from_str(&text).ok());
    }

    #[test]
    fn what_is_no_event_is_not_told() {
        let kind = find("orders.v1.OrderConfirmed").expect("it is an event");
        let refused = of(kind, DateTime::UNIX_EPOCH, b"this is none");
        assert!(refused.unwrap_err().contains("does not decode"));
    }
}
