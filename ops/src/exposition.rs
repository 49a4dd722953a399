//! Prometheus' text format, as our processes write it.

use std::collections::{BTreeMap, BTreeSet};

/// What was told of a metric.
#[derive(Debug, Default)]
pub struct Seen {
    /// Types that it was said to be of.
    pub kinds: BTreeSet<String>,
    /// Labels with their values; not `le`, nor `otel_scope_name`, which all have.
    pub labels: BTreeMap<String, BTreeSet<String>>,
    /// How many series; of a histogram, of each part and bucket.
    pub series: usize,
}

/// Adds what a text tells, by the names of metrics. `# TYPE` stands before the series.
///
/// # Panics
/// When a type has no name.
pub fn read(text: &str, all: &mut BTreeMap<String, Seen>) {
    let mut current = String::new();
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            let (name, kind) = told.split_once(' ').expect("a name and a type");
            name.clone_into(&mut current);
            let seen = all.entry(current.clone()).or_default();
            seen.kinds.insert(kind.to_owned());
        } else if !line.starts_with('#') {
            let seen = all.entry(current.clone()).or_default();
            seen.series += 1;
            for (label, value) in labels(line) {
                if !matches!(label, "le" | "otel_scope_name") {
                    let values = seen.labels.entry(label.to_owned()).or_default();
                    values.insert(value.to_owned());
                }
            }
        }
    }
}

/// Those of a series. No value of ours has a quote in it.
fn labels(line: &str) -> Vec<(&str, &str)> {
    let Some((_, rest)) = line.split_once('{') else {
        return Vec::new();
    };
    let Some((inside, _)) = rest.rsplit_once('}') else {
        return Vec::new();
    };
    let pairs = inside.trim_end_matches(',').split("\",");
    let pairs = pairs.filter_map(|pair| pair.split_once("=\""));
    pairs
        .map(|(name, value)| (name, value.trim_end_matches('"')))
        .collect()
}
