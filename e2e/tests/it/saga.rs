//! The saga, explored: every interleaving of two workers, of svc-payments' driver, of the provider, of
//! events and of time, with crashes, lost replies, cancellations and lapsing holds, within a budget of
//! faults. The moves are those of the services' own tables and domains; what is said here is only who
//! asks whom, as their handlers do. Each mutant leaves out one rule, and has to break.

mod callees;
mod explorer;
mod invariants;
mod provider;
mod steps;
mod world;

use explorer::Verdict;
use world::{Mutant, Rules};

/// Budgets: faults (crashes, lost replies and events that come twice), cancellations, lapsing holds.
#[derive(Clone, Copy)]
struct Budget {
    faults: u8,
    cancels: u8,
    lapses: u8,
}

const BUDGETS: [Budget; 2] = [
    Budget {
        faults: 3,
        cancels: 1,
        lapses: 0,
    },
    Budget {
        faults: 1,
        cancels: 1,
        lapses: 1,
    },
];

#[test]
fn the_saga_holds_in_every_order_of_things_and_always_finds_an_end() {
    for budget in BUDGETS {
        let verdict = explorer::explore(&Rules::of(Mutant::None), budget);
        match verdict {
            Verdict::Holds { states, ends } => {
                println!(
                    "{} faults, {} lapses: {states} states, {ends} ends",
                    budget.faults, budget.lapses
                );
                assert!(states > 10_000, "only {states} states were found");
                assert!(ends > 50, "only {ends} ends were found");
            }
            Verdict::Broken { why, trace } => panic!("{why}\n  {}", trace.join("\n  ")),
        }
    }
}

#[test]
fn a_saga_without_one_of_its_rules_breaks() {
    for (mutant, expected) in Mutant::ALL {
        let rules = Rules::of(mutant);
        let verdicts = BUDGETS.map(|budget| explorer::explore(&rules, budget));
        let broken = verdicts.iter().find_map(|verdict| match verdict {
            Verdict::Broken { why, trace } => Some((*why, trace)),
            Verdict::Holds { .. } => None,
        });
        let Some((why, trace)) = broken else {
            panic!("{mutant:?} holds, though a rule is left out");
        };
        assert_eq!(why, expected, "{mutant:?}\n  {}", trace.join("\n  "));
        assert!(!trace.is_empty());
    }
}
