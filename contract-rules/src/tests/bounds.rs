//! The work and the answer stay small, whatever is sent.

use super::{compile, encode, paths, pool, said};
use crate::{Invalid, walk};

/// A record of a field up to 15: its tag, its length, its content.
fn record(number: u8, content: &[u8]) -> Vec<u8> {
    let mut record = vec![number << 3 | 2];
    prost::encode_length_delimiter(content.len(), &mut record).unwrap();
    record.extend(content);
    record
}

/// Text that is none: who looks at it says so.
const NO_TEXT: &[u8] = &[0x0a, 0x01, 0xff];

const NAMED: &str = "message N { string x = 1 [(buf.validate.field).string.min_len = 1]; }";

#[test]
fn no_item_of_a_list_that_is_too_long_is_looked_at() {
    let pool = pool(
        r#"repeated N items = 1 [(buf.validate.field).repeated.max_items = 2];
        repeated int32 numbers = 2 [(buf.validate.field).repeated = {max_items: 2 unique: true}];
        map<string, N> by_name = 3 [(buf.validate.field).map.max_pairs = 1];
        string last = 4 [(buf.validate.field).string.min_len = 1];"#,
        NAMED,
    );
    let rules = compile(&pool).unwrap();
    let entry = |key: &[u8], value: &[u8]| record(3, &[record(1, key), record(2, value)].concat());
    let message = [
        record(1, &[]).repeat(340_000),
        record(1, NO_TEXT),
        record(2, &[1, 1, 1, 0x80]),
        entry(b"a", b"\x0a\x01x"),
        entry(b"b", b"\x0a\x01x"),
        entry(b"c", NO_TEXT),
    ];
    let Err(Invalid::Violations(told)) = rules.check(&message.concat()) else {
        panic!("it is read to its end");
    };
    let told: Vec<_> = told
        .iter()
        .map(|one| (&*one.path, &*one.description))
        .collect();
    assert_eq!(
        told,
        [
            ("items", "must have at most 2 items"),
            ("numbers", "must have at most 2 items"),
            ("byName", "must have at most 1 entries"),
            ("last", "must have at least 1 characters"),
        ]
    );
}

#[test]
fn one_violation_more_than_are_told_ends_the_check() {
    let pool = pool("repeated N items = 1;", NAMED);
    let rules = compile(&pool).unwrap();
    let check = |empty: usize, last: &[u8]| {
        let message = [record(1, &[]).repeat(empty), last.to_vec()].concat();
        rules.check(&message)
    };
    assert_eq!(paths(check(20, &[])).len(), walk::MAX_VIOLATIONS);
    assert_eq!(check(20, &record(1, NO_TEXT)), Err(Invalid::Malformed));
    let Err(Invalid::ManyViolations(told)) = check(21, &record(1, NO_TEXT)) else {
        panic!("the check went on");
    };
    assert_eq!(told.len(), walk::MAX_VIOLATIONS);
    assert_eq!(told[19].path, "items[19].x");
}

#[test]
fn text_that_is_too_long_is_refused_before_it_is_matched() {
    let pool = pool(
        r#"string a = 1 [(buf.validate.field).string = {max_len: 3 pattern: "^a*$" email: true}];"#,
        "",
    );
    let Err(Invalid::Violations(told)) = compile(&pool).unwrap().check(&record(1, b"bbbb")) else {
        panic!("it fits");
    };
    let expected = ("a".to_owned(), "must have at most 3 characters".to_owned());
    assert_eq!(said(told), [expected]);
}

#[test]
fn what_is_told_of_a_clients_own_words_is_bounded() {
    let pool = pool(
        r#"map<string, M> inner = 1; map<string, N> by_name = 2;"#,
        NAMED,
    );
    let rules = compile(&pool).unwrap();
    let entry = |number, key: &str, value: &[u8]| {
        record(
            number,
            &[record(1, key.as_bytes()), record(2, value)].concat(),
        )
    };
    let long = "\u{e4}".repeat(500_000);
    let told = paths(rules.check(&entry(2, &long, &[])));
    assert_eq!(told, [format!("byName[\"{}\"...].x", "\u{e4}".repeat(40))]);
    let deep = (0..20).fold(entry(2, &long, &[]), |inner, _| entry(1, &long, &inner));
    let told = paths(rules.check(&deep));
    assert!(told[0].len() <= 259, "{told:?}");
    assert!(told[0].ends_with("..."), "{told:?}");
}

#[test]
fn what_clients_do_not_decide_is_only_read() {
    let pool = pool(
        "N n = 1 [(google.api.field_behavior) = OUTPUT_ONLY];",
        r#"message N {
            repeated string x = 1 [(buf.validate.field).repeated = {
                max_items: 1 unique: true items: {string: {min_len: 1}}
            }];
            N n = 2 [(buf.validate.field).required = true];
        }"#,
    );
    let rules = compile(&pool).unwrap();
    let json = r#"{"n": {"x": ["", "", "a"]}}"#;
    assert_eq!(rules.check(&encode(&pool, json)), Ok(()));
    let broken = [record(1, b"a"), record(1, b"b"), NO_TEXT.to_vec()].concat();
    assert_eq!(rules.check(&record(1, &broken)), Err(Invalid::Malformed));
}
