//! Query binding against a model that builds JSON, and JSON bodies and replies against
//! prost-reflect's own mapping, on random messages.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use transcoder::Transcoder;
use transcoder::prost_reflect::{DynamicMessage, MessageDescriptor};

use crate::{matched, shop};

static SHOP: LazyLock<Transcoder> = LazyLock::new(shop);

fn everything() -> MessageDescriptor {
    SHOP.pool()
        .get_message_by_name("shop.v1.Everything")
        .expect("it is in shop.proto")
}

/// prost-reflect's reading of a JSON text.
fn oracle(json: &Value) -> DynamicMessage {
    DynamicMessage::deserialize(everything(), json).expect("the strategies make valid JSON")
}

/// Values of singular fields that a query can hold, as (name, JSON).
fn single() -> BoxedStrategy<(&'static str, Value)> {
    prop_oneof![
        any::<String>().prop_map(|v| ("text", json!(v))),
        any::<bool>().prop_map(|v| ("flag", json!(v))),
        any::<i32>().prop_map(|v| ("i32", json!(v))),
        any::<i64>().prop_map(|v| ("i64", json!(v.to_string()))),
        any::<u32>().prop_map(|v| ("u32", json!(v))),
        any::<u64>().prop_map(|v| ("u64", json!(v.to_string()))),
        any::<i32>().prop_map(|v| ("s32", json!(v))),
        any::<i64>().prop_map(|v| ("s64", json!(v.to_string()))),
        any::<u32>().prop_map(|v| ("f32", json!(v))),
        any::<u64>().prop_map(|v| ("f64", json!(v.to_string()))),
        any::<i32>().prop_map(|v| ("sf32", json!(v))),
        any::<i64>().prop_map(|v| ("sf64", json!(v.to_string()))),
        any::<f32>().prop_map(|v| ("single", real(f64::from(v)))),
        any::<f64>().prop_map(|v| ("real", real(v))),
        base64().prop_map(|v| ("raw", v)),
        color().prop_map(|v| ("color", v)),
        timestamp().prop_map(|v| ("created", v)),
        (-1_000_000..1_000_000i64).prop_map(|v| ("lasts", json!(format!("{v}s")))),
        any::<i64>().prop_map(|v| ("maybe", json!(v.to_string()))),
        any::<String>().prop_map(|v| ("maybeText", json!(v))),
        any::<bool>().prop_map(|v| ("maybeFlag", json!(v))),
        any::<i32>().prop_map(|v| ("optionalNumber", json!(v))),
        any::<i32>().prop_map(|v| ("choiceNumber", json!(v))),
        "[a-z]{1,5}(,[a-z]{1,5}\\.[a-z]{1,3}[A-Z][a-z]{1,3})?".prop_map(|v| ("mask", json!(v))),
    ]
    .boxed()
}

fn real(value: f64) -> Value {
    match value {
        _ if value.is_nan() => json!("NaN"),
        _ if value.is_infinite() && value > 0.0 => json!("Infinity"),
        _ if value.is_infinite() => json!("-Infinity"),
        value => json!(value),
    }
}

fn base64() -> impl Strategy<Value = Value> {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;
    prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| json!(STANDARD.encode(bytes)))
}

fn color() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec!["COLOR_UNSPECIFIED", "COLOR_RED", "COLOR_DARK_BLUE"])
            .prop_map(|name| json!(name)),
        (3..100i32).prop_map(|number| json!(number)),
    ]
}

fn timestamp() -> impl Strategy<Value = Value> {
    (
        1..9999u32,
        1..13u32,
        1..29u32,
        0..24u32,
        0..60u32,
        0..1000u32,
    )
        .prop_map(|(year, month, day, hour, minute, milli)| {
            json!(format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:07.{milli:03}Z"
            ))
        })
}

fn owner() -> impl Strategy<Value = Value> {
    let names = prop::collection::vec(any::<String>(), 0..3);
    let leaf = (any::<String>(), any::<i32>(), names)
        .prop_map(|(name, age, nicks)| json!({ "name": name, "age": age, "nickNames": nicks }));
    leaf.prop_recursive(3, 8, 1, |inner| {
        (any::<i32>(), inner).prop_map(|(age, boss)| json!({ "age": age, "boss": boss }))
    })
}

/// Anything that `google.protobuf.Value` holds. Its numbers are doubles.
fn free() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Fields that only JSON can hold.
fn structured() -> BoxedStrategy<(&'static str, Value)> {
    prop_oneof![
        single(),
        single(),
        prop::collection::vec(any::<String>(), 0..4).prop_map(|v| ("texts", json!(v))),
        prop::collection::vec(any::<i32>(), 0..4).prop_map(|v| ("numbers", json!(v))),
        prop::collection::vec(color(), 0..4).prop_map(|v| ("colors", json!(v))),
        prop::collection::vec(base64(), 0..3).prop_map(|v| ("raws", json!(v))),
        prop::collection::vec(timestamp(), 0..3).prop_map(|v| ("times", json!(v))),
        owner().prop_map(|v| ("owner", v)),
        prop::collection::vec(owner(), 0..3).prop_map(|v| ("owners", json!(v))),
        prop::option::of((any::<String>(), any::<i32>())).prop_map(|v| (
            "labels",
            Value::Object(v.map(|(k, v)| (k, json!(v))).into_iter().collect())
        )),
        (any::<i64>(), owner()).prop_map(|(k, v)| ("byNumber", json!({ k.to_string(): v }))),
        any::<bool>().prop_map(|k| ("switches", json!({ k.to_string(): "COLOR_RED" }))),
        free().prop_map(|v| ("value", v)),
        prop::collection::vec(free(), 0..3).prop_map(|v| ("items", json!(v))),
        (any::<String>(), free()).prop_map(|(k, v)| ("extra", json!({ k: v }))),
        base64().prop_map(|v| ("maybeRaw", v)),
        Just((
            "any",
            json!({ "@type": "type.googleapis.com/google.protobuf.Duration", "value": "7s" })
        )),
        owner().prop_map(|mut v| {
            v["@type"] = json!("type.googleapis.com/shop.v1.Owner");
            ("any", v)
        }),
    ]
    .boxed()
}

/// A message in JSON; of each oneof at most one member.
pub(crate) fn message() -> impl Strategy<Value = Value> {
    let fields = |inner: BoxedStrategy<(&'static str, Value)>| {
        prop::collection::vec(inner, 0..12).prop_map(|fields| {
            Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
        })
    };
    fields(structured()).prop_recursive(2, 6, 1, move |inner| {
        fields(prop_oneof![structured(), inner.prop_map(|v| ("inner", v))].boxed())
    })
}

/// A value as the text of a query parameter.
fn text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_query_means_the_same_as_json(
        singles in prop::collection::hash_map("(inner\\.){0,2}", prop::collection::vec(single(), 0..6), 0..3),
        texts in prop::collection::vec(any::<String>(), 0..4),
        numbers in prop::collection::vec(any::<i32>(), 0..4),
    ) {
        let mut root = Map::new();
        let mut query = Vec::new();
        for (prefix, fields) in &singles {
            for (name, value) in fields {
                let mut object = &mut root;
                for part in prefix.split_terminator('.') {
                    let inner = object.entry(part).or_insert_with(|| json!({}));
                    object = inner.as_object_mut().expect("`inner` is an object");
                }
                if object.insert((*name).to_owned(), value.clone()).is_none() {
                    query.push(format!("{prefix}{name}={}", text(value)));
                } else {
                    // The same parameter twice is refused; the model keeps the last one.
                    query.retain(|pair| !pair.starts_with(&format!("{prefix}{name}=")));
                    query.push(format!("{prefix}{name}={}", text(value)));
                }
            }
        }
        query.extend(texts.iter().map(|v| format!("texts={}", text(&json!(v)))));
        query.extend(numbers.iter().map(|v| format!("numbers={v}")));
        root.insert("texts".to_owned(), json!(texts));
        root.insert("numbers".to_owned(), json!(numbers));

        let find = matched(&SHOP, "GET", "/v1/things");
        let wire = find.request(Some(&query.join("&")), b"").expect("every parameter fits");
        let bound = DynamicMessage::decode(everything(), wire).expect("a message");
        // As JSON, since NaN is not equal to itself.
        prop_assert_eq!(
            serde_json::to_value(&bound).expect("JSON"),
            serde_json::to_value(oracle(&Value::Object(root))).expect("JSON")
        );
    }

    #[test]
    fn bodies_are_read_as_prost_reflect_reads_them(body in message()) {
        let put = matched(&SHOP, "PUT", "/v1/all/x");
        let wire = put.request(None, body.to_string().as_bytes()).expect("the oracle reads it");
        let read = DynamicMessage::decode(everything(), wire).expect("a message");
        let mut expected = oracle(&body);
        expected.set_field_by_name("text", transcoder::prost_reflect::Value::String("x".to_owned()));
        prop_assert_eq!(
            serde_json::to_value(&read).expect("JSON"),
            serde_json::to_value(&expected).expect("JSON")
        );
    }

    #[test]
    fn replies_are_printed_as_prost_reflect_prints_them(body in message()) {
        use prost::Message as _;
        let message = oracle(&body);
        let put = matched(&SHOP, "PUT", "/v1/all/x");
        let printed = put.route().response(&message.encode_to_vec()).expect("JSON");
        prop_assert_eq!(
            String::from_utf8(printed).expect("UTF-8"),
            serde_json::to_string(&message).expect("JSON")
        );
    }
}
