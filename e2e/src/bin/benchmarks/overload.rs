//! More than the mesh can do, and what it costs to be prepared for it.

use std::time::Duration;

use e2e::{Mesh, servers::variable};

use crate::{
    load::Pace,
    median,
    mixed::{Mixed, both, own, started},
    orders::{Shop, postmaster, settled},
    report::{Section, verdict},
    tell,
    usage::Costs,
};

/// Connections that order, and that look at lists, while the mesh is just full.
const FULL: [usize; 2] = [2, 30];
/// The same at three times of that: as many as are busy with what is refused.
const OVER: [usize; 2] = [200, 1200];
const TIMES: f64 = 3.0;
const ROUNDS: usize = 5;
const LENGTH: Duration = Duration::from_secs(6);
const AIM_GOODPUT: f64 = 90.0;
const AIM_P99: f64 = 2.0;
const AIM_COST: f64 = 3.0;

/// Everything that hardens the mesh, turned off.
const OFF: [(&str, &str); 8] = [
    ("ENDPOINT_EJECTION", "0"),
    ("ENDPOINT_BREAKER", "0"),
    ("ENDPOINT_SLOW_START", "0s"),
    ("EDGE_RETRY_PERCENT", "0"),
    ("EDGE_STALE_IF_ERROR", "0s"),
    ("EDGE_THROTTLE", "false"),
    ("QUEUE_TARGET", "0s"),
    ("REFUSE_LATE", "false"),
];

pub(crate) async fn measure() -> Section {
    let (server, postmaster) = (variable("TEST_DATABASE_URL"), postmaster().await);
    let mut variants = Vec::new();
    for (name, settings) in [("as it is", &[][..]), ("all of it turned off", &OFF[..])] {
        let (mesh, shop) = started(name, settings, FULL, LENGTH).await;
        variants.push(Variant {
            name,
            shop,
            full: Vec::new(),
            over: Vec::new(),
            costs: Vec::new(),
            _mesh: mesh,
        });
    }
    for round in 1..=ROUNDS {
        for variant in &mut variants {
            tell(&format!("{}, round {round} of {ROUNDS}", variant.name));
            // What the other one has left over.
            settled(&server).await;
            let before = Costs::now(postmaster);
            let full = both(&variant.shop, FULL, [Pace::Closed; 2], LENGTH);
            variant.costs.push(own(&before.per(full.answers())));
            let rates = [&full.orders, &full.lists].map(|it| Pace::Open(it.rate() * TIMES));
            variant.over.push(both(&variant.shop, OVER, rates, LENGTH));
            variant.full.push(full);
        }
    }
    section(&variants)
}

struct Variant {
    name: &'static str,
    shop: Shop,
    full: Vec<Mixed>,
    over: Vec<Mixed>,
    /// CPU time of our own processes per answer, in microseconds.
    costs: Vec<f64>,
    _mesh: Mesh,
}

fn section(variants: &[Variant]) -> Section {
    let mut section = Section::new("Overload");
    section.say(&format!(
        "Orders (`POST /v1/orders`, of high priority in the contract) and lists of one's own orders (`GET \
         /v1/orders`, low), through the edge to separate processes on Postgres, NATS and Redis. *Full* is \
         a closed loop of {} and {} connections; *over* asks for {TIMES:.0} times of what that gave, of \
         each, whatever comes back (an open loop; latencies are those of answered orders, from the time \
         when they were due). Who is refused hears 503 with `Retry-After`. The mesh as it is, and one \
         without breakers, ejection, slow start, retries, stale answers, shedding and refusing of late \
         calls, in turns.",
        FULL[0], FULL[1]
    ));
    let of = |rounds: &[Mixed], figure: fn(&Mixed) -> f64| median(rounds.iter().map(figure));
    let mut rows = Vec::new();
    for variant in variants {
        for (name, rounds) in [("full", &variant.full), ("over", &variant.over)] {
            rows.push(vec![
                format!("{}, {name}", variant.name),
                format!("{:.0}", of(rounds, |it| it.orders.rate())),
                format!("{:.0} ms", of(rounds, |it| it.orders.percentile(0.5))),
                format!("{:.0} ms", of(rounds, |it| it.orders.percentile(0.99))),
                format!("{:.0} %", of(rounds, |it| it.orders.refused())),
                format!("{:.0}", of(rounds, |it| it.lists.rate())),
                format!("{:.0} %", of(rounds, |it| it.lists.refused())),
            ]);
        }
    }
    let head = [
        "",
        "orders/s",
        "p50",
        "p99",
        "orders refused",
        "lists/s",
        "lists refused",
    ];
    section.table(&head, &rows);
    let as_it_is = &variants[0];
    let goodput = |rounds: &[Mixed]| of(rounds, Mixed::goodput);
    let kept = goodput(&as_it_is.over) / goodput(&as_it_is.full) * 100.0;
    let p99 = |rounds: &[Mixed]| of(rounds, |it| it.orders.percentile(0.99));
    let slower = p99(&as_it_is.over) / p99(&as_it_is.full);
    section.say(&format!(
        "Answered at three times the load: {kept:.0} % of what was answered before (aim: at least \
         {AIM_GOODPUT:.0} %, {}); the 99th percentile of orders is {slower:.1} times that of before (aim: at \
         most {AIM_P99:.0}, {}).",
        verdict(kept >= AIM_GOODPUT),
        verdict(slower <= AIM_P99)
    ));
    let [with, without] = [0, 1].map(|one: usize| median(variants[one].costs.clone()));
    let more = (with / without - 1.0) * 100.0;
    section.say(&format!(
        "CPU time of the edge and all services per answer while they are full: {with:.0} us, and {without:.0} us \
         with all of it turned off: {more:+.1} % (aim: less than {AIM_COST:.0} %, {}).",
        verdict(more < AIM_COST)
    ));
    section
}
