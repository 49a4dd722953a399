//! Rules of enums, lists, maps, times, and of what must be there.

use super::{compile, encode, hold, paths, pool};

#[test]
fn rules_of_enums_lists_and_messages_take_what_fits_and_refuse_what_does_not() {
    hold(&[
        ("E", "enum.defined_only = true", &["\"E_ONE\"", "0"], &["7"]),
        ("E", "enum.const = 1", &["\"E_ONE\""], &["0"]),
        ("E", "enum = {in: [1]}", &["1"], &["0"]),
        ("E", "enum = {not_in: [0]}", &["1"], &["0"]),
        (
            "repeated string",
            "repeated.min_items = 1",
            &["[\"\"]"],
            &["[]"],
        ),
        (
            "repeated int32",
            "repeated.max_items = 2",
            &["[1, 2]"],
            &["[1, 2, 3]"],
        ),
        (
            "repeated int32",
            "repeated.unique = true",
            &["[1, 2]", "[]"],
            &["[1, 1]"],
        ),
        (
            "repeated string",
            "repeated.unique = true",
            &["[\"a\"]"],
            &["[\"a\", \"a\"]"],
        ),
        (
            "repeated string",
            "repeated.items.string.min_len = 1",
            &["[]"],
            &["[\"a\", \"\"]"],
        ),
        (
            "repeated sint32",
            "repeated.items.sint32.lt = 0",
            &["[-1]"],
            &["[-1, 1]"],
        ),
        (
            "map<string, int32>",
            "map.min_pairs = 1",
            &["{\"a\": 1}"],
            &["{}"],
        ),
        (
            "map<string, int32>",
            "map.max_pairs = 1",
            &["{\"a\": 1}"],
            &["{\"a\": 1, \"b\": 2}"],
        ),
        (
            "map<string, int32>",
            "map.keys.string.len = 1",
            &["{\"a\": 1}"],
            &["{\"ab\": 1}"],
        ),
        (
            "map<string, int32>",
            "map.values.int32.gt = 0",
            &["{\"a\": 1}"],
            &["{\"a\": 0}"],
        ),
        (
            "google.protobuf.Duration",
            "duration.gt.seconds = 1",
            &["\"1.5s\""],
            &["\"1s\"", "\"-2s\""],
        ),
        (
            "google.protobuf.Timestamp",
            "timestamp.lt.seconds = 10",
            &["\"1970-01-01T00:00:09.999Z\""],
            &["\"1970-01-01T00:00:10Z\""],
        ),
        ("string", "required = true", &["\"a\""], &["\"\""]),
        ("repeated string", "required = true", &["[\"\"]"], &["[]"]),
    ]);
}

#[test]
fn of_entries_with_the_same_key_the_last_counts() {
    let pool = pool(
        r#"map<string, string> a = 1 [(buf.validate.field).map = {
            max_pairs: 1 values: {string: {min_len: 1}}
        }];"#,
        "",
    );
    let rules = compile(&pool).unwrap();
    let (good, bad) = (b"\x0a\x06\x0a\x01k\x12\x01v", b"\x0a\x05\x0a\x01k\x12\x00");
    assert_eq!(paths(rules.check(&[&bad[..], good].concat())), [""; 0]);
    assert_eq!(
        paths(rules.check(&[&good[..], bad].concat())),
        [r#"a["k"]"#]
    );
}

#[test]
fn numbers_that_are_equal_are_the_same_item() {
    let pool = pool(
        "repeated double a = 1 [(buf.validate.field).repeated.unique = true];",
        "",
    );
    let rules = compile(&pool).unwrap();
    let told = |json: &str| paths(rules.check(&encode(&pool, json)));
    assert_eq!(told(r#"{"a": [0.5, 0.25, "NaN", "NaN"]}"#), [""; 0]);
    assert_eq!(told(r#"{"a": [0.0, -0.0]}"#), ["a"]);
}
