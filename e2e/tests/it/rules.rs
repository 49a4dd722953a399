//! The rules of Prometheus, and the queries of the runbooks, ask for what `ops/metrics.yaml` names.

use std::collections::BTreeSet;

use regex::{Captures, Regex};
use serde::Deserialize;

use crate::metrics::{Metric, Told, Values};

/// Of other programs: Prometheus itself, Alertmanager, kube-state-metrics, the Collector.
const FOREIGN: [&str; 4] = ["prometheus_", "alertmanager_", "kube_", "otelcol_"];
/// Labels that Prometheus adds, and a histogram's.
const ADDED: [&str; 4] = ["job", "instance", "service", "le"];
const OPERATORS: [&str; 3] = ["and", "or", "unless"];

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    record: Option<String>,
    expr: String,
}

/// What may be asked for.
struct Known {
    told: Told,
    recorded: BTreeSet<String>,
}

#[test]
fn rules_and_runbooks_ask_for_metrics_labels_and_values_that_are_there() {
    let rules = [
        include_str!("../../../ops/prometheus/objectives.yaml"),
        include_str!("../../../ops/prometheus/alerts.yaml"),
    ];
    let rules = rules.map(|text| serde_saphyr::from_str::<Rules>(text).expect("rules make sense"));
    let rules = rules.into_iter().flat_map(|file| file.groups);
    let rules: Vec<_> = rules.flat_map(|group| group.rules).collect();
    let known = Known {
        told: Told::read(),
        recorded: rules.iter().filter_map(|it| it.record.clone()).collect(),
    };
    let runbooks = include_str!("../../../docs/RUNBOOKS.md");
    let block = pattern("(?s)```promql\n(.*?)```");
    let blocks = block.captures_iter(runbooks).map(|it| it[1].to_owned());
    let expressions = rules.iter().map(|it| it.expr.clone()).chain(blocks);
    let wrong: Vec<_> = expressions
        .flat_map(|expression| known.wrong(&expression))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_is_not_there_is_noticed() {
    let known = Known {
        told: Told::read(),
        recorded: BTreeSet::new(),
    };
    for (expression, wrong) in [
        (
            "rate(tradewind_outbox_pendin[5m]) > 0",
            "tradewind_outbox_pendin",
        ),
        (
            "sum by (servic_name) (tradewind_outbox_pending)",
            "servic_name",
        ),
        (r#"tradewind_outbox_pending{state="PENDING"}"#, "state"),
        (r#"rpc_server_shed_total{cause=~"queue|call"}"#, "call"),
    ] {
        let found = known.wrong(expression);
        assert!(
            found.len() == 1 && found[0].contains(wrong),
            "{expression}: {found:?}"
        );
    }
}

impl Known {
    /// What an expression asks for in vain.
    fn wrong(&self, expression: &str) -> Vec<String> {
        let grouping =
            pattern(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)");
        let mut labels = BTreeSet::new();
        for found in grouping.captures_iter(expression) {
            let listed = found[1].split(',').map(str::trim);
            labels.extend(listed.filter(|it| !it.is_empty()).map(str::to_owned));
        }
        let rest = grouping.replace_all(expression, "");
        let rest = pattern(r"\[[^\]]*\]").replace_all(&rest, "");
        let mut wrong = Vec::new();
        let mut theirs: Vec<&Metric> = Vec::new();
        let mut are_ours = true;
        for found in pattern(r"([a-zA-Z_:][\w:]*)\s*(\(|\{[^}]*\})?").captures_iter(&rest) {
            let name = &found[1];
            let selector = found.get(2).map_or("", |it| it.as_str());
            if selector == "(" || OPERATORS.contains(&name) {
                continue;
            }
            let is_foreign = FOREIGN.iter().any(|prefix| name.starts_with(prefix));
            if name == "up" || is_foreign || self.recorded.contains(name) {
                are_ours = false;
                continue;
            }
            match self.told.metric(name) {
                Some(metric) => {
                    wrong.extend(self.wrong_matchers(metric, selector));
                    theirs.push(metric);
                }
                None => wrong.push(format!("{name} is no metric: {expression}")),
            }
        }
        labels.retain(|label| {
            !ADDED.contains(&label.as_str())
                && !theirs.iter().any(|it| it.labels.contains_key(label))
        });
        if are_ours && wrong.is_empty() {
            wrong.extend(
                labels
                    .iter()
                    .map(|it| format!("{it} is no label: {expression}")),
            );
        }
        wrong
    }

    fn wrong_matchers(&self, metric: &Metric, selector: &str) -> Vec<String> {
        let matcher = pattern(r#"(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)""#);
        let matchers = matcher.captures_iter(selector);
        matchers
            .flat_map(|found| self.wrong_matcher(metric, &found))
            .collect()
    }

    fn wrong_matcher(&self, metric: &Metric, found: &Captures<'_>) -> Vec<String> {
        let (label, operator, value) = (&found[1], &found[2], &found[3]);
        if ADDED.contains(&label) {
            return Vec::new();
        }
        let Some(values) = self.told.values(metric, label) else {
            return vec![format!("{} has no {label}", metric.name)];
        };
        let Values::Listed(listed) = values else {
            return Vec::new();
        };
        let asked: Vec<_> = match operator {
            "=~" | "!~" => value.split('|').collect(),
            _ => vec![value],
        };
        let strange = asked
            .into_iter()
            .filter(|it| !listed.iter().any(|one| one == it));
        strange
            .map(|it| format!("{label} of {} is never {it}", metric.name))
            .collect()
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("it is a pattern")
}
