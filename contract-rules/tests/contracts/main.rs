//! Every request of this repository's contracts, with values on and beside each bound, held against
//! its rules by this crate and by the official implementation for Python: the same fields, and the
//! same rules.

mod descriptors;
mod values;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use contract_rules::{Compiler, Violation};
use prost::Message as _;
use prost_reflect::DynamicMessage;

/// Fewer messages would leave bounds untried.
const LEAST: usize = 4500;

#[test]
fn requests_are_refused_for_what_the_official_implementation_refuses_them() {
    let set = descriptors::tradewind();
    let pool = contract_rules::descriptors(&set).expect("protox writes descriptor sets");
    let methods = pool.services().flat_map(|service| {
        let methods: Vec<_> = service.methods().collect();
        methods
    });
    let names: BTreeSet<String> = methods
        .map(|method| method.input().full_name().to_owned())
        .filter(|name| name.starts_with("tradewind."))
        .collect();
    let mut messages = Vec::new();
    let mut found = Vec::new();
    for name in names {
        let of = pool.get_message_by_name(&name);
        let of = of.expect("it was found there");
        let rules = Compiler::new(&pool).rules(&of).expect("they are known");
        let all: BTreeSet<Vec<u8>> = values::of(&of).map(|one| one.encode_to_vec()).collect();
        for bytes in all {
            found.push(told(rules.violations(&bytes).expect("it is a message")));
            messages.push((name.clone(), bytes));
        }
    }
    assert!(messages.len() >= LEAST, "{}", messages.len());
    let expected = official(&set, &messages);
    assert_eq!(expected.len(), messages.len());
    for ((name, bytes), (found, expected)) in messages.iter().zip(found.iter().zip(&expected)) {
        let of = pool.get_message_by_name(name).expect("it was found there");
        let message = || DynamicMessage::decode(of, &**bytes);
        assert_eq!(found, expected, "{name}: {:?}", message());
    }
    // Neither side is always right.
    let refused = found.iter().filter(|found| !found.is_empty()).count();
    let range = messages.len() / 4..messages.len() * 9 / 10;
    assert!(range.contains(&refused), "{refused} of {}", messages.len());
}

/// Field, rule, whether it is a key.
type Told = (String, String, bool);

fn told(violations: Vec<Violation>) -> Vec<Told> {
    let told = |one: Violation| (one.field, one.rule, one.for_key);
    let mut all: Vec<_> = violations.into_iter().map(told).collect();
    all.sort();
    all
}

fn official(set: &[u8], messages: &[(String, Vec<u8>)]) -> Vec<Vec<Told>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/official.py");
    let mut python = Command::new("protovalidate-python")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`scripts/tools protovalidate` installs it, and `scripts/tools path` is in PATH");
    let mut input = python.stdin.take().expect("it is piped");
    let mut lines = hex(set) + "\n";
    for (name, bytes) in messages {
        lines += &format!("{name} {}\n", hex(bytes));
    }
    // It answers while it reads.
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().expect("it runs");
    writing
        .join()
        .expect("no panic")
        .expect("it reads to the end");
    assert!(output.status.success(), "{}", output.status);
    let text = String::from_utf8(output.stdout).expect("it writes JSON");
    let told = text.lines().map(|line| {
        let mut told: Vec<Told> = serde_json::from_str(line).expect("it writes JSON");
        told.sort();
        told
    });
    told.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
