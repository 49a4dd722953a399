use prost_reflect::{DescriptorPool, DynamicMessage};

use crate::testing::{self, paths};
use crate::{Compiler, Invalid, Rules, Violation};

mod bounds;
mod composed;
mod expression;
mod largest;
mod number;
mod text;

/// Type, rule, values that fit, values that do not.
type Case<'c> = (&'c str, &'c str, &'c [&'c str], &'c [&'c str]);

/// The pool of one file with a message `M` that has these fields, and others after it.
fn pool(fields: &str, others: &str) -> DescriptorPool {
    let source = format!(
        r#"syntax = "proto3";
        package test;
        import "buf/validate/validate.proto";
        import "google/api/field_behavior.proto";
        import "google/protobuf/duration.proto";
        import "google/protobuf/timestamp.proto";
        message M {{ {fields} }}
        {others}"#
    );
    testing::compile("test.proto", &source)
}

fn compile(pool: &DescriptorPool) -> Result<std::sync::Arc<Rules>, Vec<String>> {
    let message = pool.get_message_by_name("test.M").unwrap();
    requests(pool).rules(&message)
}

/// As services ask them, without kinds of text.
fn requests(pool: &DescriptorPool) -> Compiler {
    Compiler::new(pool).for_requests(|_| Ok(None))
}

fn encode(pool: &DescriptorPool, json: &str) -> Vec<u8> {
    testing::encode(&pool.get_message_by_name("test.M").unwrap(), json)
}

/// What clients are told.
fn said(violations: Vec<Violation>) -> Vec<(String, String)> {
    let violations = violations.into_iter();
    violations.map(|one| (one.path, one.description)).collect()
}

/// Each rule takes what fits and refuses what does not.
fn hold(cases: &[Case<'_>]) {
    let messages: String = (cases.iter().enumerate())
        .map(|(number, (of, rule, ..))| {
            format!("message C{number} {{ {of} the_field = 1 [(buf.validate.field).{rule}]; }}\n")
        })
        .collect();
    let pool = pool(
        "",
        &format!("{messages} enum E {{ E_UNSPECIFIED = 0; E_ONE = 1; }}"),
    );
    for (number, (of, rule, fit, misfit)) in cases.iter().enumerate() {
        let message = pool
            .get_message_by_name(&format!("test.C{number}"))
            .unwrap();
        let rules = requests(&pool).rules(&message).unwrap();
        let check = |value: &str| {
            let json = format!("{{\"theField\": {value}}}");
            rules.check(&testing::encode(&message, &json))
        };
        for value in *fit {
            assert_eq!(check(value), Ok(()), "{of} {rule} {value}");
        }
        for value in *misfit {
            let told = paths(check(value));
            assert!(
                told.iter().any(|path| path.starts_with("theField")),
                "{of} {rule} {value}"
            );
        }
    }
}

#[test]
fn rules_of_fields_with_presence_are_asked_only_if_they_are_set() {
    let pool = pool(
        r#"optional string a = 1 [(buf.validate.field).string.min_len = 1];
        oneof choice { string b = 2 [(buf.validate.field).string.min_len = 1]; string c = 3; }
        N d = 4;
        string e = 5 [(buf.validate.field) = {ignore: IGNORE_IF_ZERO_VALUE string: {uuid: true}}];
        N f = 6 [(buf.validate.field).ignore = IGNORE_ALWAYS];
        N g = 7 [(google.api.field_behavior) = OUTPUT_ONLY];"#,
        "message N { string x = 1 [(buf.validate.field).string.min_len = 1]; }",
    );
    let rules = compile(&pool).unwrap();
    let told = |json: &str| paths(rules.check(&encode(&pool, json)));
    assert_eq!(told("{}"), [""; 0]);
    assert_eq!(
        told(r#"{"a": "", "b": "", "d": {}, "e": "x"}"#),
        ["a", "b", "d.x", "e"]
    );
    assert_eq!(told(r#"{"f": {}, "g": {}}"#), [""; 0]);
}

#[test]
fn required_messages_and_oneofs_must_be_set() {
    let pool = pool(
        r#"N ship_to = 1 [(buf.validate.field).required = true];
        oneof way { option (buf.validate.oneof).required = true; string a = 2; string b = 3; }"#,
        "message N { string x = 1; }",
    );
    let rules = compile(&pool).unwrap();
    let told = |json: &str| paths(rules.check(&encode(&pool, json)));
    assert_eq!(told("{}"), ["shipTo", "way"]);
    assert_eq!(told(r#"{"shipTo": {}, "b": ""}"#), [""; 0]);
}

#[test]
fn paths_lead_to_the_value_as_json_writes_it() {
    let pool = pool(
        "repeated Item order_items = 1; map<string, Item> by_name = 2;",
        "message Item { int32 unit_count = 1 [(buf.validate.field).int32.gte = 1]; }",
    );
    let rules = compile(&pool).unwrap();
    let json = r#"{"orderItems": [{"unitCount": 1}, {}], "byName": {"x": {"unitCount": -1}}}"#;
    let Err(Invalid::Violations(violations)) = rules.check(&encode(&pool, json)) else {
        panic!("nothing was found")
    };
    let expected = |path: &str| (path.to_owned(), "must be at least 1".to_owned());
    assert_eq!(
        said(violations),
        [
            expected("orderItems[1].unitCount"),
            expected("byName[\"x\"].unitCount")
        ]
    );
}

#[test]
fn the_last_value_counts_and_parts_of_a_message_are_merged() {
    let pool = pool(
        r#"string a = 1 [(buf.validate.field).string.min_len = 1]; N n = 2;
        oneof choice { string b = 3 [(buf.validate.field).string.min_len = 1]; string c = 4; }"#,
        r#"message N {
            string x = 1 [(buf.validate.field).string.min_len = 1];
            string y = 2 [(buf.validate.field).string.min_len = 1];
        }"#,
    );
    let rules = compile(&pool).unwrap();
    let parts = |jsons: &[&str]| {
        jsons
            .iter()
            .flat_map(|json| encode(&pool, json))
            .collect::<Vec<_>>()
    };
    let told = |jsons: &[&str]| paths(rules.check(&parts(jsons)));
    assert_eq!(
        told(&[r#"{"a": "a", "n": {"x": "x"}}"#, r#"{"n": {"y": "y"}}"#]),
        [""; 0]
    );
    assert_eq!(told(&[r#"{"a": "a", "b": ""}"#, r#"{"c": ""}"#]), [""; 0]);
    // An empty field 1, written after a good one.
    let message = [parts(&[r#"{"a": "a"}"#]), vec![0x0a, 0x00]].concat();
    assert_eq!(paths(rules.check(&message)), ["a"]);
}

#[test]
fn no_text_holds_the_character_zero() {
    let pool = pool(
        "string a = 1; repeated string list = 2; map<string, string> map = 3; bytes bytes = 4;",
        "",
    );
    let rules = compile(&pool).unwrap();
    let told = |json: &str| paths(rules.check(&encode(&pool, json)));
    assert_eq!(told(r#"{"a": "a\u0000"}"#), ["a"]);
    assert_eq!(told(r#"{"list": ["a", "\u0000"]}"#), ["list[1]"]);
    assert_eq!(told(r#"{"map": {"k": "\u0000"}}"#), [r#"map["k"]"#]);
    assert_eq!(told(r#"{"a": "a", "bytes": "AA=="}"#), [""; 0]);
}

#[test]
fn what_the_decoder_would_refuse_is_malformed() {
    let pool = pool(
        "string a = 1; int32 b = 2; M m = 3; repeated int32 list = 4;",
        "",
    );
    let rules = compile(&pool).unwrap();
    let nested = (0..120).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut outer = vec![0x1a];
        prost::encode_length_delimiter(inner.len(), &mut outer).unwrap();
        outer.extend(inner);
        outer
    });
    let cases: &[&[u8]] = &[
        &[0x0a, 0x02, b'a'],                   // shorter than it says
        &[0x0a, 0x01, 0xff],                   // not UTF-8
        &[0x08, 0x01],                         // a number where text should be
        &[0x12, 0x01, b'a'],                   // text where a number should be
        &[0x80; 11],                           // a number without end
        &[0x00, 0x00],                         // field 0
        &[0xd0, 0x80, 0x80, 0x80, 0x10, 0x01], // a key of 33 bits
        &[0x22, 0x02, 0x01, 0x80],             // a packed list that breaks off
        &[0x0f],                               // wire type 7
        // A number that is replaced, and was none; a text that was none.
        &[0x15, 1, 2, 3, 4, 0x10, 1],
        &[0x0a, 0x01, 0xff, 0x0a, 0x00],
        // A message in two parts, of which neither is whole.
        &[0x1a, 0x02, 0x0a, 0x01, 0x1a, 0x01, b'a'],
        &nested,
    ];
    for bytes in cases {
        assert_eq!(rules.check(bytes), Err(Invalid::Malformed), "{bytes:x?}");
        let descriptor = pool.get_message_by_name("test.M").unwrap();
        assert!(
            DynamicMessage::decode(descriptor, *bytes).is_err(),
            "{bytes:x?}"
        );
    }
    // Unknown fields of every wire type are passed over.
    assert_eq!(
        rules.check(&[0x50, 1, 0x5b, 0x50, 1, 0x5c, 0x65, 0, 0, 0, 0, 0x6a, 0]),
        Ok(())
    );
}

#[test]
fn a_rule_that_cannot_be_checked_is_refused() {
    for (fields, others) in [
        (
            r#"string a = 1 [(buf.validate.field).cel = {id: "x" expression: "this !="}];"#,
            "",
        ),
        (
            r#"string a = 1 [(buf.validate.field).string.pattern = "("];"#,
            "",
        ),
        (r#"string a = 1 [(buf.validate.field).int32.gt = 1];"#, ""),
        (
            "google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp.lt_now = true];",
            "",
        ),
        (
            "N n = 1;",
            r#"message N { option (buf.validate.message).cel = {id: "x" expression: "this.nothing == 1"}; }"#,
        ),
    ] {
        let mistakes = compile(&pool(fields, others)).unwrap_err();
        assert!(mistakes[0].contains("cannot be checked"), "{mistakes:?}");
    }
}
