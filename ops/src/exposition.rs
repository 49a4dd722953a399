//! Prometheus' text format, as our processes write it.

use std::collections::{BTreeMap, BTreeSet};

/// A series, and its value.
#[derive(Debug)]
pub struct Series<'a> {
    /// Of a histogram, with the ending of one of its parts.
    pub name: &'a str,
    /// With their values; all of them.
    pub labels: Vec<(&'a str, &'a str)>,
    /// Its value.
    pub value: f64,
}

impl<'a> Series<'a> {
    /// The value of a label, if it has that.
    pub fn label(&self, name: &str) -> Option<&'a str> {
        let label = self.labels.iter().find(|(label, _)| *label == name);
        label.map(|(_, value)| *value)
    }
}

/// The series that a text tells; what cannot be read is passed over.
pub fn series(text: &str) -> impl Iterator<Item = Series<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        Some(Series {
            name: series.split('{').next()?,
            labels: labels(series),
            value: value.parse().ok()?,
        })
    })
}

/// The value of a series of this name that has these labels among its own.
pub fn value(text: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let has = |it: &Series<'_>| {
        labels
            .iter()
            .all(|(label, value)| it.label(label) == Some(*value))
    };
    let mut found = series(text).filter(|it| it.name == name && has(it));
    found.next().map(|it| it.value)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_read_with_their_labels_and_values() {
        let text = "# TYPE took histogram\ntook_bucket{code=\"a b\",le=\"+Inf\"} 3\nup 1.5\n\nno\n";
        let read: Vec<_> = series(text).collect();
        let read: Vec<_> = read
            .iter()
            .map(|it| (it.name, it.label("code"), it.label("le"), it.value))
            .collect();
        let bucket = ("took_bucket", Some("a b"), Some("+Inf"), 3.0);
        assert_eq!(read, [bucket, ("up", None, None, 1.5)]);
        let count = |code| value(text, "took_bucket", &[("code", code)]);
        assert_eq!([count("a b"), count("a")], [Some(3.0), None]);
    }
}
