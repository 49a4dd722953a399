//! A Prometheus, also one that scrapes meshes every second.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::{Router, routing::get};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{Mesh, condition::eventually, ports::free_port, process::Process};

/// A running Prometheus.
pub struct Prometheus {
    /// `http://host:port`
    pub url: String,
    http: reqwest::Client,
    _process: Process,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts one with the rules of objectives, that scrapes all processes of these meshes, and other
    /// addresses.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn of(meshes: &[&Mesh], others: &[String]) -> Prometheus {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let targets = meshes.iter().flat_map(|mesh| mesh.ops.values());
        let targets = targets.map(|url| url.trim_start_matches("http://"));
        let targets: Vec<_> = targets.chain(others.iter().map(String::as_str)).collect();
        // Every second too: what is looked at by the minute would be there after one.
        let rules = include_str!("../../ops/prometheus/objectives.yaml");
        let rules = rules.replace("    interval: 1m\n", "");
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: [rules.yaml]\n\
             scrape_configs: [{{job_name: tradewind, static_configs: [{{targets: {targets:?}}}]}}]\n"
        );
        let file = folder.path().join("rules.yaml");
        fs::write(file, rules).expect("the folder can be written");
        Prometheus::start(folder, &config).await
    }

    /// Starts one with this configuration, whose files of rules are in the folder.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(folder: TempDir, config: &str) -> Prometheus {
        let file = |name: &str| folder.path().join(name);
        fs::write(file("prometheus.yaml"), config).expect("the folder can be written");
        let address = format!("127.0.0.1:{}", free_port());
        let arguments = [
            format!("--config.file={}", file("prometheus.yaml").display()),
            format!("--storage.tsdb.path={}", file("data").display()),
            format!("--web.listen-address={address}"),
        ];
        let program = Path::new("prometheus");
        let process = Process::start("prometheus", program, arguments, [], &file("log"));
        let prometheus = Prometheus {
            url: format!("http://{address}"),
            http: reqwest::Client::new(),
            _process: process,
            _folder: folder,
        };
        let ready = format!("{}/-/ready", prometheus.url);
        let what = "Prometheus is ready";
        eventually(what, Duration::from_secs(20), || async {
            let reply = prometheus.http.get(&ready).send().await.ok()?;
            reply.status().is_success().then_some(())
        })
        .await;
        prometheus
    }

    /// What its API says at a path, if it answers.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Option<Value> {
        let request = self.http.get(format!("{}/api/v1/{path}", self.url));
        request.query(query).send().await.ok()?.json().await.ok()
    }

    /// The values that a query finds now; those that are no numbers are none.
    ///
    /// # Panics
    /// If it refuses the query.
    pub async fn ask(&self, query: &str) -> Vec<f64> {
        let reply = self.get("query", &[("query", query)]).await;
        let reply = reply.expect("Prometheus answers in JSON");
        let found = reply["data"]["result"].as_array();
        let found = found.unwrap_or_else(|| panic!("{query}: {reply}")).iter();
        let values = found.filter_map(|series| series["value"][1].as_str()?.parse().ok());
        values.filter(|value: &f64| !value.is_nan()).collect()
    }
}

/// Serves a file of metrics as a collector of text files does, and says where: `host:port`.
///
/// # Panics
/// If there is no port.
pub async fn serve(file: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it listens").to_string();
    let read = move || std::future::ready(fs::read_to_string(&file).unwrap_or_default());
    let page = Router::new().route("/metrics", get(read));
    tokio::spawn(async move { axum::serve(listener, page).await });
    address
}
