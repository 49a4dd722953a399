//! Which of the metrics that there are an expression of PromQL asks for.

use crate::catalogue::{Catalogue, Metric, Values};
use crate::names::Names;

/// Metrics of others: what Prometheus knows by itself, and how those of other programs begin.
const OF_PROMETHEUS: &[&str] = &["up", "ALERTS"];
const OF_OTHERS: &[&str] = &["prometheus_", "alertmanager_", "otelcol_", "kube_"];
/// Labels that Prometheus adds, or its configuration; and the process, which all of ours have.
const OF_ALL: &[&str] = &["instance", "job", "service", "otel_scope_name"];

/// What a rule of Prometheus records.
#[derive(Debug)]
pub struct Recorded {
    /// How its names begin.
    pub name: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it counts or measures.
    pub about: &'static str,
}

/// What an expression asks for, of ours.
#[derive(Debug)]
pub enum Named<'a> {
    /// What processes tell.
    Metric(&'a Metric),
    /// What a rule makes of it.
    Recorded(&'a Recorded),
}

impl Catalogue {
    /// What of ours an expression asks for.
    ///
    /// # Errors
    /// If that is a metric, a label or a value of a label that there is not.
    pub fn named<'a>(
        &'a self,
        expression: &str,
        recorded: &'a [Recorded],
    ) -> Result<Vec<Named<'a>>, String> {
        let names = Names::of(expression);
        let mut found = Vec::new();
        let mut labels: Vec<&str> = OF_ALL.to_vec();
        let mut are_ours = true;
        for series in &names.series {
            let name = series.name.as_str();
            if OF_PROMETHEUS.contains(&name) || OF_OTHERS.iter().any(|it| name.starts_with(it)) {
                are_ours = false;
                continue;
            }
            if let Some(rule) = recorded.iter().find(|it| name.starts_with(it.name)) {
                labels.extend(rule.labels);
                found.push(Named::Recorded(rule));
                continue;
            }
            let metric = self.of_series(name);
            let metric = metric.ok_or_else(|| format!("{name} is no metric"))?;
            for matcher in &series.matchers {
                self.matches(metric, &matcher.label, &matcher.values)?;
            }
            labels.extend(metric.labels.keys().map(String::as_str));
            if name.ends_with("_bucket") {
                labels.push("le");
            }
            found.push(Named::Metric(metric));
        }
        let mut grouped = names.labels.iter();
        match grouped.find(|label| !labels.contains(&label.as_str())) {
            Some(label) if are_ours => Err(format!("{label} is no label")),
            _ => Ok(found),
        }
    }

    /// The metric of a series: of a histogram, with the ending of one of its parts.
    fn of_series(&self, name: &str) -> Option<&Metric> {
        let mut parts = ["_bucket", "_sum", "_count"].into_iter();
        let whole = parts.find_map(|part| name.strip_suffix(part));
        self.metrics.iter().find(|metric| {
            let is_histogram = metric.r#type == "histogram";
            if is_histogram {
                whole == Some(metric.name.as_str())
            } else {
                metric.name == name
            }
        })
    }

    fn matches(&self, metric: &Metric, label: &str, values: &[String]) -> Result<(), String> {
        if label == "le" || OF_ALL.contains(&label) {
            return Ok(());
        }
        let name = &metric.name;
        let known = self.values(metric, label);
        let Values::Listed(listed) = known.ok_or_else(|| format!("{name} has no label {label}"))?
        else {
            return Ok(());
        };
        let strange = values.iter().find(|value| !listed.contains(value));
        match strange {
            Some(value) => Err(format!("{label} of {name} is never {value}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_not_is_noticed() {
        let catalogue = "{labels: {}, metrics: [
            {name: calls, type: counter, unit: '{call}', about: Calls., labels: {code: [OK, LOST]}, from: [edge]},
            {name: took, type: histogram, unit: s, about: How long., labels: {}, from: [edge]}]}";
        let catalogue = Catalogue::read(catalogue).expect("it makes sense");
        let recorded = [Recorded {
            name: "slo:bad",
            labels: &["slo"],
            about: "Calls that are bad.",
        }];
        let asks = |expression| catalogue.named(expression, &recorded);
        for right in [
            "sum by (code, instance) (rate(calls{code=~'OK|LOST'}[1m]))",
            "histogram_quantile(0.99, sum by (le) (rate(took_bucket[5m])))",
            "sum by (slo) (slo:bad:rate5m)",
            "up == 0",
        ] {
            assert!(asks(right).is_ok(), "{right}: {:?}", asks(right));
        }
        for (wrong, what) in [
            ("call", "call is no metric"),
            ("calls_count", "calls_count is no metric"),
            ("took", "took is no metric"),
            ("calls{status='OK'}", "calls has no label status"),
            ("calls{code=~'OK|GONE'}", "code of calls is never GONE"),
            ("sum by (status) (calls)", "status is no label"),
        ] {
            assert_eq!(asks(wrong).err().as_deref(), Some(what), "{wrong}");
        }
    }
}
