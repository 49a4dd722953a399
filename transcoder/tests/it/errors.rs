use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use prost::Message as _;
use serde_json::{Value, json};

use crate::{shop, wire};

#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

fn body(code: i32, details: Vec<Any>) -> (u16, Value) {
    let status = Status {
        code,
        message: "a b".to_owned(),
        details,
    };
    let (http, body) = shop().error_body(code, "a \"b\"", Some(&status.encode_to_vec()));
    (http, serde_json::from_slice(&body).expect("JSON"))
}

fn any(name: &str, value: Vec<u8>) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{name}"),
        value,
    }
}

#[test]
fn details_of_known_types_are_printed_as_json() {
    let info = json!({ "reason": "INSUFFICIENT_STOCK", "domain": "tradewind", "metadata": { "sku": "A" } });
    let retry = json!({ "retryDelay": "1.500s" });
    let shop = shop();
    let details = vec![
        any(
            "google.rpc.ErrorInfo",
            wire(shop.pool(), "google.rpc.ErrorInfo", &info.to_string()),
        ),
        any(
            "google.rpc.RetryInfo",
            wire(shop.pool(), "google.rpc.RetryInfo", &retry.to_string()),
        ),
        any(
            "google.protobuf.Duration",
            wire(shop.pool(), "google.protobuf.Duration", "\"2s\""),
        ),
        any(
            "google.protobuf.Struct",
            wire(shop.pool(), "google.protobuf.Struct", "{\"a\":1}"),
        ),
    ];
    let (http, body) = body(9, details);
    assert_eq!(http, 400);
    assert_eq!(
        body,
        json!({ "error": {
            "code": 400,
            "status": "FAILED_PRECONDITION",
            "message": "a \"b\"",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "INSUFFICIENT_STOCK", "domain": "tradewind", "metadata": { "sku": "A" },
                },
                { "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.500s" },
                { "@type": "type.googleapis.com/google.protobuf.Duration", "value": "2s" },
                { "@type": "type.googleapis.com/google.protobuf.Struct", "value": { "a": 1.0 } },
            ],
        } })
    );
}

#[test]
fn details_of_other_types_keep_their_bytes() {
    let details = vec![
        any("x.Unknown", vec![1, 2]),
        any("google.rpc.ErrorInfo", vec![0xff]),
    ];
    let (http, body) = body(5, details);
    assert_eq!(http, 404);
    assert_eq!(body["error"]["details"][0]["value"], BASE64.encode([1, 2]));
    assert_eq!(body["error"]["details"][1]["value"], BASE64.encode([0xff]));
}

#[test]
fn the_status_follows_the_code() {
    let statuses = [
        200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
    ];
    for (code, status) in (0..).zip(statuses) {
        assert_eq!(shop().error_body(code, "", None).0, status, "{code}");
    }
    assert_eq!(shop().error_body(99, "", None).0, 500);
}

#[test]
fn details_that_are_no_status_are_left_out() {
    let (http, body) = shop().error_body(14, "away", Some(b"\xff\xff\xff"));
    assert_eq!(http, 503);
    assert_eq!(
        String::from_utf8(body).expect("UTF-8"),
        r#"{"error":{"code":503,"status":"UNAVAILABLE","message":"away","details":[]}}"#
    );
}
