//! `tradewind streams`: makes what the services publish to, where their own credentials may not.

use anyhow::{Context as _, Result, ensure};
use bus::{Bus, JetStreamConfig};
use clap::Args;
use net::SecretUrl;
use runtime::services::{SERVICES, ServiceInfo};

#[derive(Args)]
pub(crate) struct Arguments {
    /// NATS, with a user that may make streams
    #[arg(long, env = "NATS_URL", hide_env_values = true)]
    nats_url: SecretUrl,
    /// How many servers of a NATS cluster keep each stream, 1 to 5
    #[arg(long, env = "NATS_REPLICAS", default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=5))]
    nats_replicas: u8,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let bus = connect(JetStreamConfig {
        replicas: arguments.nats_replicas.into(),
        ..JetStreamConfig::new(arguments.nats_url)
    })
    .await?;
    let publishers: Vec<_> = SERVICES.iter().map(ServiceInfo::short_name).collect();
    bus.make_streams(&publishers)
        .await
        .context("the streams could not be made")
}

/// A connected bus.
pub(crate) async fn connect(config: JetStreamConfig) -> Result<Bus> {
    let bus = Bus::jetstream(config);
    let mut attempts = 50;
    while let Err(why) = bus.ready().await {
        ensure!(attempts > 0, "{why}");
        attempts -= 1;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Ok(bus)
}
