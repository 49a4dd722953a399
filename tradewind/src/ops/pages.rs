//! Tables of metrics in pages, each between two comments: the first names the metrics, or who has them.

use ::ops::{Catalogue, Metric, Source, Values};
use anyhow::{Context as _, Result};

use crate::fill::Marks;

const MARKS: Marks = Marks {
    begin: "<!-- Written by `tradewind ops generate`: ",
    close: " -->",
    end: "<!-- End of what is generated. -->",
};

/// The page with its tables anew.
pub(super) fn page(text: &str, catalogue: &Catalogue) -> Result<String> {
    MARKS.parts(text).try_fold(text.to_owned(), |text, part| {
        MARKS.fill(&text, part, table(part, catalogue)?)
    })
}

fn table(part: &str, catalogue: &Catalogue) -> Result<Vec<String>> {
    let metrics: Vec<_> = if part == "the edge's metrics" {
        let all = catalogue.metrics.iter();
        all.filter(|metric| metric.from.contains(&Source::Edge))
            .collect()
    } else {
        let named = part.split(", ").map(|name| {
            let found = catalogue.find(name);
            found.with_context(|| format!("ops/metrics.yaml does not name {name}"))
        });
        named.collect::<Result<_>>()?
    };
    let head = ["| metric | labels | what |", "|---|---|---|"].map(str::to_owned);
    Ok(head
        .into_iter()
        .chain(metrics.into_iter().map(row))
        .collect())
}

fn row(metric: &Metric) -> String {
    let mut labels = metric
        .labels
        .iter()
        .map(label)
        .collect::<Vec<_>>()
        .join(", ");
    if !labels.is_empty() {
        labels.push(' ');
    }
    let when = match &metric.when {
        Some(when) => format!(" Only when {when}."),
        None => String::new(),
    };
    format!("| `{}` | {labels}| {}{when} |", metric.name, metric.about)
}

fn label((name, values): (&String, &Values)) -> String {
    match values {
        Values::Listed(values) => {
            let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
            format!("`{name}` ({})", values.join(", "))
        }
        Values::Told(_) => format!("`{name}`"),
    }
}
