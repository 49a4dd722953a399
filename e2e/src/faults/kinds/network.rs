//! Ways that are cut, slow or rude.

use std::time::Duration;

use crate::faults::fault::{Fault, Notice};

/// Whether a way lies within an order: from a replica to another one, or to a server.
fn is_of_orders(from: &str, to: &str) -> bool {
    let is_caller = from.starts_with("edge") || from.starts_with("svc-orders");
    let is_callee = [
        "svc-orders",
        "svc-inventory",
        "svc-payments",
        "svc-shipping",
    ]
    .iter()
    .any(|service| to.starts_with(service));
    is_caller && is_callee && from != to
}

fn is_server(to: &str) -> bool {
    matches!(to, "postgres" | "nats" | "redis")
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "two_processes_are_parted",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| {
            Box::pin(async {
                let (one, other) = stage.network.any(&stage.random, is_of_orders);
                let is_between =
                    |from: &str, to: &str| from == one && to == other || from == other && to == one;
                stage.network.change(is_between, |weather| {
                    weather.is_deaf = true;
                    weather.is_mute = true;
                });
            })
        },
        heal: |stage| Box::pin(async { stage.network.calm() }),
    },
    Fault {
        name: "a_process_is_parted_from_everything",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| {
            Box::pin(async {
                let (_, victim) = stage.network.any(&stage.random, is_of_orders);
                let is_of_it = |from: &str, to: &str| from == victim || to == victim;
                stage.network.change(is_of_it, |weather| {
                    weather.is_deaf = true;
                    weather.is_mute = true;
                });
            })
        },
        heal: |stage| Box::pin(async { stage.network.calm() }),
    },
    Fault {
        name: "a_service_is_heard_and_does_not_hear",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| {
            Box::pin(async {
                let (_, victim) = stage.network.any(&stage.random, is_of_orders);
                let leads_to_it = |_: &str, to: &str| to == victim;
                stage
                    .network
                    .change(leads_to_it, |weather| weather.is_deaf = true);
            })
        },
        heal: |stage| Box::pin(async { stage.network.calm() }),
    },
    Fault {
        name: "a_service_hears_and_is_not_heard",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| {
            Box::pin(async {
                let (_, victim) = stage.network.any(&stage.random, is_of_orders);
                let leads_to_it = |_: &str, to: &str| to == victim;
                stage
                    .network
                    .change(leads_to_it, |weather| weather.is_mute = true);
            })
        },
        heal: |stage| Box::pin(async { stage.network.calm() }),
    },
    Fault {
        name: "replicas_are_parted_from_their_servers",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| {
            Box::pin(async {
                let victims = ["svc-orders", "svc-payments", "svc-inventory"];
                let victims = victims.map(|program| stage.any(program));
                let is_cut = |from: &str, to: &str| {
                    is_server(to) && victims.iter().any(|victim| victim == from)
                };
                stage.network.change(is_cut, |weather| {
                    weather.is_deaf = true;
                    weather.is_mute = true;
                });
            })
        },
        heal: |stage| Box::pin(async { stage.network.calm() }),
    },
    Fault {
        name: "every_way_takes_200_ms_and_more",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| {
            Box::pin(async {
                let calls = |_: &str, to: &str| !is_server(to);
                stage.network.change(calls, |weather| {
                    weather.delay = Duration::from_millis(200);
                    weather.jitter = Duration::from_millis(100);
                });
            })
        },
        heal: |stage| Box::pin(async { stage.network.calm() }),
    },
    Fault {
        name: "connections_are_reset_all_the_time",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| {
            Box::pin(async {
                stage.network.change(
                    |_, _| true,
                    |weather| weather.life = Some(Duration::from_millis(400)),
                );
            })
        },
        heal: |stage| Box::pin(async { stage.network.calm() }),
    },
    Fault {
        name: "connections_are_half_open",
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject: |stage| {
            Box::pin(async {
                stage
                    .network
                    .change(|_, _| true, |weather| weather.is_half_open = true);
            })
        },
        heal: |stage| Box::pin(async { stage.network.calm() }),
    },
];
