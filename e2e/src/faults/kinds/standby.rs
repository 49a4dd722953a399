//! A standby of Postgres takes the place of its primary.

use std::time::Duration;

use crate::{
    condition::eventually,
    faults::{
        fault::{Fault, Notice},
        stage::Stage,
    },
    servers::Postgres,
};

const PATIENCE: Duration = Duration::from_secs(30);
/// For how long a standby is behind that nobody waits for.
const BEHIND: Duration = Duration::from_secs(1);

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "a_synchronous_standby_is_promoted",
        notice: Notice::Failures,
        lasts: Duration::from_secs(1),
        inject: |stage| {
            Box::pin(async {
                let standby = follow(stage, "sync").await;
                let waits = "SET synchronous_standby_names = 'standby'";
                stage.postgres.alter(waits).await;
                is_followed(stage, "sync").await;
                // Everything that is answered from now on is there too.
                tokio::time::sleep(BEHIND).await;
                stage.postgres.stop_at_once().await;
                stage.standby = Some(standby);
            })
        },
        heal: |stage| Box::pin(promote(stage)),
    },
    Fault {
        name: "an_asynchronous_standby_is_promoted",
        notice: Notice::Losses,
        lasts: Duration::from_secs(1),
        inject: |stage| {
            Box::pin(async {
                let standby = follow(stage, "async").await;
                // What is written from now on is lost with the primary.
                standby.follow_nobody().await;
                tokio::time::sleep(BEHIND).await;
                stage.postgres.stop_at_once().await;
                stage.standby = Some(standby);
            })
        },
        heal: |stage| {
            Box::pin(async {
                promote(stage).await;
                // What services have heard and forgotten, they have to hear again; and what they hold
                // for orders that are forgotten, they have to give back.
                stage.mesh.publish_again(1).await;
                stage.mesh.mend().await;
            })
        },
    },
];

/// Makes a standby, and waits until it follows.
async fn follow(stage: &mut Stage, state: &str) -> Postgres {
    let standby = Postgres::standby_of(&stage.postgres, "standby").await;
    if state == "async" {
        is_followed(stage, state).await;
    }
    standby
}

async fn is_followed(stage: &Stage, state: &str) {
    let question = "SELECT sync_state FROM pg_stat_replication WHERE application_name = 'standby' \
         AND state = 'streaming'";
    eventually("the standby follows", PATIENCE, || async {
        let told = stage.postgres.ask(question).await.ok()?;
        (told == state).then_some(())
    })
    .await;
}

/// The standby is the primary from now on, for everybody.
async fn promote(stage: &mut Stage) {
    let standby = stage.standby.take().expect("there is one");
    let promoted = standby.ask("SELECT pg_promote()::text").await;
    promoted.expect("it may be promoted");
    // It has its settings from the one before, who waited for it.
    standby.alter("RESET synchronous_standby_names").await;
    stage.network.lead_to("postgres", standby.port());
    stage.mesh.databases.move_to(&standby.url);
    stage.postgres = standby;
}
