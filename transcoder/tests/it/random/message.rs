//! A random message of a random contract.

use std::collections::HashMap;

use transcoder::prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

use super::choices::Choices;

pub(super) fn message(
    choices: &mut Choices,
    descriptor: &MessageDescriptor,
    depth: u32,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        let is_deep = matches!(field.kind(), Kind::Message(_)) && !field.is_map() && depth == 0;
        if choices.one_in(3) || is_deep {
            continue;
        }
        let value = value(choices, &field, depth);
        message.set_field(&field, value);
    }
    message
}

fn value(choices: &mut Choices, field: &FieldDescriptor, depth: u32) -> Value {
    if field.is_map() {
        return Value::Map(map(choices, field, depth));
    }
    if field.is_list() {
        let length = choices.below(5);
        return Value::List(
            (0..length)
                .map(|_| single(choices, &field.kind(), depth))
                .collect(),
        );
    }
    single(choices, &field.kind(), depth)
}

fn map(choices: &mut Choices, field: &FieldDescriptor, depth: u32) -> HashMap<MapKey, Value> {
    let Kind::Message(entry) = field.kind() else {
        return HashMap::new();
    };
    let (of_key, of_value) = (
        entry.map_entry_key_field(),
        entry.map_entry_value_field().kind(),
    );
    if depth == 0 && matches!(of_value, Kind::Message(_)) {
        return HashMap::new();
    }
    let length = [1, 1, 0, 2, 30][choices.below(5) as usize];
    let mut key = || match single(choices, &of_key.kind(), 0) {
        Value::Bool(key) => MapKey::Bool(key),
        Value::I32(key) => MapKey::I32(key),
        Value::I64(key) => MapKey::I64(key),
        Value::U32(key) => MapKey::U32(key),
        Value::U64(key) => MapKey::U64(key),
        Value::String(key) => MapKey::String(key),
        other => unreachable!("{other:?} is no key"),
    };
    let keys: Vec<MapKey> = (0..length).map(|_| key()).collect();
    keys.into_iter()
        .map(|key| (key, single(choices, &of_value, depth)))
        .collect()
}

fn single(choices: &mut Choices, kind: &Kind, depth: u32) -> Value {
    let bits = choices.bits();
    match kind {
        Kind::Bool => Value::Bool(bits & 1 == 1),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(signed(choices, bits) as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(signed(choices, bits)),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(bits as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(bits),
        Kind::Float => Value::F32(match choices.below(8) {
            0 => f32::NAN,
            1 => f32::NEG_INFINITY,
            2 => signed(choices, bits) as f32,
            _ => positive(f64::from(f32::from_bits(bits as u32))) as f32,
        }),
        Kind::Double => Value::F64(match choices.below(8) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => signed(choices, bits) as f64,
            _ => positive(f64::from_bits(bits)),
        }),
        Kind::String => Value::String(choices.text()),
        Kind::Bytes => Value::Bytes(choices.text().into_bytes().into()),
        Kind::Enum(_) => Value::EnumNumber([0, 1, 7, -1][(bits % 4) as usize]),
        Kind::Message(message) => Value::Message(self::message(choices, message, depth.max(1) - 1)),
    }
}

fn signed(choices: &mut Choices, bits: u64) -> i64 {
    if choices.one_in(2) {
        (bits as i64).wrapping_neg()
    } else {
        bits as i64
    }
}

/// The oracle takes -0 for absent, and its NaNs have more than one form.
fn positive(value: f64) -> f64 {
    if value.is_nan() || value == 0.0 {
        0.5
    } else {
        value
    }
}

/// Whether some map has at least that many entries. More than one have no order.
pub(super) fn has_map_of(entries: usize, message: &DynamicMessage) -> bool {
    fn has(entries: usize, value: &Value) -> bool {
        match value {
            Value::Message(message) => has_map_of(entries, message),
            Value::List(values) => values.iter().any(|value| has(entries, value)),
            Value::Map(map) => {
                map.len() >= entries || map.values().any(|value| has(entries, value))
            }
            _ => false,
        }
    }
    message.fields().any(|(_, value)| has(entries, value))
}
