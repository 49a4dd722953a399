//! What the edge promises of each class of the contract's methods, and how fast the budget of errors that
//! this leaves is used up (Google, The Site Reliability Workbook, chapter 5).

use ::ops::Recorded;
use runtime::contract::{Contract, Method, Priority};

/// Of a thousand calls of 30 days, how many have to be answered, by priority.
const AVAILABILITY: &[(Priority, u32)] = &[
    (Priority::High, 999),
    (Priority::Normal, 995),
    (Priority::Low, 990),
];
/// How many have to be answered within a second; of what can be done later nobody promises how long it
/// takes.
const LATENCY: &[(Priority, u32)] = &[(Priority::High, 990), (Priority::Normal, 950)];
/// Codes of calls that were not answered, for what the caller can do nothing about.
pub(crate) const FAULTS: &str = "UNKNOWN|DEADLINE_EXCEEDED|INTERNAL|UNAVAILABLE|DATA_LOSS";
const SHORT_WINDOWS: [&str; 4] = ["5m", "30m", "1h", "2h"];
const LONG_WINDOWS: [&str; 3] = ["6h", "1d", "3d"];
/// Fewer bad calls than these are no trend.
const FEW: u32 = 10;

/// What the rules record; of names that begin alike, the longer one first.
pub(super) const RECORDED: &[Recorded] = &[
    Recorded {
        name: "tradewind:method",
        labels: &["rpc_method", "priority", "kind"],
        about: "1, for each method of the contract.",
    },
    Recorded {
        name: "tradewind:slo_budget_left",
        labels: &["slo", "priority"],
        about: "What is left of the bad calls that 30 days may have.",
    },
    Recorded {
        name: "tradewind:slo_budget",
        labels: &["slo", "priority"],
        about: "The share of calls that may be bad.",
    },
    Recorded {
        name: "tradewind:slo_calls",
        labels: &["slo", "priority"],
        about: "Calls of the edge that an objective holds for.",
    },
    Recorded {
        name: "tradewind:slo_bad",
        labels: &["slo", "priority"],
        about: "Calls that were not answered (availability), or not within a second (latency).",
    },
];

/// How many times as fast as it may the budget is used up, over a long window and still over a short one.
struct Burn {
    factor: &'static str,
    long: &'static str,
    seconds: u32,
    short: &'static str,
}

const FAST: [Burn; 2] = [
    Burn {
        factor: "14.4",
        long: "1h",
        seconds: 3600,
        short: "5m",
    },
    Burn {
        factor: "6",
        long: "6h",
        seconds: 6 * 3600,
        short: "30m",
    },
];
const SLOW: [Burn; 2] = [
    Burn {
        factor: "3",
        long: "1d",
        seconds: 86400,
        short: "2h",
    },
    Burn {
        factor: "1",
        long: "3d",
        seconds: 3 * 86400,
        short: "6h",
    },
];

/// The text of `objectives.yaml`.
pub(super) fn rules() -> String {
    let measured = |windows: &[&str]| windows.iter().map(|window| measured(window)).collect();
    let days: String = measured(&LONG_WINDOWS);
    let left = record(
        "tradewind:slo_budget_left:ratio30d",
        "1 - sum_over_time(tradewind:slo_bad:rate5m[30d]) / sum_over_time(tradewind:slo_calls:rate5m[30d])\n  \
         / tradewind:slo_budget",
        &[],
    );
    let groups = [
        group("tradewind-contract", "", &contract()),
        group("tradewind-objectives", "", &measured(&SHORT_WINDOWS)),
        group(
            "tradewind-objectives-of-days",
            "    interval: 1m\n",
            &(days + &left),
        ),
        group("tradewind-budget", "", &alerts()),
    ];
    format!(
        "# Written by `tradewind ops generate` from the contract's priorities.\n\ngroups:\n{}",
        groups.join("\n")
    )
}

fn group(name: &str, interval: &str, rules: &str) -> String {
    format!("  - name: {name}\n{interval}    rules:\n{rules}")
}

fn record(name: &str, expression: &str, labels: &[(&str, &str)]) -> String {
    let mut text = format!("      - record: {name}\n");
    text += &if expression.contains('\n') {
        format!("        expr: |\n{}", block(expression))
    } else {
        format!("        expr: {expression}\n")
    };
    if !labels.is_empty() {
        let labels: Vec<_> = labels
            .iter()
            .map(|(label, value)| format!("{label}: \"{value}\""))
            .collect();
        text += &format!("        labels: {{{}}}\n", labels.join(", "));
    }
    text
}

/// Lines of an expression, as far in as they stand below it.
fn block(expression: &str) -> String {
    let lines = expression.lines();
    lines
        .map(|line| ["          ", line, "\n"].concat())
        .collect()
}

fn name_of(priority: Priority) -> String {
    format!("{priority:?}").to_lowercase()
}

fn names_of(objective: &[(Priority, u32)]) -> String {
    let names: Vec<_> = objective.iter().map(|(it, _)| name_of(*it)).collect();
    names.join("|")
}

fn contract() -> String {
    let contract = Contract::tradewind();
    let ours = contract
        .methods()
        .filter(|it| it.name.starts_with("tradewind."));
    let mut methods: Vec<&Method> = ours.map(AsRef::as_ref).collect();
    methods.sort_by(|one, other| one.name.cmp(&other.name));
    let methods = methods.into_iter().map(|method| {
        let kind = if method.is_streaming() {
            "stream"
        } else {
            "unary"
        };
        let priority = name_of(method.priority);
        let labels = [
            ("rpc_method", &*method.name),
            ("priority", priority.as_str()),
            ("kind", kind),
        ];
        record("tradewind:method", "vector(1)", &labels)
    });
    let objectives = [("availability", AVAILABILITY), ("latency", LATENCY)];
    let budgets = objectives.into_iter().flat_map(|(slo, objective)| {
        objective.iter().map(move |(priority, good)| {
            let allowed = format!("vector({} / 1000)", 1000 - good);
            let priority = name_of(*priority);
            let labels = [("slo", slo), ("priority", priority.as_str())];
            record("tradewind:slo_budget", &allowed, &labels)
        })
    });
    methods.chain(budgets).collect()
}

/// Calls of the edge a second: of a part of the histogram, of series, and of methods.
fn by_priority(part: &str, series: &str, methods: &str, window: &str) -> String {
    format!(
        "sum by (priority) (\n  \
           sum by (rpc_method) (rate(rpc_client_call_duration_seconds_{part}{{service_name=\"edge\"{series}}}[{window}]))\n  \
           * on (rpc_method) group_left (priority) tradewind:method{methods}\n\
         )"
    )
}

fn measured(window: &str) -> String {
    let timed = format!("{{kind=\"unary\", priority=~\"{}\"}}", names_of(LATENCY));
    let ok = ", rpc_response_status_code=\"OK\"";
    let faults = format!(", rpc_response_status_code=~\"{FAULTS}\"");
    let everything = by_priority("count", "", "", window);
    let failed = by_priority("count", &faults, "", window);
    let done = by_priority("count", ok, &timed, window);
    let in_time = by_priority("bucket", &format!("{ok}, le=\"1\""), &timed, window);
    let calls = format!("tradewind:slo_calls:rate{window}");
    let bad = format!("tradewind:slo_bad:rate{window}");
    let none = format!("or 0 * sum by (priority) ({calls}{{slo=\"availability\"}})");
    let (availability, latency) = ([("slo", "availability")], [("slo", "latency")]);
    [
        record(&calls, &everything, &availability),
        record(&bad, &format!("{failed}\n{none}"), &availability),
        record(&calls, &done, &latency),
        record(&bad, &format!("clamp_min({done} - {in_time}, 0)"), &latency),
    ]
    .concat()
}

impl Burn {
    fn expression(&self, priorities: &str) -> String {
        let at = format!("{{priority=~\"{priorities}\"}}");
        let Burn {
            factor,
            long,
            seconds,
            short,
        } = self;
        let over = |window| {
            format!(
                "tradewind:slo_bad:rate{window}{at} / tradewind:slo_calls:rate{window} > {factor} * tradewind:slo_budget"
            )
        };
        format!(
            "({}\n  and {}\n  and tradewind:slo_bad:rate{long} * {seconds} >= {FEW})",
            over(long),
            over(short)
        )
    }
}

fn alerts() -> String {
    let every = names_of(AVAILABILITY);
    let awake = names_of(LATENCY);
    let later = name_of(Priority::Low);
    let fast = FAST.iter().map(|burn| burn.expression(&awake));
    let low = FAST.iter().map(|burn| burn.expression(&later));
    let slow = SLOW.iter().map(|burn| burn.expression(&every));
    let missed =
        "Calls of priority {{ $labels.priority }} miss their objective of {{ $labels.slo }}";
    let bad = "{{ $value | humanizePercentage }} of them are bad;";
    let page = Alert {
        name: "ErrorBudgetBurnsFast",
        severity: "page",
        lasting: "2m",
        summary: format!("{missed} by far"),
        description: format!("{bad} in days the budget of a month is gone."),
    };
    let ticket = Alert {
        name: "ErrorBudgetBurns",
        severity: "ticket",
        lasting: "15m",
        summary: missed.to_owned(),
        description: format!("{bad} the budget of a month does not last a month."),
    };
    page.rule(&fast.collect::<Vec<_>>()) + &ticket.rule(&low.chain(slow).collect::<Vec<_>>())
}

struct Alert {
    name: &'static str,
    severity: &'static str,
    lasting: &'static str,
    summary: String,
    description: String,
}

impl Alert {
    fn rule(&self, burns: &[String]) -> String {
        let Alert {
            name,
            severity,
            lasting,
            summary,
            description,
        } = self;
        format!(
            "      - alert: {name}
        expr: |
{}        for: {lasting}
        labels: {{severity: {severity}}}
        annotations:
          summary: {summary}
          description: \"{description}\"
          runbook_url: \"{{{{ $externalLabels.runbooks }}}}#{}\"
",
            block(&burns.join("\nor\n")),
            name.to_lowercase()
        )
    }
}
