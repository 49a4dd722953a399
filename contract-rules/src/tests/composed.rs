//! Rules of enums, lists, maps, times, and of what must be there.

use super::hold;

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
