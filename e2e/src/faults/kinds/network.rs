//! Ways that are cut, slow or rude.

use std::time::Duration;

use crate::faults::{
    fault::{Act, Fault, Notice},
    proxy::Weather,
};

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

/// What happens to ways for a while, and is over when all are as they were.
const fn of(name: &'static str, inject: Act) -> Fault {
    Fault {
        name,
        notice: Notice::Failures,
        lasts: Duration::from_secs(8),
        inject,
        heal: |stage| Box::pin(async { stage.network.calm() }),
    }
}

/// Nothing arrives either way.
fn cut(weather: &mut Weather) {
    (weather.is_deaf, weather.is_mute) = (true, true);
}

pub(super) const FAULTS: &[Fault] = &[
    of("two_processes_are_parted", |stage| {
        Box::pin(async {
            let (one, other) = stage.network.any(&stage.random, is_of_orders);
            let is_between =
                |from: &str, to: &str| from == one && to == other || from == other && to == one;
            stage.network.change(is_between, cut);
        })
    }),
    of("a_process_is_parted_from_everything", |stage| {
        Box::pin(async {
            let (_, victim) = stage.network.any(&stage.random, is_of_orders);
            let is_of_it = |from: &str, to: &str| from == victim || to == victim;
            stage.network.change(is_of_it, cut);
        })
    }),
    of("a_service_is_heard_and_does_not_hear", |stage| {
        Box::pin(async {
            let (_, victim) = stage.network.any(&stage.random, is_of_orders);
            let leads_to_it = |_: &str, to: &str| to == victim;
            stage
                .network
                .change(leads_to_it, |weather| weather.is_deaf = true);
        })
    }),
    of("a_service_hears_and_is_not_heard", |stage| {
        Box::pin(async {
            let (_, victim) = stage.network.any(&stage.random, is_of_orders);
            let leads_to_it = |_: &str, to: &str| to == victim;
            stage
                .network
                .change(leads_to_it, |weather| weather.is_mute = true);
        })
    }),
    of("replicas_are_parted_from_their_servers", |stage| {
        Box::pin(async {
            let victims = ["svc-orders", "svc-payments", "svc-inventory", "svc-notify"];
            let victims = victims.map(|program| stage.any(program));
            let is_cut =
                |from: &str, to: &str| is_server(to) && victims.iter().any(|victim| victim == from);
            stage.network.change(is_cut, cut);
        })
    }),
    of("every_way_takes_200_ms_and_more", |stage| {
        Box::pin(async {
            let calls = |_: &str, to: &str| !is_server(to);
            stage.network.change(calls, |weather| {
                weather.delay = Duration::from_millis(200);
                weather.jitter = Duration::from_millis(100);
            });
        })
    }),
    of("connections_are_reset_all_the_time", |stage| {
        Box::pin(async {
            stage.network.change(
                |_, _| true,
                |weather| weather.life = Some(Duration::from_millis(400)),
            );
        })
    }),
    of("connections_are_half_open", |stage| {
        Box::pin(async {
            stage
                .network
                .change(|_, _| true, |weather| weather.is_half_open = true);
        })
    }),
];
