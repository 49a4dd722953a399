//! The rules of ops/prometheus, with all their times shortened by one factor.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use regex::{Captures, Regex};
use serde_json::Value;

use super::ops;

/// An alert that looks at the last hour does so at the last six minutes. How often Prometheus scrapes and
/// evaluates, and how long Alertmanager waits, stays as it is.
pub(super) const FACTOR: u64 = 10;

pub(super) const FILES: [&str; 2] = ["objectives.yaml", "alerts.yaml"];

pub(super) struct Rules {
    /// By alert, for how long its expression has to hold.
    patience: BTreeMap<String, Duration>,
}

impl Rules {
    /// Writes them into a folder.
    pub(super) fn write(folder: &Path) -> Rules {
        let window = Regex::new(r"\[(\w+)\]").expect("it is a pattern");
        let mut patience = BTreeMap::new();
        for file in FILES {
            let mut rules = yaml(&format!("prometheus/{file}"));
            let groups = rules["groups"].as_array_mut().expect("they are in groups");
            for rule in groups
                .iter_mut()
                .flat_map(|group| group["rules"].as_array_mut())
                .flatten()
            {
                let shorter = |found: &Captures<'_>| format!("[{}s]", shortened(&found[1]));
                let expression = rule["expr"].as_str().expect("a rule has an expression");
                rule["expr"] = window.replace_all(expression, shorter).into();
                let lasting = rule["for"].as_str().map_or(0, shortened);
                if let Some(alert) = rule["alert"].as_str().map(str::to_owned) {
                    patience.insert(alert, Duration::from_secs(lasting));
                    rule["for"] = format!("{lasting}s").into();
                }
            }
            write(&folder.join(file), &rules);
        }
        Rules { patience }
    }

    /// How long the expression of an alert has to hold.
    ///
    /// # Panics
    /// When there is no such alert.
    pub(super) fn patience(&self, alert: &str) -> Duration {
        let patience = self.patience.get(alert);
        *patience.unwrap_or_else(|| panic!("there is no alert {alert}"))
    }
}

/// Seconds of a duration of Prometheus, shortened.
fn shortened(text: &str) -> u64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => panic!("{text} is no duration"),
    };
    let number: u64 = number.parse().expect("a duration has a number");
    number * unit / FACTOR
}

/// A file of ops/.
pub(super) fn yaml(path: &str) -> Value {
    let text = fs::read_to_string(ops(path));
    let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Writes YAML, as which JSON does well.
pub(super) fn write(file: &Path, value: &Value) {
    fs::write(file, value.to_string()).expect("a temporary folder can be written");
}
