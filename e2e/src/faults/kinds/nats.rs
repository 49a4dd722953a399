//! NATS away, standing still, or without its memory.

use std::time::Duration;

use crate::{
    condition::eventually,
    faults::{
        fault::{Fault, Notice, nothing},
        rollout,
        stage::Stage,
    },
    servers::Cluster,
};

const PATIENCE: Duration = Duration::from_secs(30);
/// How long a cluster does without one of its servers.
const WITHOUT: Duration = Duration::from_secs(4);

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "nats_is_restarted",
        notice: Notice::Nothing,
        lasts: Duration::from_secs(4),
        inject: |stage| Box::pin(async { stage.nats().kill() }),
        heal: |stage| Box::pin(stage.nats().start()),
    },
    Fault {
        name: "nats_stands_still",
        notice: Notice::Nothing,
        lasts: Duration::from_secs(8),
        inject: |stage| Box::pin(async { stage.nats().signal("STOP") }),
        heal: |stage| Box::pin(async { stage.nats().signal("CONT") }),
    },
    Fault {
        name: "nats_loses_its_disk",
        notice: Notice::Nothing,
        lasts: Duration::from_secs(4),
        inject: |stage| {
            Box::pin(async {
                stage.nats().kill();
                stage.nats().wipe();
            })
        },
        heal: |stage| {
            Box::pin(async {
                stage.nats().start().await;
                stage.mesh.publish_again(1).await;
            })
        },
    },
    Fault {
        name: "the_disk_of_nats_is_full",
        notice: Notice::Nothing,
        lasts: Duration::from_secs(6),
        inject: |stage| {
            Box::pin(async {
                stage.nats().kill();
                stage.nats().move_to_small_disk();
                stage.nats().start().await;
                stage.nats().disk().fill();
            })
        },
        // It does not store anything again by itself.
        heal: |stage| {
            Box::pin(async {
                stage.nats().disk().clear();
                stage.nats().kill();
                stage.nats().start().await;
            })
        },
    },
    Fault {
        name: "a_cluster_of_nats_loses_a_follower_and_then_its_leader",
        notice: Notice::Nothing,
        lasts: Duration::ZERO,
        inject: |stage| {
            Box::pin(async {
                let mut cluster = form_cluster(stage).await;
                for is_leader in [false, true] {
                    let leader = eventually("the stream has a leader", PATIENCE, || {
                        cluster.leader("ORDERS")
                    })
                    .await;
                    let victim = if is_leader { leader } else { (leader + 1) % 3 };
                    let server = cluster.server(stage.nats(), victim);
                    server.kill();
                    tokio::time::sleep(WITHOUT).await;
                    server.start().await;
                }
                stage.cluster = Some(cluster);
            })
        },
        heal: nothing,
    },
];

/// Makes a cluster of the mesh's NATS, with what was published, as an operator does it: a server that
/// becomes one of a cluster forgets what it has.
async fn form_cluster(stage: &mut Stage) -> Cluster {
    let nats = stage.nats();
    nats.kill();
    nats.wipe();
    let cluster = Cluster::of(nats).await;
    stage.mesh.publish_again(3).await;
    for process in stage.mesh.processes() {
        let url = stage.mesh.variable(&process, "NATS_URL").map(str::to_owned);
        let url = url.expect("every process knows it");
        let Some((login, _)) = url.split_once('@') else {
            panic!("{process} has no user on NATS");
        };
        let further = cluster.addresses();
        let further = further.iter().map(|address| format!("{login}@{address}"));
        let all: Vec<_> = std::iter::once(url.clone()).chain(further).collect();
        stage.mesh.set_of(&process, "NATS_URL", all.join(","));
        stage.mesh.set_of(&process, "NATS_REPLICAS", "3".to_owned());
    }
    rollout::restart(stage).await;
    cluster
}
