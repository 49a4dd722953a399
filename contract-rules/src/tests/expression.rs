//! Rules in CEL.

use std::time::{Duration, UNIX_EPOCH};

use super::{compile, encode, paths, pool, requests, said};
use crate::Invalid;

const PERIOD: &str = r#"
    message Period {
        option (buf.validate.message).cel = {
            id: "period.order" message: "must end after it starts" expression: "this.end > this.start"
        };
        int64 start = 1 [(buf.validate.field).int64.gte = 0];
        int64 end = 2;
        optional string note = 3 [(buf.validate.field).cel = {
            id: "note" expression: "this.startsWith('!') ? 'must not shout' : ''"
        }];
        repeated int32 odd = 4 [
            (buf.validate.field).repeated.items.cel = {id: "odd" expression: "this % 2 == 1"},
            (buf.validate.field).cel_expression = "this.size() < 3"
        ];
        Period inner = 5;
    }"#;

#[test]
fn expressions_tell_what_is_wrong_where_it_is() {
    let pool = pool("Period a = 1; map<string, Period> b = 2;", PERIOD);
    let rules = compile(&pool).unwrap();
    let told = |json: &str| match rules.check(&encode(&pool, json)) {
        Ok(()) => Vec::new(),
        Err(Invalid::Violations(violations)) => said(violations),
        Err(other) => panic!("{other:?}"),
    };
    let expected = |all: &[(&str, &str)]| -> Vec<_> {
        let all = all.iter();
        all.map(|(path, says)| (path.to_string(), says.to_string()))
            .collect()
    };
    assert_eq!(told(r#"{"a": {"start": 1, "end": 2}}"#), []);
    let order = "must end after it starts";
    assert_eq!(told(r#"{"a": {}}"#), expected(&[("a", order)]));
    assert_eq!(
        told(r#"{"b": {"k": {"end": 1, "inner": {"note": "!", "end": 1}}}}"#),
        expected(&[(r#"b["k"].inner.note"#, "must not shout")])
    );
    assert_eq!(
        told(r#"{"a": {"end": 1, "odd": [1, 2]}}"#),
        expected(&[("a.odd[1]", "must fit this % 2 == 1")])
    );
    assert_eq!(
        told(r#"{"a": {"end": 1, "odd": [1, 3, 5]}}"#),
        expected(&[("a.odd", "must fit this.size() < 3")])
    );
    // Of what is refused already nobody asks more.
    assert_eq!(
        told(r#"{"a": {"start": -1, "end": -2}}"#),
        expected(&[("a.start", "must be at least 0")])
    );
}

#[test]
fn a_field_that_is_not_set_is_told_from_one_that_is() {
    let pool = pool(
        "N n = 1;",
        r#"message N {
            option (buf.validate.message).cel = {id: "x" expression: "has(this.a) || !has(this.n) && this.b == ''"};
            optional string a = 1;
            string b = 2;
            N n = 3;
        }"#,
    );
    let rules = compile(&pool).unwrap();
    let told = |json: &str| paths(rules.check(&encode(&pool, json)));
    assert_eq!(told(r#"{"n": {}}"#), [""; 0]);
    assert_eq!(told(r#"{"n": {"a": "", "b": "b"}}"#), [""; 0]);
    assert_eq!(told(r#"{"n": {"b": "b"}}"#), ["n"]);
    assert_eq!(told(r#"{"n": {"n": {}}}"#), ["n"]);
}

#[test]
fn a_value_that_an_expression_has_no_answer_for_is_refused() {
    let pool = pool(
        r#"repeated int32 a = 1 [(buf.validate.field).cel = {id: "x" expression: "this[1] / this[0] == 2"}];"#,
        "",
    );
    let rules = compile(&pool).unwrap();
    let told = |json: &str| paths(rules.check(&encode(&pool, json)));
    assert_eq!(told(r#"{"a": [1, 2]}"#), [""; 0]);
    assert_eq!(told(r#"{"a": [1]}"#), ["a"]);
    assert_eq!(told(r#"{"a": [0, 2]}"#), ["a"]);
}

#[test]
fn the_time_is_that_of_the_clock() {
    let pool = pool(
        r#"google.protobuf.Timestamp a = 1 [(buf.validate.field).cel = {id: "x" expression: "this < now"}];
        google.protobuf.Timestamp b = 2 [(buf.validate.field).timestamp = {gt_now: true within: {seconds: 60}}];"#,
        "",
    );
    let message = pool.get_message_by_name("test.M").unwrap();
    let clock = || UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let rules = requests(&pool).with_clock(clock).rules(&message).unwrap();
    let told = |json: &str| paths(rules.check(&encode(&pool, json)));
    let (before, after) = ("2001-09-09T01:46:39Z", "2001-09-09T01:46:41Z");
    assert_eq!(
        told(&format!(r#"{{"a": "{before}", "b": "{after}"}}"#)),
        [""; 0]
    );
    assert_eq!(
        told(&format!(r#"{{"a": "{after}", "b": "{before}"}}"#)),
        ["a", "b"]
    );
    assert_eq!(told(r#"{"b": "2001-09-09T01:47:41Z"}"#), ["b"]);
}

#[test]
fn an_expression_that_has_no_answer_at_all_is_refused_at_the_start() {
    for (expression, names) in [
        ("this ==", "N.a"),
        ("this.size() > 1", "N.a"),
        ("nobody(this)", "N.a"),
        ("this + 1", "N.a"),
        ("now > this", "N.a"),
    ] {
        let field = format!(
            r#"message N {{ int32 a = 1 [(buf.validate.field).cel = {{id: "the.id" expression: "{expression}"}}]; }}"#
        );
        let mistakes = compile(&pool("N n = 1;", &field)).unwrap_err();
        assert!(mistakes[0].contains(names), "{mistakes:?}");
        assert!(mistakes[0].contains("the.id"), "{mistakes:?}");
        assert!(mistakes[0].contains("cannot be checked"), "{mistakes:?}");
    }
}

/// What each item of a list is compared with is read once, not once for each.
#[test]
fn a_long_list_is_asked_in_time_that_grows_as_it_does() {
    let pool = pool(
        "N n = 1;",
        r#"message N {
            option (buf.validate.message).cel = {
                id: "x" expression: "this.items.all(item, item.count <= this.most) && this.names.unique()"
            };
            repeated Item items = 1;
            int32 most = 2;
            repeated string names = 3;
            message Item { int32 count = 1; }
        }"#,
    );
    let rules = compile(&pool).unwrap();
    let items = vec![r#"{"count": 1}"#; 5_000].join(",");
    let names: Vec<_> = (0..5_000).map(|at| format!("\"{at}\"")).collect();
    let (most, names) = (r#""most": 1"#, names.join(","));
    let json = format!(r#"{{"n": {{"items": [{items}], {most}, "names": [{names}]}}}}"#);
    assert_eq!(rules.check(&encode(&pool, &json)), Ok(()));
}
