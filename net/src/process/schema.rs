//! The JSON Schema of a configuration file, for editors and for checks before it is rolled out.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Arg, Command};
use serde_json::{Map, Value, json};

use super::file::{Flags, takes_nothing, takes_pairs, takes_several};

/// What [`super::file::parse`] reads, flat and in sections. What it accepts has the right names and the
/// right shapes; what a text must be, the program alone knows.
pub fn schema(command: &Command, own: &[&str]) -> Value {
    let flags = Flags::of(command, own);
    let all: BTreeMap<&str, &Arg> = flags.all().collect();
    let mut definitions = Map::new();
    definitions.insert("variable".into(), variable());
    definitions.extend(
        all.iter()
            .map(|(name, flag)| ((*name).to_owned(), setting(flag))),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Configuration of {}", command.get_name()),
        "description": "The flags of the program: nested keys join with -, a list is a flag given several \
                        times, ${NAME} is an environment variable.",
        "type": "object",
        "properties": section(&all, ""),
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// The settings whose names go on from there, and the sections that they make.
fn section(all: &BTreeMap<&str, &Arg>, above: &str) -> Map<String, Value> {
    let rests = all
        .keys()
        .filter_map(|name| Some((name.strip_prefix(above)?, name)));
    let mut properties = Map::new();
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    for (rest, name) in rests {
        let definition = json!({"$ref": format!("#/$defs/{name}")});
        properties.insert(rest.to_owned(), definition);
        if let Some((word, _)) = rest.split_once('-') {
            *words.entry(word).or_default() += 1;
        }
    }
    // A section of one is the same setting in two words.
    for (word, _) in words.into_iter().filter(|(_, flags)| *flags > 1) {
        let name = format!("{above}{word}");
        let inner = json!({
            "description": format!("The settings that begin with {name}-."),
            "type": "object",
            "properties": section(all, &format!("{name}-")),
            "additionalProperties": false,
        });
        match (properties.get_mut(word), all.get(name.as_str())) {
            (Some(_), Some(flag)) if takes_pairs(flag) => {}
            (Some(lone), _) => *lone = json!({"anyOf": [lone.take(), inner]}),
            (None, _) => drop(properties.insert(word.to_owned(), inner)),
        }
    }
    properties
}

fn variable() -> Value {
    json!({
        "description": "An environment variable.",
        "type": "string",
        "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$",
    })
}

fn setting(flag: &Arg) -> Value {
    let one = one(flag);
    let mut shapes = vec![one.clone()];
    if takes_several(flag) {
        shapes.push(json!({"type": "array", "items": one}));
    }
    if takes_pairs(flag) {
        shapes.push(json!({"type": "object", "additionalProperties": {"type": "string"}}));
    }
    let mut setting = match shapes.len() {
        1 => one,
        _ => json!({"anyOf": shapes}),
    };
    setting["description"] = description(flag).into();
    if let [default] = flag.get_default_values()
        && let Some(default) = default.to_str()
        && !takes_nothing(flag)
    {
        setting["default"] = typed(flag, default);
    }
    setting
}

fn description(flag: &Arg) -> String {
    let help = flag.get_long_help().or(flag.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    match flag.get_env().and_then(|name| name.to_str()) {
        Some(name) => format!("{help}\n\nIn the environment: {name}"),
        None => help,
    }
}

/// One value of it.
fn one(flag: &Arg) -> Value {
    let or_variable = |value: Value| json!({"anyOf": [value, {"$ref": "#/$defs/variable"}]});
    let possible = flag.get_possible_values();
    if is_boolean(flag) {
        or_variable(json!({"type": "boolean"}))
    } else if let Some(maximum) = maximum(flag) {
        or_variable(json!({"type": "integer", "minimum": 0, "maximum": maximum}))
    } else if !possible.is_empty() {
        let names: Vec<_> = possible.iter().map(|value| value.get_name()).collect();
        or_variable(json!({"enum": names}))
    } else if is_of::<Duration>(flag) {
        or_variable(json!({
            "type": "string",
            "pattern": "^[0-9]+(ns|us|ms|s|m|h|d)( ?[0-9]+(ns|us|ms|s|m|h|d))*$",
        }))
    } else {
        json!({"type": "string"})
    }
}

fn typed(flag: &Arg, default: &str) -> Value {
    let number = maximum(flag).and_then(|_| default.parse::<u64>().ok());
    match (number, default) {
        (Some(number), _) => number.into(),
        (None, "true" | "false") if is_boolean(flag) => (default == "true").into(),
        (None, _) => default.into(),
    }
}

fn is_boolean(flag: &Arg) -> bool {
    takes_nothing(flag) || is_of::<bool>(flag)
}

fn is_of<T: 'static>(flag: &Arg) -> bool {
    flag.get_value_parser().type_id() == TypeId::of::<T>()
}

/// Of those that are whole numbers.
fn maximum(flag: &Arg) -> Option<u64> {
    let largest = [
        (TypeId::of::<u8>(), u64::from(u8::MAX)),
        (TypeId::of::<u16>(), u64::from(u16::MAX)),
        (TypeId::of::<u32>(), u64::from(u32::MAX)),
        (TypeId::of::<u64>(), u64::MAX),
        (TypeId::of::<usize>(), usize::MAX as u64),
    ];
    let parsed = flag.get_value_parser().type_id();
    let is_it = |(kind, _): &&(TypeId, u64)| parsed == *kind;
    largest.iter().find(is_it).map(|(_, maximum)| *maximum)
}
