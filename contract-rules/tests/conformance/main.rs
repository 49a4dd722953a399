//! protovalidate's own conformance cases: the same verdict, and of each violation the same field and
//! the same rule, as the official implementation is held to. `README.md` says where the
//! cases are from.

mod cases;

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use cases::{Case, Found};
use contract_rules::Compiler;

/// When the cases were written: those of `lt_now` and the like are about that time.
const NOW: Duration = Duration::from_secs(1_795_947_753);
/// All cases, and those of them that do not pass.
const CASES: (usize, usize) = (2872, 2);

/// A case that is listed as one that fails fails, and no other does.
#[test]
fn messages_are_held_against_their_rules_as_the_official_implementation_does() {
    let listed: BTreeSet<&str> = include_str!("failing")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let cases = cases::read();
    let mut failing = BTreeSet::new();
    let mut report = String::new();
    for case in &cases {
        let found = found(case);
        if case.expected.is(&found) {
            continue;
        }
        failing.insert(case.name.as_str());
        if !listed.contains(case.name.as_str()) {
            let (name, expected, found) = (&case.name, &case.expected, found.tell());
            report += &format!("{name}\n  expected {expected:?}\n  found    {found}\n");
        }
    }
    let passing: Vec<_> = listed.difference(&failing).collect();
    assert!(report.is_empty(), "these cases fail:\n{report}");
    assert!(
        passing.is_empty(),
        "these pass, and are listed as failing: {passing:#?}"
    );
    assert_eq!((cases.len(), failing.len()), CASES);
}

fn found(case: &Case) -> Found {
    let compiler = Compiler::new(&case.pool).with_clock(|| UNIX_EPOCH + NOW);
    let message = case.pool.get_message_by_name(&case.message);
    let message = message.expect("the message is in the descriptors");
    match compiler.rules(&message) {
        Err(mistakes) => Found::NotCompiled(mistakes),
        Ok(rules) => match rules.violations(&case.bytes) {
            Ok(violations) => Found::Violations(violations),
            Err(_) => Found::NotRun,
        },
    }
}
