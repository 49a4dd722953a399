//! Values on and beside each bound.

use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

use contract_rules::written::Written;

/// Messages within messages, so deep.
const DEPTH: usize = 3;

/// One that is mostly right, and others of which each has another value in one place.
pub(crate) fn of(message: &MessageDescriptor) -> impl Iterator<Item = DynamicMessage> {
    messages(message, DEPTH).into_iter()
}

fn messages(message: &MessageDescriptor, depth: usize) -> Vec<DynamicMessage> {
    let empty = DynamicMessage::new(message.clone());
    if depth == 0 {
        return vec![empty];
    }
    let fields: Vec<_> = message
        .fields()
        .map(|field| {
            let values = of_field(&field, depth);
            (field, values)
        })
        .collect();
    let mut whole = empty.clone();
    for (field, values) in &fields {
        if let Some(value) = values.first() {
            whole.set_field(field, value.clone());
        }
    }
    let mut all = vec![whole.clone(), empty];
    for (field, values) in &fields {
        let mut without = whole.clone();
        without.clear_field(field);
        all.push(without);
        for value in values {
            let mut other = whole.clone();
            other.set_field(field, value.clone());
            all.push(other);
        }
    }
    all
}

/// The first is mostly right.
fn of_field(field: &FieldDescriptor, depth: usize) -> Vec<Value> {
    let written = Written::of(field);
    if field.is_map() {
        let kind = field.kind();
        let entry = kind.as_message().expect("it is a map");
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let keys = of_one(&key, &inner(&written, "keys"), depth);
        let values = of_one(&value, &inner(&written, "values"), depth);
        let value = values[0].clone();
        let map = |count: u64| {
            let entries = (0..count).map(|at| (MapKey::String(format!("k{at}")), value.clone()));
            Value::Map(entries.collect())
        };
        let keys = keys.iter().filter_map(Value::as_str);
        let keys =
            keys.map(|key| Value::Map([(MapKey::String(key.to_owned()), value.clone())].into()));
        let sizes = lengths(&written, "min_pairs", "max_pairs")
            .into_iter()
            .map(map);
        let values = values
            .iter()
            .map(|one| Value::Map([(MapKey::String("k".to_owned()), one.clone())].into()));
        return values
            .clone()
            .take(1)
            .chain(keys)
            .chain(sizes)
            .chain(values)
            .collect();
    }
    if field.cardinality() == Cardinality::Repeated {
        let items = of_one(field, &inner(&written, "items"), depth);
        let ones = items.iter().map(|item| Value::List(vec![item.clone()]));
        // Others than each other, as far as there are so many.
        let list = |count: u64| {
            let items = items
                .iter()
                .cycle()
                .take(usize::try_from(count).expect("it is small"));
            Value::List(items.cloned().collect())
        };
        let sizes = lengths(&written, "min_items", "max_items")
            .into_iter()
            .map(list);
        let twice = Value::List(vec![items[0].clone(), items[0].clone()]);
        return ones.chain(sizes).chain([twice]).collect();
    }
    of_one(field, &written, depth)
}

fn inner(written: &Written, name: &str) -> Written {
    let rules = written.typed.as_ref().map(|(_, rules)| rules);
    let rules = rules.and_then(|rules| rules.get_field_by_name(name));
    rules.map_or_else(Written::default, |rules| Written::read(&rules))
}

fn of_one(field: &FieldDescriptor, written: &Written, depth: usize) -> Vec<Value> {
    match field.kind() {
        Kind::Message(message) => {
            let messages = messages(&message, depth - 1);
            messages.into_iter().map(Value::Message).collect()
        }
        Kind::Enum(of) => {
            let known: Vec<i32> = of.values().map(|value| value.number()).collect();
            let last = known.iter().max().copied().unwrap_or_default();
            let beside = [last + 1, -1];
            known
                .into_iter()
                .rev()
                .chain(beside)
                .map(Value::EnumNumber)
                .collect()
        }
        Kind::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Kind::String => texts(written).into_iter().map(Value::String).collect(),
        Kind::Bytes => (0..40)
            .map(|length| Value::Bytes(vec![7; length].into()))
            .collect(),
        Kind::Float => vec![Value::F32(1.5), Value::F32(0.0), Value::F32(f32::NAN)],
        Kind::Double => vec![Value::F64(1.5), Value::F64(0.0), Value::F64(f64::NAN)],
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            numbers(written, |it| i32::try_from(it).ok().map(Value::I32))
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            numbers(written, |it| i64::try_from(it).ok().map(Value::I64))
        }
        Kind::Uint32 | Kind::Fixed32 => {
            numbers(written, |it| u32::try_from(it).ok().map(Value::U32))
        }
        Kind::Uint64 | Kind::Fixed64 => {
            numbers(written, |it| u64::try_from(it).ok().map(Value::U64))
        }
    }
}

fn numbers(written: &Written, value: impl Fn(i128) -> Option<Value>) -> Vec<Value> {
    let mut all = vec![1, 2, 0, -1];
    if let Some((_, rules)) = &written.typed {
        for (_, bound) in rules.fields() {
            let bounds = bound
                .as_list()
                .map_or(std::slice::from_ref(bound), |list| list);
            for bound in bounds.iter().filter_map(number) {
                all.extend([bound - 1, bound, bound + 1]);
            }
        }
    }
    let ends = [i64::from(i32::MIN), i32::MAX.into(), i64::MIN, i64::MAX];
    all.extend(ends.map(i128::from));
    all.into_iter().filter_map(value).collect()
}

fn number(value: &Value) -> Option<i128> {
    let signed = value
        .as_i32()
        .map(i128::from)
        .or(value.as_i64().map(i128::from));
    signed
        .or(value.as_u32().map(i128::from))
        .or(value.as_u64().map(i128::from))
}

/// On each bound and beside it; around a few, where there is none.
fn lengths(written: &Written, least: &str, most: &str) -> Vec<u64> {
    let rules = written.typed.as_ref().map(|(_, rules)| rules);
    let bound = |name: &str| {
        let rules = rules?;
        let bound = rules
            .has_field_by_name(name)
            .then(|| rules.get_field_by_name(name))??;
        bound.as_u64()
    };
    let bounds = [bound(least), bound(most), bound("len"), Some(1)];
    let beside = |bound: u64| [bound.saturating_sub(1), bound, bound + 1];
    bounds.into_iter().flatten().flat_map(beside).collect()
}

const UUID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// What one rule or another of a contract takes.
const TEXTS: &[&str] = &[
    "",
    " ",
    "x",
    "X",
    "é",
    "TEA-DARJ-100",
    "tea-darj",
    "a.b",
    "GB",
    "gb",
    "GBR",
    "EUR",
    "eur",
    "01890A5D-AC96-774B-BCCE-B302099A8057",
    "01890a5dac96774bbcceb302099a8057",
    "{01890a5d-ac96-774b-bcce-b302099a8057}",
    "ada@example.com",
    "ada@",
    "https://a.b/c",
    "/a",
    "a b",
    "-",
    "_",
    "1",
    "a\n",
    "\u{1f6a2}",
];

fn texts(written: &Written) -> Vec<String> {
    let rules = written.typed.as_ref().map(|(_, rules)| rules);
    let is = |name| rules.is_some_and(|rules| rules.has_field_by_name(name));
    let first = if is("uuid") { UUID } else { "EUR" };
    let mut all = vec![first.to_owned()];
    all.extend(TEXTS.iter().map(|&text| text.to_owned()));
    let prefix = rules.and_then(|rules| rules.get_field_by_name("prefix"));
    let prefix = prefix
        .and_then(|prefix| prefix.as_str().map(str::to_owned))
        .unwrap_or_default();
    for length in lengths(written, "min_len", "max_len") {
        let length = usize::try_from(length).expect("it is small");
        // A letter of each size in UTF-8, and what most patterns take.
        all.extend(["A", "a", "7", "é", "\u{1f6a2}"].map(|letter| letter.repeat(length)));
        all.push(prefix.clone() + &"a".repeat(length.saturating_sub(prefix.len())));
    }
    all
}
