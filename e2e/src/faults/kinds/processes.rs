//! Processes that die, stand still, or are replaced.

use std::time::Duration;

use crate::faults::{
    fault::{Fault, Notice, nothing},
    rollout, versions,
};

/// Programs that take part in an order, or tell of it.
const PROGRAMS: [&str; 6] = [
    "edge",
    "svc-orders",
    "svc-inventory",
    "svc-payments",
    "svc-shipping",
    "svc-notify",
];

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "nothing_breaks",
        notice: Notice::Nothing,
        lasts: Duration::from_secs(5),
        inject: nothing,
        heal: nothing,
    },
    Fault {
        name: "one_replica_of_each_is_killed",
        notice: Notice::Failures,
        lasts: Duration::from_secs(3),
        inject: |stage| {
            Box::pin(async {
                for program in PROGRAMS {
                    let victim = stage.any(program);
                    stage.mesh.kill(&victim);
                }
            })
        },
        heal: |stage| Box::pin(stage.mesh.restart()),
    },
    Fault {
        name: "a_whole_service_is_killed",
        notice: Notice::Failures,
        lasts: Duration::from_secs(3),
        inject: |stage| {
            Box::pin(async {
                let program = PROGRAMS[1 + stage.random.below(PROGRAMS.len() - 1)];
                for victim in stage.mesh.replicas(program) {
                    stage.mesh.kill(&victim);
                }
            })
        },
        heal: |stage| Box::pin(stage.mesh.restart()),
    },
    Fault {
        name: "everything_is_killed",
        notice: Notice::Failures,
        lasts: Duration::from_secs(1),
        inject: |stage| Box::pin(async { stage.mesh.kill_all() }),
        heal: |stage| Box::pin(stage.mesh.restart()),
    },
    Fault {
        name: "processes_stand_still_for_longer_than_any_deadline",
        notice: Notice::Failures,
        // Leases are 5 s, clients wait for 15.
        lasts: Duration::from_secs(20),
        inject: |stage| {
            Box::pin(async {
                for program in PROGRAMS {
                    let victim = stage.any(program);
                    stage.mesh.process(&victim).signal("STOP");
                    stage.struck.push(victim);
                }
            })
        },
        heal: |stage| {
            Box::pin(async {
                for victim in std::mem::take(&mut stage.struck) {
                    stage.mesh.process(&victim).signal("CONT");
                }
            })
        },
    },
    Fault {
        name: "everything_is_restarted_one_after_the_other",
        notice: Notice::Nothing,
        lasts: Duration::ZERO,
        inject: |stage| Box::pin(rollout::restart(stage)),
        heal: nothing,
    },
    Fault {
        name: "an_old_and_a_new_version_run_side_by_side",
        notice: Notice::Nothing,
        lasts: Duration::ZERO,
        inject: |stage| Box::pin(versions::side_by_side(stage)),
        heal: nothing,
    },
];
