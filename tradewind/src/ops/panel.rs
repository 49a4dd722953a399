//! A panel: what it says of itself is what `ops/metrics.yaml` says of its metrics.

use std::collections::BTreeMap;

use ::ops::{Catalogue, Named};
use anyhow::{Context as _, Error, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::objectives::{FAULTS, RECORDED};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Panel {
    pub(super) title: String,
    /// By what their series are called in the legend. `$faults` are codes of calls that were not answered.
    queries: BTreeMap<String, String>,
    #[serde(default)]
    kind: Kind,
    /// Whether it shows shares of one: of other calls, of a time, or of what may be.
    #[serde(default)]
    share: bool,
    /// From which value on which color; without, there are none.
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Lines,
    /// Lines on each other, as they add up.
    Stack,
    /// The last values alone, as numbers.
    Numbers,
    /// The last values alone, as bars.
    Bars,
}

#[derive(Deserialize, Serialize)]
struct Step {
    #[serde(rename(deserialize = "from"))]
    value: Option<f64>,
    color: String,
}

pub(super) fn datasource() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

pub(super) fn panel(
    panel: &Panel,
    id: usize,
    place: &Value,
    catalogue: &Catalogue,
) -> Result<Value> {
    ensure!(
        panel.queries.len() <= 26,
        "it has more queries than letters"
    );
    let mut about: Vec<&str> = Vec::new();
    let mut targets = Vec::new();
    let mut unit = None;
    for ((legend, query), letter) in panel.queries.iter().zip('A'..='Z') {
        let query = query.trim().replace("$faults", FAULTS);
        let named = catalogue.named(&query, RECORDED).map_err(Error::msg)?;
        for it in &named {
            let text = match it {
                Named::Metric(metric) => &metric.about,
                Named::Recorded(recorded) => recorded.about,
            };
            if !about.contains(&text) {
                about.push(text);
            }
        }
        let here = if panel.share {
            "percentunit".to_owned()
        } else {
            unit_of(&query, named.first().context("it names no metric")?)
        };
        let others = unit.get_or_insert_with(|| here.clone());
        ensure!(
            *others == here,
            "its queries have units {others} and {here}"
        );
        targets.push(json!({
            "refId": letter, "datasource": datasource(), "expr": query, "legendFormat": legend,
            "instant": matches!(panel.kind, Kind::Bars),
        }));
    }
    let mut defaults = json!({"unit": unit});
    if !panel.share {
        defaults["min"] = json!(0);
    }
    if !panel.steps.is_empty() {
        defaults["thresholds"] = json!({"mode": "absolute", "steps": panel.steps});
    }
    if matches!(panel.kind, Kind::Lines | Kind::Stack) {
        defaults["custom"] = lines(panel);
    }
    let (kind, options) = panel.kind.options();
    Ok(json!({
        "id": id,
        "type": kind,
        "title": panel.title,
        "description": about.join(" "),
        "gridPos": place,
        "datasource": datasource(),
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": targets,
    }))
}

impl Kind {
    /// What Grafana calls it, and how it is to look.
    fn options(self) -> (&'static str, Value) {
        let reduced = json!({"calcs": ["lastNotNull"], "fields": "", "values": false});
        match self {
            Kind::Lines | Kind::Stack => (
                "timeseries",
                json!({
                    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
                    "tooltip": {"mode": "multi", "sort": "desc"},
                }),
            ),
            Kind::Numbers => (
                "stat",
                json!({
                    "reduceOptions": reduced,
                    "colorMode": "value", "graphMode": "area", "textMode": "value_and_name",
                }),
            ),
            Kind::Bars => (
                "bargauge",
                json!({
                    "reduceOptions": reduced,
                    "displayMode": "gradient", "orientation": "horizontal",
                }),
            ),
        }
    }
}

fn lines(panel: &Panel) -> Value {
    let is_stack = matches!(panel.kind, Kind::Stack);
    let stacking = if is_stack { "normal" } else { "none" };
    let mut custom = json!({
        "fillOpacity": if is_stack { 30 } else { 5 }, "showPoints": "never",
        "stacking": {"mode": stacking, "group": "A"},
    });
    if !panel.steps.is_empty() {
        custom["thresholdsStyle"] = json!({"mode": "dashed"});
    }
    custom
}

/// Grafana's name of a unit: of UCUM is what the metric is in, and what the query makes of it.
fn unit_of(query: &str, named: &Named<'_>) -> String {
    let is_rate = query.contains("rate(") || query.contains(":rate");
    let unit = match named {
        // Calls of the edge, or how many times one is the other.
        Named::Recorded(_) if query.contains('/') => "1",
        Named::Recorded(_) => "{call}",
        Named::Metric(metric) if metric.r#type == "histogram" && is_number(query) => "{call}",
        Named::Metric(metric) => &metric.unit,
    };
    let thing = unit.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    match (unit, thing, is_rate) {
        (_, Some(thing), true) => format!("suffix: {thing}/s"),
        ("By", _, false) => "bytes".to_owned(),
        ("By", _, true) => "Bps".to_owned(),
        ("s", _, _) if !is_rate || is_duration(query) => "s".to_owned(),
        // Things; and seconds a second, which is how many are at it.
        _ => "short".to_owned(),
    }
}

/// Whether a histogram is asked for how many there are.
fn is_number(query: &str) -> bool {
    query.contains("_count") && !query.contains("_sum")
}

/// Whether it is asked for its values.
fn is_duration(query: &str) -> bool {
    query.contains("histogram_quantile(") || query.contains("_sum") && query.contains("_count")
}
