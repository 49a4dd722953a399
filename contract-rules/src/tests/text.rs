//! Rules of strings and bytes.

use super::hold;

#[test]
fn rules_of_texts_and_bytes_take_what_fits_and_refuse_what_does_not() {
    hold(&[
        (
            "string",
            "string.const = \"a\"",
            &["\"a\""],
            &["\"b\"", "\"\""],
        ),
        (
            "string",
            "string.len = 2",
            &["\"é€\""],
            &["\"a\"", "\"abc\""],
        ),
        (
            "string",
            "string.min_len = 2",
            &["\"é€\""],
            &["\"é\"", "\"\""],
        ),
        (
            "string",
            "string.max_len = 2",
            &["\"é€\"", "\"\""],
            &["\"abc\""],
        ),
        ("string", "string.len_bytes = 2", &["\"é\""], &["\"éé\""]),
        ("string", "string.min_bytes = 2", &["\"é\""], &["\"e\""]),
        ("string", "string.max_bytes = 2", &["\"é\""], &["\"éa\""]),
        (
            "string",
            "string.pattern = \"^\\\\S+$\"",
            &["\"ab\""],
            &["\"a b\"", "\"\""],
        ),
        ("string", "string.prefix = \"/\"", &["\"/a\""], &["\"a/\""]),
        ("string", "string.suffix = \"/\"", &["\"a/\""], &["\"/a\""]),
        (
            "string",
            "string.contains = \"b\"",
            &["\"abc\""],
            &["\"ac\""],
        ),
        (
            "string",
            "string.not_contains = \"b\"",
            &["\"ac\""],
            &["\"abc\""],
        ),
        (
            "string",
            "string = {in: [\"a\", \"b\"]}",
            &["\"b\""],
            &["\"c\"", "\"\""],
        ),
        (
            "string",
            "string = {not_in: [\"a\", \"b\"]}",
            &["\"c\""],
            &["\"a\""],
        ),
        (
            "string",
            "string.email = true",
            &["\"ada@example.com\"", "\"a+b@c\""],
            &["\"ada\"", "\"@c\"", "\"a@-c\"", "\"a b@c\"", "\"\""],
        ),
        (
            "string",
            "string.uuid = true",
            &["\"01890a5d-ac96-774b-bcce-b302099a8057\""],
            &["\"01890a5dac96774bbcceb302099a8057\"", "\"x\"", "\"\""],
        ),
        (
            "string",
            "string.uri = true",
            &["\"https://a.b/c?d=e#f\"", "\"urn:isbn:1\""],
            &["\"/a\"", "\"a b:c\"", "\"http://a/%zz\"", "\"http://a/ \""],
        ),
        (
            "string",
            "string.hostname = true",
            &["\"a.b-c\""],
            &["\"-a\"", "\"1.2.3.4\"", "\"a_b\""],
        ),
        (
            "string",
            "string.ip = true",
            &["\"1.2.3.4\"", "\"::1\""],
            &["\"1.2.3\""],
        ),
        (
            "string",
            "string.ipv4 = true",
            &["\"1.2.3.4\""],
            &["\"::1\""],
        ),
        (
            "string",
            "string.ipv6 = true",
            &["\"::1\""],
            &["\"1.2.3.4\""],
        ),
        (
            "string",
            "string.address = true",
            &["\"::1\"", "\"a.b\""],
            &["\"a b\""],
        ),
        ("bytes", "bytes.len = 2", &["\"AAE=\""], &["\"AA==\""]),
        (
            "bytes",
            "bytes = {min_len: 1, max_len: 2}",
            &["\"AAE=\""],
            &["\"\"", "\"AAEC\""],
        ),
        (
            "bytes",
            "bytes.prefix = \"a\"",
            &["\"YWI=\""],
            &["\"YmE=\""],
        ),
        (
            "bytes",
            "bytes.suffix = \"a\"",
            &["\"YmE=\""],
            &["\"YWI=\""],
        ),
        ("bytes", "bytes.const = \"a\"", &["\"YQ==\""], &["\"Yg==\""]),
        (
            "bytes",
            "bytes = {in: [\"a\"]}",
            &["\"YQ==\""],
            &["\"Yg==\""],
        ),
        (
            "bytes",
            "bytes = {not_in: [\"a\"]}",
            &["\"Yg==\""],
            &["\"YQ==\""],
        ),
    ]);
}
