//! `tradewind dead-letters`: events that a service gave up on, to be looked at and sent again.

mod place;

use anyhow::{Context as _, Result, bail, ensure};
use bus::JetStreamConfig;
use clap::{Args, Subcommand};
use net::{SecretUrl, clock::Clock};
use runtime::services::SERVICES;
use store::outbox;

use crate::{
    databases::{Databases, Flags},
    streams::connect,
};
use place::Place;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// NATS that the services publish to [default: that of the mesh that `tradewind up` runs]
    #[arg(long, env = "NATS_URL", hide_env_values = true, global = true)]
    nats_url: Option<SecretUrl>,
    #[command(flatten)]
    databases: Flags,
}

#[derive(Subcommand)]
enum Action {
    /// List them, the oldest first
    List,
    /// Publish one again; services that had it recognise it
    Replay {
        /// Its id, as `list` prints it
        id: String,
    },
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    match (Place::find(&arguments)?, &arguments.action) {
        (Place::Stream(url), Action::List) => list_stream(&url).await,
        (Place::Stream(url), Action::Replay { id }) => replay_stream(&url, id).await,
        (Place::Outboxes(outboxes), Action::List) => list_outboxes(&outboxes).await,
        (Place::Outboxes(outboxes), Action::Replay { id }) => replay_outbox(&outboxes, id).await,
    }
}

async fn list_stream(url: &SecretUrl) -> Result<()> {
    let bus = connect(JetStreamConfig::new(url.clone())).await?;
    let mut text = String::new();
    for letter in bus::dead_letters::list(&bus).await? {
        let event = letter
            .event
            .map_or("no event".to_owned(), |event| event.id.to_string());
        text += &line(
            &letter.id.to_string(),
            &letter.subject,
            &letter.group,
            &event,
            &letter.why,
        );
    }
    tell(&text)
}

async fn replay_stream(url: &SecretUrl, id: &str) -> Result<()> {
    let id = id
        .parse()
        .context("the id is the number that `list` prints first")?;
    let bus = connect(JetStreamConfig::new(url.clone())).await?;
    ensure!(
        bus::dead_letters::replay(&bus, id).await?,
        "there is no dead letter {id}"
    );
    Ok(())
}

async fn list_outboxes(outboxes: &Databases) -> Result<()> {
    let mut text = String::new();
    for service in SERVICES {
        let Some(database) = outboxes.open(service).await? else {
            continue;
        };
        let mut tx = database.read().await?;
        for event in outbox::dead(&mut tx).await? {
            let id = event.id.to_string();
            text += &line(
                &id,
                &event.subject,
                &event.group,
                &event.aggregate_id,
                &event.why,
            );
        }
    }
    tell(&text)
}

async fn replay_outbox(outboxes: &Databases, id: &str) -> Result<()> {
    let event = id
        .parse()
        .context("the id is the one that `list` prints first")?;
    let now = Clock::system().now();
    for service in SERVICES {
        let Some(database) = outboxes.open(service).await? else {
            continue;
        };
        let mut tx = database.begin().await?;
        if outbox::replay(&mut tx, event, now).await? {
            tx.commit().await?;
            return Ok(());
        }
    }
    bail!("there is no dead letter {id}")
}

fn line(id: &str, subject: &str, group: &str, event: &str, why: &str) -> String {
    format!("{id}  {subject}  given up by {group}  {event}  {why}\n")
}

fn tell(text: &str) -> Result<()> {
    Ok(crate::print(if text.is_empty() {
        "no dead letters\n"
    } else {
        text
    })?)
}
