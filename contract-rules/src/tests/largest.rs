use super::{compile, pool};

fn largest(fields: &str, others: &str) -> Option<crate::Size> {
    compile(&pool(fields, others)).unwrap().largest()
}

fn has_bound(fields: &str) -> bool {
    largest(
        fields,
        "message N { M m = 1; } message Free { string s = 1; }",
    )
    .is_some()
}

#[test]
fn what_the_rules_bound_has_a_largest_message() {
    for fields in [
        "",
        "bool a = 1; int64 b = 2; double c = 3; fixed32 d = 4;",
        "string a = 1 [(buf.validate.field).string.max_len = 3];",
        "string a = 1 [(buf.validate.field).string.max_bytes = 3];",
        "string a = 1 [(buf.validate.field).string.uuid = true];",
        r#"string a = 1 [(buf.validate.field).string = {in: ["b", "c"]}];"#,
        r#"string a = 1 [(buf.validate.field).string.const = "b"];"#,
        r#"string a = 1 [(buf.validate.field).string.pattern = "^[A-Z]{2}$"];"#,
        "bytes a = 1 [(buf.validate.field).bytes.max_len = 3];",
        "google.protobuf.Timestamp a = 1; google.protobuf.Duration b = 2;",
        "repeated int32 a = 1 [(buf.validate.field).repeated.max_items = 3];",
        "map<int32, bool> a = 1 [(buf.validate.field).map.max_pairs = 3];",
        "google.protobuf.Timestamp a = 1 [(google.api.field_behavior) = OUTPUT_ONLY];",
    ] {
        assert!(has_bound(fields), "{fields}");
    }
}

#[test]
fn what_may_grow_has_none() {
    for fields in [
        "string a = 1;",
        "string a = 1 [(buf.validate.field).string.min_len = 3];",
        "string a = 1 [(buf.validate.field).string.email = true];",
        r#"string a = 1 [(buf.validate.field).string.pattern = "[A-Z]{2}"];"#,
        r#"string a = 1 [(buf.validate.field).string.pattern = "^[A-Z]+$"];"#,
        "bytes a = 1;",
        "repeated int32 a = 1;",
        "map<int32, bool> a = 1;",
        "map<string, bool> a = 1 [(buf.validate.field).map.max_pairs = 3];",
        "M a = 1;",
        "N a = 1;",
        "Free a = 1;",
        r#"string a = 1 [
            (google.api.field_behavior) = OUTPUT_ONLY,
            (buf.validate.field).string.max_len = 3
        ];"#,
    ] {
        assert!(!has_bound(fields), "{fields}");
    }
}

#[test]
fn the_largest_message_fits_in_both_forms() {
    let fields = r#"
        string name = 1 [(buf.validate.field).string.max_len = 5000];
        bytes key = 2 [(buf.validate.field).bytes.max_len = 5000];
        repeated N many = 16 [(buf.validate.field).repeated.max_items = 100];
        map<string, int64> map = 17 [(buf.validate.field).map = {
            max_pairs: 10, keys: {string: {max_len: 1000}}
        }];"#;
    let others = "message N { string s = 1 [(buf.validate.field).string.max_bytes = 100]; }";
    let pool = pool(fields, others);
    let rules = compile(&pool).unwrap();
    let name = r"\ud83d\ude00".repeat(5000);
    let key = "A/+/".repeat(5000 / 3);
    let item = format!(r#"{{"s": "{}"}}"#, r"\u0041".repeat(100));
    let pair = |number: usize| {
        let key = r"\ud83d\ude00".repeat(999);
        format!(r#""{key}{number}": "-9223372036854775808""#)
    };
    let json = format!(
        r#"{{"name": "{name}", "key": "{key}", "many": [{}], "map": {{{}}}}}"#,
        vec![item; 100].join(", "),
        (0..10).map(pair).collect::<Vec<_>>().join(", "),
    );
    let wire = super::encode(&pool, &json);
    assert_eq!(rules.check(&wire), Ok(()));
    let largest = rules.largest().unwrap();
    for (bytes, most) in [(wire.len(), largest.wire), (json.len(), largest.json)] {
        assert!(bytes * 2 < most && most < bytes * 3, "{bytes} of {most}");
    }
}
