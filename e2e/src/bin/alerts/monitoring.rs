//! Prometheus and Alertmanager beside a mesh, configured as in ops/ but for where the others are.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use e2e::{
    Mesh, condition::eventually, ports::free_port, process::Process, prometheus::Prometheus,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    causes::Cause,
    ops,
    rules::{self, FILES, Rules},
    sinks::{Sinks, TOKEN},
};

/// How long something may take that takes seconds.
const PATIENCE: Duration = Duration::from_secs(90);

pub(super) struct Monitoring {
    rules: Rules,
    prometheus: Prometheus,
    alertmanager: String,
    http: reqwest::Client,
    processes: usize,
    _alertmanager: Process,
    _folder: TempDir,
}

/// One that Prometheus has.
#[derive(Debug, Deserialize)]
pub(super) struct Alert {
    labels: Value,
    annotations: Value,
    state: String,
    #[serde(rename = "activeAt", deserialize_with = "time")]
    pub(super) active_at: SystemTime,
}

impl Alert {
    pub(super) fn name(&self) -> &str {
        self.labels["alertname"].as_str().unwrap_or_default()
    }

    pub(super) fn summary(&self) -> &str {
        self.annotations["summary"].as_str().unwrap_or_default()
    }

    pub(super) fn is_firing(&self) -> bool {
        self.state == "firing"
    }

    fn is_of(&self, cause: &Cause) -> bool {
        let mut labels = cause.labels.iter();
        self.name() == cause.alert && labels.all(|(name, value)| self.labels[name] == *value)
    }
}

impl Monitoring {
    pub(super) async fn start(mesh: &Mesh, sinks: &Sinks) -> Monitoring {
        let [folder, rules_folder] = [(); 2].map(|()| {
            tempfile::Builder::new()
                .prefix("tradewind-alerts-")
                .tempdir()
                .expect("a temporary folder can be made")
        });
        let alertmanager = format!("127.0.0.1:{}", free_port());
        let running = start_alertmanager(folder.path(), &alertmanager, sinks);
        let rules = Rules::write(rules_folder.path());
        let config = config(&alertmanager, mesh).to_string();
        let monitoring = Monitoring {
            rules,
            prometheus: Prometheus::start(rules_folder, &config).await,
            alertmanager: format!("http://{alertmanager}"),
            http: reqwest::Client::new(),
            processes: mesh.processes().len(),
            _alertmanager: running,
            _folder: folder,
        };
        let ready = format!("{}/-/ready", monitoring.alertmanager);
        eventually("Alertmanager is ready", PATIENCE, || async {
            let reply = monitoring.http.get(&ready).send().await.ok()?;
            reply.status().is_success().then_some(())
        })
        .await;
        monitoring
    }

    /// Waits until it has seen each process of the mesh twice, and so what counters were before.
    pub(super) async fn sees_everything(&self) {
        let twice = "sum_over_time(up{job=\"tradewind\"}[10m]) >= 2";
        eventually("Prometheus sees every process", PATIENCE, || async {
            let seen = self.prometheus.ask(twice).await.len();
            (seen == self.processes).then_some(())
        })
        .await;
    }

    /// Those that Prometheus has.
    pub(super) async fn alerts(&self) -> Vec<Alert> {
        eventually("Prometheus tells of alerts", PATIENCE, || async {
            let mut found = self.prometheus.get("alerts", &[]).await?;
            let found = found.pointer_mut("/data/alerts")?.take();
            serde_json::from_value(found).ok()
        })
        .await
    }

    /// Waits until a cause is noticed.
    pub(super) async fn fires(&self, cause: &Cause) -> Alert {
        let patience = 2 * PATIENCE + self.rules.patience(cause.alert);
        let what = format!("{} fires", cause.alert);
        eventually(&what, patience, || async {
            let alerts = self.alerts().await;
            let mut firing = alerts.into_iter().filter(Alert::is_firing);
            firing.find(|alert| alert.is_of(cause))
        })
        .await
    }

    /// How long the expression of an alert has to hold.
    pub(super) fn patience(&self, alert: &Alert) -> Duration {
        self.rules.patience(alert.name())
    }

    /// A consequence of what somebody is woken up for is kept back, and nothing else.
    pub(super) async fn inhibits(&self) {
        let alert = |name: &str, severity: &str, service: &str| json!({"labels": {"alertname": name, "severity": severity, "service_name": service}});
        let alerts = json!([
            alert("DatabaseDown", "page", "svc-one"),
            alert("DatabasePoolExhausted", "ticket", "svc-one"),
            alert("DatabasePoolExhausted", "ticket", "svc-two"),
        ]);
        let url = format!("{}/api/v2/alerts", self.alertmanager);
        let told = self.http.post(&url).json(&alerts).send().await;
        assert!(told.is_ok_and(|reply| reply.status().is_success()));
        let expected = json!([["svc-one", "suppressed"], ["svc-two", "active"]]);
        eventually("Alertmanager keeps consequences back", PATIENCE, || async {
            let filter = [("filter", "alertname=\"DatabasePoolExhausted\"")];
            let request = self.http.get(&url).query(&filter);
            let found: Value = request.send().await.ok()?.json().await.ok()?;
            let mut states: Vec<_> = found
                .as_array()?
                .iter()
                .map(|alert| json!([alert["labels"]["service_name"], alert["status"]["state"]]))
                .collect();
            states.sort_by_key(Value::to_string);
            (json!(states) == expected).then_some(())
        })
        .await;
    }
}

/// A time of RFC 3339.
fn time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    let time: prost_types::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
    SystemTime::try_from(time).map_err(serde::de::Error::custom)
}

/// That of Prometheus.
fn config(alertmanager: &str, mesh: &Mesh) -> Value {
    let mut config = rules::yaml("prometheus/prometheus.yaml");
    config["rule_files"] = json!(FILES);
    config["alerting"]["alertmanagers"] =
        json!([{"static_configs": [{"targets": [alertmanager]}]}]);
    let pods = mesh.ops.iter().map(|(process, url)| {
        let service = process.trim_end_matches(|it: char| it.is_ascii_digit() || it == '-');
        json!({"targets": [url.trim_start_matches("http://")], "labels": {"service": service}})
    });
    let pods: Vec<_> = pods.collect();
    let jobs = config["scrape_configs"].as_array_mut();
    let jobs = jobs.expect("there is something to scrape");
    jobs.retain(|job| job["job_name"] == "tradewind");
    for job in jobs.iter_mut().filter_map(Value::as_object_mut) {
        // Kubernetes is not here to say.
        job.remove("kubernetes_sd_configs");
        job.remove("relabel_configs");
        job.insert("static_configs".to_owned(), json!(pods));
    }
    config
}

fn start_alertmanager(folder: &Path, listen: &str, sinks: &Sinks) -> Process {
    let secret = |name: &str, value: &str| {
        let file = folder.join(name);
        fs::write(&file, value).expect("a temporary folder can be written");
        json!(file)
    };
    let token = secret("webhook-token", TOKEN);
    let mut config = rules::yaml("alertmanager/alertmanager.yaml");
    config["templates"] = json!([ops("alertmanager/tradewind.tmpl")]);
    let global = &mut config["global"];
    global["smtp_smarthost"] = json!(sinks.smtp);
    global["smtp_require_tls"] = json!(false);
    global["smtp_auth_password_file"] = secret("smtp-password", TOKEN);
    global["slack_api_url_file"] = secret("slack-url", &format!("{}/slack", sinks.http));
    let receivers = config["receivers"].as_array_mut();
    for receiver in receivers.expect("somebody is told") {
        for webhook in receiver["webhook_configs"]
            .as_array_mut()
            .into_iter()
            .flatten()
        {
            let url: url::Url = webhook["url"]
                .as_str()
                .and_then(|url| url.parse().ok())
                .expect("it is a URL");
            webhook["url"] = json!(format!("{}{}", sinks.http, url.path()));
            webhook["http_config"]["authorization"]["credentials_file"] = token.clone();
        }
    }
    let file = folder.join("alertmanager.yaml");
    rules::write(&file, &config);
    let arguments = [
        format!("--config.file={}", file.display()),
        format!("--storage.path={}", folder.join("alertmanager").display()),
        format!("--web.listen-address={listen}"),
        "--cluster.listen-address=".to_owned(),
    ];
    let program = "prometheus-alertmanager";
    let log = folder.join("alertmanager.log");
    Process::start(program, Path::new(program), arguments, [], &log)
}
