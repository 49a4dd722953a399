//! Upstreams are asked how they are.

use std::collections::BTreeMap;
use std::time::Duration;

use net::client::{Health, HealthChecks};
use net::process::arguments::defaults;
use net::process::duration;
use opentelemetry::KeyValue;
use tokio_util::sync::CancellationToken;

use crate::gateway::Surroundings;
use crate::plan::Connect;

/// Whether upstreams are asked how they are.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "In front of other services (with --upstream)")]
pub struct UpstreamHealth {
    /// Ask every endpoint of every upstream how it is (`grpc.health.v1.Health/Check`): how this service
    /// is, or without a name the whole server. One that does not serve, or does not answer, gets no new
    /// calls while another one of its upstream is well; if none is, all are tried. A server that has no
    /// health service is well. `/readyz` says what is missing, and stays 200.
    #[arg(
        long,
        env = "UPSTREAM_HEALTH",
        value_name = "SERVICE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        requires = "upstream"
    )]
    pub upstream_health: Option<String>,
    /// Between two such questions to an endpoint, and the time for its answer.
    #[arg(
        long,
        env = "UPSTREAM_HEALTH_INTERVAL",
        value_name = "DURATION",
        default_value = "5s",
        value_parser = pause
    )]
    pub upstream_health_interval: Duration,
    /// How many questions in a row an endpoint may leave without an answer, less one. What it says
    /// itself counts at once, and so does its first good answer.
    #[arg(
        long,
        env = "UPSTREAM_HEALTH_THRESHOLD",
        value_name = "COUNT",
        default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub upstream_health_threshold: u32,
}

impl Default for UpstreamHealth {
    fn default() -> Self {
        defaults()
    }
}

fn pause(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("expected more than nothing, such as 5s".to_owned()),
        pause => Ok(pause),
    }
}

/// What is known of each upstream, by its name.
pub(super) type Healths = BTreeMap<String, Health>;

impl UpstreamHealth {
    /// Asks from now on, if it is wanted, until `stop`.
    pub(super) fn keep(
        &self,
        connect: &Connect,
        healths: Healths,
        surroundings: &Surroundings,
        stop: &CancellationToken,
    ) {
        let Some(service) = self.upstream_health.clone() else {
            return;
        };
        let checks = HealthChecks {
            service,
            interval: self.upstream_health_interval,
            threshold: self.upstream_health_threshold,
        };
        for upstream in healths.keys() {
            let (channel, checks) = (connect(upstream), checks.clone());
            let (readiness, stop) = (surroundings.readiness.clone(), stop.clone());
            let ask = async move |shutdown: CancellationToken| {
                let asked = channel.ask_health(&checks, &readiness);
                let asked = stop.run_until_cancelled(asked);
                shutdown.run_until_cancelled(asked).await;
            };
            surroundings.tasks.spawn_finite("edge-upstream-health", ask);
        }
        measure(healths, surroundings, stop.clone());
    }
}

fn measure(healths: Healths, surroundings: &Surroundings, stop: CancellationToken) {
    let meter = surroundings.telemetry.meter();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    meter
        .u64_observable_gauge("edge.upstream_endpoints")
        .with_unit("{endpoint}")
        .with_description("Endpoints of upstreams, by how they say that they are")
        .with_callback(move |gauge| {
            if stop.is_cancelled() {
                return;
            }
            for (upstream, health) in &healths {
                let (well, unwell) = health.count();
                for (state, endpoints) in [("well", well), ("unwell", unwell)] {
                    let upstream = KeyValue::new("upstream", upstream.clone());
                    let state = KeyValue::new("state", state);
                    gauge.observe(count(endpoints), &[upstream, state]);
                }
            }
        })
        .build();
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[derive(clap::Parser)]
    struct Program {
        #[command(flatten)]
        config: Config,
    }

    fn service(flags: &str) -> Option<Option<String>> {
        let line = format!("program --upstream http://a:1 {flags}");
        let parsed = <Program as clap::Parser>::try_parse_from(line.split_whitespace());
        parsed.ok().map(|it| it.config.health.upstream_health)
    }

    #[test]
    fn a_service_may_be_named_or_the_whole_server_is_meant() {
        assert_eq!(service(""), Some(None));
        assert_eq!(service("--upstream-health"), Some(Some(String::new())));
        let named = Some(Some("a.B".to_owned()));
        assert_eq!(service("--upstream-health=a.B"), named);
        assert_eq!(
            service("--upstream-health --upstream-health-interval 0s"),
            None
        );
        assert_eq!(
            service("--upstream-health --upstream-health-threshold 0"),
            None
        );
    }
}
