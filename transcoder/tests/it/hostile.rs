//! Input from those who do not mean well, or do not know better.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;
use transcoder::{RouteMatch, Transcoder};

use crate::{matched, model, shop};

static SHOP: LazyLock<Transcoder> = LazyLock::new(shop);

/// Pieces of JSON in no order.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"text\"",
        "\"owner\"",
        "\"owners\"",
        "\"any\"",
        "\"@type\"",
        "\"value\"",
        "\"labels\"",
        "\"byNumber\"",
        "\"created\"",
        "\"mask\"",
        "\"inner\"",
        "null",
        "true",
        "1",
        "-0",
        "1e400",
        "9223372036854775808",
        "\"type.googleapis.com/shop.v1.Owner\"",
        "\"9999-12-31T23:59:60.999999999Z\"",
        "\"-315576000001s\"",
        "\"\\ud83d\\ude00\"",
        "\"\\u0000\"",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..24)
        .prop_map(|pieces| pieces.concat())
}

/// A field with a value that does not fit, and the path of the fault.
fn faults() -> impl Strategy<Value = (&'static str, Value, &'static str)> {
    prop::sample::select(vec![
        ("i32", json!(true), "i32"),
        ("text", json!({}), "text"),
        ("nope", json!(null), "nope"),
        ("owner", json!({ "boss": { "age": "x" } }), "owner.boss.age"),
        (
            "owners",
            json!([{}, { "nickNames": [1] }]),
            "owners[1].nickNames[0]",
        ),
        ("labels", json!({ "a": [] }), "labels[\"a\"]"),
        ("created", json!("2030-02-30T00:00:00Z"), "created"),
        (
            "inner",
            json!({ "inner": { "color": "NO" } }),
            "inner.inner.color",
        ),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_read_or_refused(body in soup(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for (method, path) in [("PUT", "/v1/all/x"), ("PATCH", "/v1/things/7"), ("POST", "/v1/things/7/tags")] {
            let matched = matched(&SHOP, method, path);
            for body in [body.as_bytes(), &bytes] {
                if let Err(bad) = matched.request(None, body) {
                    prop_assert!(!bad.violations.is_empty());
                }
            }
        }
    }

    #[test]
    fn any_target_is_routed_and_bound_or_refused(
        path in "(/v1)?(/(things|kinds|blobs|owners|[a-z%:.2Ff ]{0,6})){0,8}(:(touch|watch|x))?",
        query in "([a-zA-Z._%+=&0-9]{0,12}(=|&|owner\\.|inner\\.)){0,6}",
    ) {
        for method in [http::Method::GET, http::Method::POST] {
            if let RouteMatch::Found(matched) = SHOP.route(&method, &path) {
                let _ = matched.request(Some(&query), b"");
            }
        }
        let _ = matched(&SHOP, "GET", "/v1/things").request(Some(&query), b"");
    }

    #[test]
    fn any_reply_is_printed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for (method, path) in [("PUT", "/v1/all/x"), ("GET", "/v1/things/7/labels")] {
            let _ = matched(&SHOP, method, path).route().response(&bytes);
        }
        let (status, body) = SHOP.error_body(i32::from(bytes.len() as u8), "", Some(&bytes));
        prop_assert!((200..600).contains(&status));
        prop_assert!(serde_json::from_slice::<Value>(&body).is_ok());
    }

    #[test]
    fn one_fault_in_a_good_body_is_found((name, value, path) in faults(), mut body in model::message()) {
        body[name] = value;
        let bad = matched(&SHOP, "PUT", "/v1/all/x").request(None, body.to_string().as_bytes());
        let bad = bad.expect_err("it does not fit");
        prop_assert_eq!(&bad.violations[0].field, path);
    }
}

#[test]
fn a_fault_tells_only_so_much_of_a_clients_own_words() {
    let long = "n".repeat(1 << 20);
    let bodies = [
        format!(r#"{{"{long}":1}}"#),
        format!(r#"{{"labels":{{"{long}":1}}}}"#),
    ];
    let post = matched(&SHOP, "POST", "/v1/things");
    for body in &bodies {
        let refused = post.request(None, body.as_bytes()).unwrap_err();
        assert!(
            refused.message().len() < 4096,
            "{}",
            refused.message().len()
        );
    }
    let get = matched(&SHOP, "GET", "/v1/things");
    let refused = get.request(Some(&long), b"").unwrap_err();
    assert!(
        refused.message().len() < 4096,
        "{}",
        refused.message().len()
    );
}
