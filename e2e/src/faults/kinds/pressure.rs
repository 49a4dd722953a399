//! More load than there should be, and a start in the midst of it.

use std::{sync::Arc, time::Duration};

use crate::faults::{
    fault::{Fault, Notice},
    history::History,
    load::{Load, Pressure},
    stage::Stage,
};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "three_times_the_load",
        notice: Notice::Failures,
        lasts: Duration::from_secs(10),
        inject: |stage| Box::pin(async { crowd(stage, 24) }),
        heal: |stage| Box::pin(disperse(stage)),
    },
    Fault {
        name: "ten_times_the_load",
        notice: Notice::Failures,
        lasts: Duration::from_secs(10),
        inject: |stage| Box::pin(async { crowd(stage, 80) }),
        heal: |stage| Box::pin(disperse(stage)),
    },
    Fault {
        name: "everything_and_its_servers_start_cold_under_load",
        notice: Notice::Failures,
        lasts: Duration::from_secs(1),
        inject: |stage| {
            Box::pin(async {
                stage.mesh.kill_all();
                stage.nats().kill();
                stage.redis().kill();
                stage.postgres.stop_at_once().await;
            })
        },
        heal: |stage| {
            Box::pin(async {
                stage.mesh.start_all();
                stage.postgres.start().await;
                stage.nats().start().await;
                stage.redis().start().await;
                stage.mesh.ready().await;
            })
        },
    },
];

/// So many clients come beside those that are there, and do not wait between what they do.
fn crowd(stage: &mut Stage, clients: usize) {
    let history = Arc::new(History::new(&stage.mesh.folder().join("crowd.jsonl")));
    let pressure = Pressure {
        clients,
        pause: Duration::from_millis(1),
    };
    let seed = stage.random.below(1_000_000) as u64;
    let load = Load::start(&stage.shop, &history, seed, pressure);
    stage.crowd = Some((load, history));
}

/// They go, once they know what became of what they wanted.
async fn disperse(stage: &mut Stage) {
    if let Some((load, history)) = stage.crowd.take() {
        load.stop().await;
        stage.histories.push(history);
    }
}
