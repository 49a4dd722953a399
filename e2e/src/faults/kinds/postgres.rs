//! Postgres away, or full.

use std::time::Duration;

use crate::faults::fault::{Fault, Notice};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "postgres_stops_at_once_and_starts_again",
        notice: Notice::Failures,
        lasts: Duration::from_secs(3),
        inject: |stage| Box::pin(stage.postgres.stop_at_once()),
        heal: |stage| Box::pin(stage.postgres.start()),
    },
    Fault {
        name: "postgres_has_no_connection_left",
        notice: Notice::Failures,
        lasts: Duration::from_secs(5),
        inject: |stage| {
            Box::pin(async {
                let taken = stage.postgres.take_connections().await;
                assert!(taken > 0, "there were connections to be taken");
            })
        },
        heal: |stage| Box::pin(async { stage.postgres.give_connections_back() }),
    },
    Fault {
        name: "the_disk_of_postgres_is_full",
        notice: Notice::Failures,
        lasts: Duration::from_secs(4),
        inject: |stage| {
            Box::pin(async {
                stage.postgres.stop_at_once().await;
                stage.postgres.move_to_small_disk();
                stage.postgres.start().await;
                stage.postgres.disk().fill();
            })
        },
        heal: |stage| {
            Box::pin(async {
                stage.postgres.disk().clear();
                stage.postgres.revive().await;
            })
        },
    },
];
