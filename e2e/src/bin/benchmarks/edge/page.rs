//! How the figures of the edge are shown, and which marks were held.

use super::{
    Case, IDLE, Sample, Target,
    others::{ENVOY, GATEWAY},
    targets::{BARE, FLOOR, FULL, GENERIC, PROXY},
};
use crate::report::{Chart, Section, verdict};

/// Of the CPU time of a case: this one, at most so many times that one.
const MARKS: [(Case, &str, f64, &str); 6] = [
    (Case::Post, GENERIC, 1.25, FLOOR),
    (Case::Post, FULL, 1.6, FLOOR),
    (Case::Post, GENERIC, 1.0 / 4.0, ENVOY),
    (Case::Post, GENERIC, 1.0 / 6.0, GATEWAY),
    (Case::Post, GENERIC, 0.5, BARE),
    (Case::Call, GENERIC, 1.3, PROXY),
];
/// Of resident memory under load, in MiB.
const MEMORY: f64 = 32.0;

const WHAT: &str = "\
    - *floor*: a current-thread runtime per core and hyper's HTTP/2 connection; bytes pass as they \
    are, without routing, timers, limits or policy.\n\
    - *proxy of HTTP/2*: the same runtime with HTTP/2 on both sides; headers, frames and trailers \
    pass as they are.\n\
    - *edge, generic mode*: before anybody's servers, from their descriptor set, public.\n\
    - *edge, full pipeline*: a valid token that it has verified before, access by the contract, \
    rate limits, metrics, 1 % of the requests traced.\n\
    - *no JSON, axum and tonic*: the messages already encoded.\n\
    - *hand-written handler*: axum, serde, the generated types and tonic's Channel for these \
    routes alone, without limits, deadlines, policy, retries or tracing.\n\
    - *Envoy* with its gRPC-JSON transcoder, *grpc-gateway* with code generated from the same \
    contract, *structured-proxy*: as they come, without authentication \
    (`bench/`). Envoy's contract has no `response_body`, which it does not know: its replies of an \
    order are 10 bytes longer. structured-proxy has the routes of orders alone, without those that \
    end in a verb: with others it does not start.";

pub(super) fn section(all: &[Target], rounds: u64) -> (Section, Chart) {
    let mut section = Section::new("The edge");
    section.say(&format!(
        "`make bench-edge`: CPU time (user and system) of the process per request, in a closed \
         loop, before one gRPC server that always returns the same bytes; medians of {rounds} \
         rounds in turns. In parentheses: relative to the floor in the same run, calls of gRPC to the proxy. The two \
         orders, the GET and the call come from 32 connections, the list and the stream from 4; a \
         stream is one request."
    ));
    section.say(WHAT);
    for case in Case::ALL {
        section.say(&format!("### {}", case.name()));
        let of = all.iter().filter(|target| target.cases.contains(&case));
        let rows: Vec<_> = of.map(|target| row(target, case, all)).collect();
        let head = [
            "",
            "CPU per request",
            "p50",
            "p99",
            "requests/s",
            "resident",
        ];
        section.table(&head, &rows);
    }
    section.say(&format!("### {IDLE} idle connections"));
    let idle = |target: &Target| vec![target.name.to_owned(), format!("{:.0} MiB", target.idle)];
    let measured = all.iter().filter(|target| target.idle.is_finite());
    section.table(&["", "resident"], &measured.map(idle).collect::<Vec<_>>());
    section.say("### Marks");
    section.table(&["", "measured", "aim"], &marks(all));
    let chart = Chart {
        title: "CPU time of the process per request, microseconds",
        series: ["GET", "POST"],
        groups: all
            .iter()
            .filter(|target| target.cases.contains(&Case::Post))
            .map(|target| (target.name, both(target)))
            .collect(),
    };
    section.say(&chart.reference());
    (section, chart)
}

/// What each row of a case is related to.
fn floor_of(case: Case) -> &'static str {
    match case {
        Case::Call => PROXY,
        _ => FLOOR,
    }
}

fn cpu(sample: &Sample) -> f64 {
    sample.cpu_micros
}

fn both(target: &Target) -> [f64; 2] {
    [Case::Get, Case::Post].map(|case| target.median(case, cpu).unwrap_or_default())
}

fn named<'a>(all: &'a [Target], name: &str) -> Option<&'a Target> {
    all.iter().find(|target| target.name == name)
}

fn row(target: &Target, case: Case, all: &[Target]) -> Vec<String> {
    let floor = named(all, floor_of(case)).and_then(|floor| floor.median(case, cpu));
    let floor = floor.unwrap_or(f64::NAN);
    let of = |of| target.median(case, of).unwrap_or(f64::NAN);
    let micros = of(cpu);
    vec![
        target.name.to_owned(),
        format!("{micros:.0} us ({:.2})", micros / floor),
        format!("{:.1} ms", of(|sample| sample.p50)),
        format!("{:.1} ms", of(|sample| sample.p99)),
        format!("{:.0}", of(|sample| sample.rate)),
        format!("{:.0} MiB", of(|sample| sample.resident)),
    ]
}

fn marks(all: &[Target]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (case, name, most, other) in MARKS {
        let of = |name| named(all, name)?.median(case, cpu);
        let (Some(this), Some(that)) = (of(name), of(other)) else {
            continue;
        };
        let ratio = this / that;
        rows.push(vec![
            format!("{}, CPU: {name}, relative to {other}", case.name()),
            format!("{ratio:.2}"),
            format!("at most {most:.2}: {}", verdict(ratio <= most)),
        ]);
    }
    for target in [GENERIC, FULL].iter().filter_map(|name| named(all, name)) {
        let resident = target.median(Case::Post, |sample| sample.resident);
        let resident = resident.unwrap_or(f64::NAN);
        rows.push(vec![
            format!("{}, resident: {}", Case::Post.name(), target.name),
            format!("{resident:.0} MiB"),
            format!("below {MEMORY:.0} MiB: {}", verdict(resident < MEMORY)),
        ]);
    }
    rows
}
