//! `tradewind ops generate`: what follows from the contract and from `ops/metrics.yaml`, written: rules
//! of Prometheus, the same for its operator, dashboards of Grafana, and the tables of metrics in docs/.
//! Whatever asks for a metric that is not in there is refused.

mod asked;
mod dashboards;
mod objectives;
mod operator;
mod pages;
mod panel;

use std::{
    fs,
    path::{Path, PathBuf},
};

use ::ops::Catalogue;
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
pub(crate) use objectives::FAULTS;

use crate::generated::{self, Files};

/// Where the dashboards are.
const GRAFANA: &str = "ops/grafana";

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write the rules of objectives, the dashboards, and the tables of metrics
    Generate {
        /// The folder of the repository
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Write nothing, and fail if anything is not what would be written
        #[arg(long)]
        check: bool,
    },
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Action::Generate { folder, check } = &arguments.action;
    let files = files(folder)?;
    // Beside the dashboards stands how Grafana finds them.
    let mut there = generated::present(&folder.join(GRAFANA))?;
    there.retain(|path| path.extension().is_some_and(|it| it == "json"));
    generated::finish("tradewind ops generate", &files, &there, *check)
}

fn files(folder: &Path) -> Result<Files> {
    let catalogue = read(&folder.join("ops/metrics.yaml"))?;
    let catalogue = Catalogue::read(&catalogue).context("ops/metrics.yaml")?;
    let objectives = objectives::rules();
    let alerts = read(&folder.join("ops/prometheus/alerts.yaml"))?;
    let mut files: Files = [("objectives", &objectives), ("alerts", &alerts)]
        .into_iter()
        .map(|(name, rules)| {
            let path = folder.join(format!("k8s/components/monitoring/{name}.yaml"));
            (path, operator::rule(name, rules))
        })
        .collect();
    files.insert(folder.join("ops/prometheus/objectives.yaml"), objectives);
    for (path, text) in sources(&folder.join("ops/dashboards"))? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let dashboard = dashboards::dashboard(&name, &text, &catalogue);
        let dashboard = dashboard.with_context(|| path.display().to_string())?;
        files.insert(folder.join(GRAFANA).join(format!("{name}.json")), dashboard);
    }
    for (path, text) in sources(&folder.join("ops/prometheus"))? {
        asked::by_rules(&text, &catalogue).with_context(|| path.display().to_string())?;
    }
    let runbooks = "docs/RUNBOOKS.md";
    asked::by_page(&read(&folder.join(runbooks))?, &catalogue).context(runbooks)?;
    for page in ["docs/OPERATIONS.md", "docs/RELIABILITY.md"] {
        let file = folder.join(page);
        let text = pages::page(&read(&file)?, &catalogue).context(page)?;
        files.insert(file, text);
    }
    Ok(files)
}

/// The files of YAML in a folder.
fn sources(folder: &Path) -> Result<Files> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let paths: Vec<_> = paths.collect::<Result<_>>()?;
    let yaml = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    yaml.map(|path| Ok((path.clone(), read(&path)?))).collect()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
