//! The cases, as `buf.validate.conformance.harness.ResultSet` has them.

use std::collections::BTreeMap;
use std::io::Cursor;

use contract_rules::Violation;
use prost::Message;
use prost_reflect::DescriptorPool;

/// A message, and what is wrong with it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) pool: DescriptorPool,
    pub(crate) message: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Expected,
}

#[derive(Debug)]
pub(crate) enum Expected {
    /// Field, rule, and whether it is a key, in their order.
    Violations(Vec<(String, String, bool)>),
    /// The rules cannot be compiled.
    NotCompiled,
    /// Rules cannot be evaluated on the message.
    NotRun,
}

pub(crate) enum Found {
    Violations(Vec<Violation>),
    NotCompiled(Vec<String>),
    NotRun,
}

impl Found {
    pub(crate) fn tell(&self) -> String {
        match self {
            Found::Violations(found) => {
                let found = found.iter();
                let found = found.map(|one| (&*one.field, &*one.rule, one.for_key));
                format!("{:?}", found.collect::<Vec<_>>())
            }
            Found::NotCompiled(mistakes) => format!("not compiled: {}", mistakes.join("; ")),
            Found::NotRun => "not run".to_owned(),
        }
    }
}

impl Expected {
    pub(crate) fn is(&self, found: &Found) -> bool {
        match (self, found) {
            (Expected::Violations(expected), Found::Violations(found)) => {
                let found = found.iter();
                let found = found.map(|one| (one.field.clone(), one.rule.clone(), one.for_key));
                let mut found: Vec<_> = found.collect();
                found.sort();
                *expected == found
            }
            (Expected::NotCompiled, Found::NotCompiled(_)) | (Expected::NotRun, Found::NotRun) => {
                true
            }
            _ => false,
        }
    }
}

pub(crate) fn read() -> Vec<Case> {
    let packed = include_bytes!("protovalidate-1.2.2.binpb.zst");
    let set = zstd::decode_all(Cursor::new(packed)).expect("it was packed so");
    let set = ResultSet::decode(&*set).expect("it is a ResultSet");
    let mut pools: BTreeMap<Vec<u8>, DescriptorPool> = BTreeMap::new();
    let mut cases = Vec::new();
    for suite in set.suites {
        let pool = pools.entry(suite.descriptors).or_insert_with_key(|set| {
            contract_rules::descriptors(set).expect("they are descriptors")
        });
        cases.extend(suite.cases.into_iter().map(|case| {
            Case {
                name: format!("{}: {}", suite.name, case.name),
                pool: pool.clone(),
                message: case
                    .input
                    .type_url
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                bytes: case.input.value,
                expected: case.wanted.result.map_or(Expected::NotRun, Expected::from),
            }
        }));
    }
    cases
}

impl From<Wanted> for Expected {
    fn from(wanted: Wanted) -> Expected {
        match wanted {
            Wanted::Success(_) => Expected::Violations(Vec::new()),
            Wanted::NotCompiled(_) => Expected::NotCompiled,
            Wanted::NotRun(_) => Expected::NotRun,
            Wanted::Violations(Violations { violations }) => {
                let violations = violations.into_iter();
                let mut told: Vec<_> = violations
                    .map(|one| {
                        (
                            one.field.unwrap_or_default().print(),
                            one.rule_id,
                            one.for_key,
                        )
                    })
                    .collect();
                told.sort();
                Expected::Violations(told)
            }
        }
    }
}

impl FieldPath {
    fn print(&self) -> String {
        let elements = self.elements.iter().map(|element| {
            let name = &element.field_name;
            match &element.subscript {
                None => name.clone(),
                Some(Subscript::Index(index)) => format!("{name}[{index}]"),
                Some(Subscript::Bool(key)) => format!("{name}[{key}]"),
                Some(Subscript::Int(key)) => format!("{name}[{key}]"),
                Some(Subscript::Uint(key)) => format!("{name}[{key}]"),
                Some(Subscript::Text(key)) => format!("{name}[{key:?}]"),
            }
        });
        elements.collect::<Vec<_>>().join(".")
    }
}

#[derive(Message)]
struct ResultSet {
    #[prost(message, repeated, tag = "3")]
    suites: Vec<Suite>,
}

#[derive(Message)]
struct Suite {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "4")]
    cases: Vec<CaseResult>,
    #[prost(bytes, tag = "5")]
    descriptors: Vec<u8>,
}

#[derive(Message)]
struct CaseResult {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, required, tag = "3")]
    wanted: TestResult,
    #[prost(message, required, tag = "5")]
    input: Any,
}

#[derive(Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes, tag = "2")]
    value: Vec<u8>,
}

#[derive(Message)]
struct TestResult {
    #[prost(oneof = "Wanted", tags = "1, 2, 3, 4")]
    result: Option<Wanted>,
}

#[derive(prost::Oneof)]
enum Wanted {
    #[prost(bool, tag = "1")]
    Success(bool),
    #[prost(message, tag = "2")]
    Violations(Violations),
    #[prost(string, tag = "3")]
    NotCompiled(String),
    #[prost(string, tag = "4")]
    NotRun(String),
}

#[derive(Message)]
struct Violations {
    #[prost(message, repeated, tag = "1")]
    violations: Vec<WantedViolation>,
}

#[derive(Message)]
struct WantedViolation {
    #[prost(string, tag = "2")]
    rule_id: String,
    #[prost(bool, tag = "4")]
    for_key: bool,
    #[prost(message, optional, tag = "5")]
    field: Option<FieldPath>,
}

#[derive(Message)]
struct FieldPath {
    #[prost(message, repeated, tag = "1")]
    elements: Vec<Element>,
}

#[derive(Message)]
struct Element {
    #[prost(string, tag = "2")]
    field_name: String,
    #[prost(oneof = "Subscript", tags = "6, 7, 8, 9, 10")]
    subscript: Option<Subscript>,
}

#[derive(prost::Oneof)]
enum Subscript {
    #[prost(uint64, tag = "6")]
    Index(u64),
    #[prost(bool, tag = "7")]
    Bool(bool),
    #[prost(int64, tag = "8")]
    Int(i64),
    #[prost(uint64, tag = "9")]
    Uint(u64),
    #[prost(string, tag = "10")]
    Text(String),
}
