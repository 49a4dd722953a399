//! The rules as the Prometheus Operator takes them: k8s/components/monitoring.

/// A PrometheusRule of a file of rules, whose text it keeps, comments included.
pub(super) fn rule(name: &str, rules: &str) -> String {
    let mut text = format!(
        "# Written by `tradewind ops generate`, of ops/prometheus/{name}.yaml.\n\
         apiVersion: monitoring.coreos.com/v1\n\
         kind: PrometheusRule\n\
         metadata:\n  name: {name}\n\
         spec:\n"
    );
    for line in rules.lines() {
        let margin = if line.is_empty() { "" } else { "  " };
        text += &format!("{margin}{line}\n");
    }
    text
}
