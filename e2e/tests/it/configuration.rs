//! The edge's file of configuration, and the schema by which editors and others' programs check it.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output},
};

use e2e::{grpc::tool, process::binary};
use serde_json::{Map, Value, json};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/edge.yaml");

/// Reads the file, prints the schema and ends.
fn edge(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary("tradewind"));
    command.arg("edge").args(arguments).env_clear();
    command.output().expect("it runs")
}

fn schema() -> Value {
    let output = edge(&["--config-schema"]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

/// What a validator that is not ours says of files, all in one run; nothing if they are valid.
fn faults(folder: &Path, schema: &Value, files: &[Value]) -> String {
    let write = |name: &str, value: &Value| {
        let path = folder.join(name);
        std::fs::write(&path, value.to_string()).expect("the folder can be written");
        path
    };
    let mut command = Command::new(tool("jsonschema"));
    command.env("PYTHONWARNINGS", "ignore");
    for (number, file) in files.iter().enumerate() {
        let path = write(&format!("file-{number}.json"), file);
        command.arg("-i").arg(path);
    }
    let output = command.arg(write("schema.json", schema)).output();
    let output = output.unwrap_or_else(|error| {
        panic!("jsonschema is not installed ({error}): scripts/tools openapi, or run the tests by `make test`")
    });
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    match output.status.success() {
        true => String::new(),
        false if text.is_empty() => "it says nothing".to_owned(),
        false => text,
    }
}

#[test]
fn the_example_is_valid_and_is_what_the_edge_reads() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let yaml = std::fs::read_to_string(EXAMPLE).expect("it is there");
    let example: Value = serde_saphyr::from_str(&yaml).expect("it is YAML");
    assert_eq!(faults(folder.path(), &schema(), &[example]), "");
    let output = edge(&["--config", EXAMPLE, "--config-schema"]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_is_wrong_by_the_schema_is_wrong_to_the_edge() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let schema = schema();
    for wrong in [
        json!({"body": {"limt": 1}}),
        json!({"body-limit": "many"}),
        json!({"all-methods": "on"}),
        json!({"profile": "nginx"}),
        json!({"request-timeout": "soon"}),
        json!({"listen": ["0.0.0.0:8080"]}),
        json!({"upstream": {"a": ["b"]}}),
        json!({"config": "x"}),
        json!([]),
    ] {
        let code = reads(folder.path(), &wrong).status.code();
        assert_eq!(code, Some(2), "{wrong}");
        assert_ne!(faults(folder.path(), &schema, &[wrong]), "");
    }
}

/// JSON is YAML.
fn reads(folder: &Path, file: &Value) -> Output {
    let path = folder.join("edge.yaml");
    std::fs::write(&path, format!("{file:#}")).expect("the folder can be written");
    edge(&["--config", &path.display().to_string(), "--config-schema"])
}

/// Values that the schema of a setting allows, as far as it tells.
fn allowed(setting: &Value) -> Vec<Value> {
    let mut values: Vec<_> = setting.get("default").cloned().into_iter().collect();
    let shapes = setting["anyOf"].as_array().cloned().unwrap_or_default();
    for shape in shapes.iter().chain([setting]) {
        match shape["type"].as_str() {
            Some("boolean") => values.extend([json!(true), json!(false)]),
            Some("integer") => values.push(json!(1)),
            Some("array") => values.extend(allowed(&shape["items"]).pop().map(|one| json!([one]))),
            _ => {}
        }
        values.extend(shape["enum"].as_array().cloned().unwrap_or_default());
        if shape.get("anyOf").is_some() && shape != setting {
            values.extend(allowed(shape));
        }
    }
    values
}

#[test]
fn what_the_schema_allows_of_a_setting_the_edge_takes() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let schema = schema();
    let settings = schema["$defs"].as_object().expect("settings");
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut files = Vec::new();
    for (name, setting) in settings.iter().filter(|(name, _)| *name != "variable") {
        for value in allowed(setting) {
            let file = Value::Object(Map::from_iter([(name.clone(), value)]));
            let output = reads(folder.path(), &file);
            // It may want others beside it, which is told of those.
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let is_refused = told.contains(&format!("--{name} ")) || told.contains(": there is no");
            assert!(output.status.success() || !is_refused, "{file}: {told}");
            *seen.entry(name).or_default() += 1;
            files.push(file);
        }
    }
    assert_eq!(faults(folder.path(), &schema, &files), "");
    for name in ["body-limit", "profile", "all-methods", "user-limit"] {
        assert!(seen.contains_key(name), "{name}: {seen:?}");
    }
    assert!(seen.len() > 40, "{seen:?}");
}
