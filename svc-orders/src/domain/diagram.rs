//! The tables as docs/SAGA.md shows them.

use std::fmt::Write as _;
use std::{env, fs};

use super::state::TRANSITIONS;
use super::{PLANS, State};

const PAGE: &str = "../docs/SAGA.md";
const BEGIN: &str = "<!-- from the tables of svc-orders/src/domain, by its tests -->\n";
const END: &str = "<!-- end -->\n";

/// What other services are asked, and where that leads.
fn tables() -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> PENDING\n");
    for (from, step, to) in TRANSITIONS.iter().filter(|(from, _, to)| from != to) {
        let _ = writeln!(text, "    {from} --> {to}: {step:?}");
    }
    for end in State::ALL.into_iter().filter(|state| state.is_terminal()) {
        let _ = writeln!(text, "    {end} --> [*]");
    }
    text += "```\n\n| an order that is | asks | and then takes |\n|---|---|---|\n";
    for plan in PLANS {
        let states: Vec<_> = plan.states.iter().map(State::to_string).collect();
        let asks = plan.asks.iter().map(|(ask, refused)| {
            let (service, method) = ask.method();
            match refused {
                Some(step) => format!("`{method}` of {service} (refused: {step:?})"),
                None => format!("`{method}` of {service}"),
            }
        });
        let asks: Vec<_> = asks.collect();
        let (states, asks) = (states.join(", "), asks.join(", then "));
        let _ = writeln!(text, "| {states} | {asks} | {:?} |", plan.done);
    }
    text
}

/// `UPDATE_DOCS=1` writes them.
#[test]
fn the_page_shows_the_tables() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, format!("{before}{BEGIN}{}{END}{after}", tables())).unwrap();
    } else {
        assert_eq!(shown, tables(), "UPDATE_DOCS=1 writes {PAGE}");
    }
}
