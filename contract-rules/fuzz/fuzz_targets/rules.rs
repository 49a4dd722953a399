//! Any bytes against the rules of the conformance cases' messages and of our own requests: what the
//! decoder refuses is malformed, and what is wrong is wrong with the decoded message too.
#![no_main]

#[path = "../../tests/conformance/cases.rs"]
mod cases;
#[path = "../../tests/contracts/descriptors.rs"]
mod descriptors;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, UNIX_EPOCH};

use contract_rules::{Compiler, Invalid, Rules, Unchecked, Violation};
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

struct Target {
    of: MessageDescriptor,
    rules: Arc<Rules>,
    /// prost-reflect reads it as its contract means it: its file is of no edition.
    is_decoded: bool,
}

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let mut targets = BTreeMap::new();
    for case in cases::read() {
        add(&mut targets, &case.pool, &case.message);
    }
    let pool = contract_rules::descriptors(&descriptors::tradewind()).expect("it was written so");
    let mut ours = BTreeMap::new();
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        add(&mut ours, &pool, method.input().full_name());
    }
    targets.into_values().chain(ours.into_values()).collect()
});

fn add(targets: &mut BTreeMap<String, Target>, pool: &DescriptorPool, name: &str) {
    let of = pool.get_message_by_name(name).expect("it is there");
    let compiler =
        Compiler::new(pool).with_clock(|| UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    // Some are there to be refused at the start.
    if let Ok(rules) = compiler.rules(&of) {
        let file = of.parent_file();
        let is_decoded = !file.name().contains("edition");
        targets.insert(
            name.to_owned(),
            Target {
                of,
                rules,
                is_decoded,
            },
        );
    }
}

fuzz_target!(init: { LazyLock::force(&TARGETS); }, |input: &[u8]| {
    let Some((choice, bytes)) = input.split_first_chunk() else {
        return;
    };
    let target = &TARGETS[usize::from(u16::from_le_bytes(*choice)) % TARGETS.len()];
    let found = target.rules.violations(bytes);
    match target.rules.check(bytes) {
        Ok(()) => assert_eq!(found, Ok(Vec::new())),
        // A pass that knows enough does not read on.
        Err(Invalid::Violations(told) | Invalid::ManyViolations(told)) => {
            let all = found.as_deref().unwrap_or_default();
            let is_known = |one: &Violation| all.iter().any(|other| other == one);
            assert!(
                found.is_err() || told.iter().all(is_known),
                "{told:?} {all:?}"
            );
        }
        Err(Invalid::Malformed) => assert_eq!(found, Err(Unchecked::Malformed)),
    }
    if !target.is_decoded {
        return;
    }
    match (DynamicMessage::decode(target.of.clone(), bytes), found) {
        (Err(_), found) => assert_eq!(found, Err(Unchecked::Malformed)),
        // prost is laxer: it reads an entry of a map whatever its wire type.
        (Ok(_), Err(Unchecked::Malformed)) => {}
        (Ok(_), Err(Unchecked::NotEvaluated(_))) => {}
        (Ok(message), Ok(found)) => {
            let again = target.rules.violations(&message.encode_to_vec());
            assert_eq!(again.map(rules), Ok(rules(found)), "{message:?}");
        }
    }
});

/// Entries of a map come in any order.
fn rules(violations: Vec<Violation>) -> BTreeSet<(String, String, bool)> {
    let violations = violations.into_iter();
    violations
        .map(|one| (one.field, one.rule, one.for_key))
        .collect()
}
