//! Dashboards of Grafana from `ops/dashboards/*.yaml`, which say what is shown and by which queries.

use std::collections::BTreeMap;

use ::ops::Catalogue;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::panel::{self, Panel};

const COLUMNS: usize = 24;
const HEIGHT: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dashboard {
    title: String,
    about: String,
    /// Names that queries may hold, each with the query for its values.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    title: String,
    panels: Vec<Panel>,
}

/// The dashboard's JSON, as Grafana 10 and later read it.
pub(super) fn dashboard(name: &str, text: &str, catalogue: &Catalogue) -> Result<String> {
    let dashboard: Dashboard = serde_saphyr::from_str(text)?;
    let variables = dashboard.variables.iter();
    let variables: Vec<_> = std::iter::once(datasource())
        .chain(variables.map(|(name, query)| variable(name, query)))
        .collect();
    let json = json!({
        "uid": format!("tradewind-{name}"),
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["tradewind"],
        "schemaVersion": 39,
        "editable": false,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{
            "type": "dashboards", "title": "Tradewind", "tags": ["tradewind"], "asDropdown": true,
            "includeVars": true, "keepTime": true,
        }],
        "annotations": {"list": [alerts()]},
        "templating": {"list": variables},
        "panels": panels(&dashboard.rows, catalogue)?,
    });
    Ok(format!("{json:#}\n"))
}

/// Rows below each other, three panels beside each other, or two where that is even.
fn panels(rows: &[Row], catalogue: &Catalogue) -> Result<Vec<Value>> {
    let mut panels = Vec::new();
    let mut y = 0;
    for row in rows {
        let title = json!({
            "id": panels.len() + 1, "type": "row", "title": row.title, "collapsed": false, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
        });
        panels.push(title);
        y += 1;
        let beside = match row.panels.len() {
            1 => 1,
            number if number.is_multiple_of(3) => 3,
            _ => 2,
        };
        let width = COLUMNS / beside;
        for (index, panel) in row.panels.iter().enumerate() {
            let (x, below) = (index % beside * width, index / beside * HEIGHT);
            let place = json!({"x": x, "y": y + below, "w": width, "h": HEIGHT});
            let panel = panel::panel(panel, panels.len() + 1, &place, catalogue)
                .with_context(|| panel.title.clone())?;
            panels.push(panel);
        }
        y += row.panels.len().div_ceil(beside) * HEIGHT;
    }
    Ok(panels)
}

fn datasource() -> Value {
    json!({"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"})
}

fn variable(name: &str, query: &str) -> Value {
    json!({
        "name": name, "type": "query", "datasource": panel::datasource(),
        "query": {"query": query, "refId": name},
        "refresh": 2, "sort": 1, "multi": true, "includeAll": true, "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
    })
}

/// Where an alert fires, all dashboards show it.
fn alerts() -> Value {
    json!({
        "name": "Alerts", "enable": true, "iconColor": "red", "datasource": panel::datasource(),
        "expr": "ALERTS{alertstate=\"firing\", severity=~\"page|ticket\"}",
        "titleFormat": "{{alertname}}", "tagKeys": "severity,service_name",
    })
}
