//! Machines whose clocks are wrong.

use std::time::Duration;

use crate::{
    faults::{
        fault::{Fault, Notice},
        stage::Stage,
    },
    servers::variable,
};

/// Programs that write times, and hold leases by them.
const PROGRAMS: [&str; 5] = [
    "svc-auth",
    "svc-orders",
    "svc-inventory",
    "svc-payments",
    "svc-shipping",
];

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "the_clock_of_a_replica_of_each_is_an_hour_ahead",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| Box::pin(set_clocks(stage, "+1h")),
        heal: |stage| Box::pin(right_clocks(stage)),
    },
    Fault {
        name: "the_clock_of_a_replica_of_each_is_an_hour_behind",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| Box::pin(set_clocks(stage, "-1h")),
        heal: |stage| Box::pin(right_clocks(stage)),
    },
];

async fn set_clocks(stage: &mut Stage, offset: &str) {
    for program in PROGRAMS {
        let victim = stage.any(program);
        let mesh = &mut stage.mesh;
        mesh.set_of(&victim, "LD_PRELOAD", variable("TEST_FAKETIME"));
        mesh.set_of(&victim, "FAKETIME", offset.to_owned());
        // What measures how long something takes goes on.
        mesh.set_of(&victim, "FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned());
        mesh.set_of(&victim, "DONT_FAKE_MONOTONIC", "1".to_owned());
        mesh.stop(&victim).await;
        mesh.start_again(&victim).await;
        stage.struck.push(victim);
    }
}

async fn right_clocks(stage: &mut Stage) {
    for victim in std::mem::take(&mut stage.struck) {
        stage.mesh.set_of(&victim, "LD_PRELOAD", String::new());
        stage.mesh.stop(&victim).await;
        stage.mesh.start_again(&victim).await;
    }
}
