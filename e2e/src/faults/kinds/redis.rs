//! Redis empty, away, or standing still.

use std::time::Duration;

use crate::faults::fault::{Fault, Notice, nothing};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "redis_is_flushed",
        notice: Notice::Nothing,
        lasts: Duration::from_secs(2),
        inject: |stage| Box::pin(async { stage.redis().flush() }),
        heal: nothing,
    },
    Fault {
        name: "redis_is_stopped",
        notice: Notice::Nothing,
        lasts: Duration::from_secs(5),
        inject: |stage| Box::pin(async { stage.redis().kill() }),
        heal: |stage| Box::pin(stage.redis().start()),
    },
    Fault {
        name: "redis_stands_still",
        notice: Notice::Nothing,
        lasts: Duration::from_secs(8),
        inject: |stage| Box::pin(async { stage.redis().signal("STOP") }),
        heal: |stage| Box::pin(async { stage.redis().signal("CONT") }),
    },
];
