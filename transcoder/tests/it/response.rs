use transcoder::{JsonOptions, Options, Transcoder};

use crate::{matched, shop, shop_with, wire};

fn reply(transcoder: &Transcoder, path: &str, message: &str, json: &str) -> String {
    let method = if path.starts_with("/v1/all") {
        "PUT"
    } else {
        "GET"
    };
    let message = wire(transcoder.pool(), message, json);
    let reply = matched(transcoder, method, path)
        .route()
        .response(&message)
        .expect("JSON");
    String::from_utf8(reply).expect("UTF-8")
}

#[test]
fn a_reply_is_the_canonical_json_of_its_message() {
    let json = r#"{"text":"x","i64":"5","color":"COLOR_RED","owner":{"nickNames":["a"]},"created":"2030-01-31T00:00:00Z"}"#;
    assert_eq!(
        reply(&shop(), "/v1/all/x", "shop.v1.Everything", json),
        json
    );
    assert_eq!(
        reply(&shop(), "/v1/all/x", "shop.v1.Everything", "{}"),
        "{}"
    );
}

#[test]
fn response_body_is_one_field() {
    let shop = shop();
    let create = matched(&shop, "POST", "/v1/things");
    let reply_of = |json| {
        let message = wire(shop.pool(), "shop.v1.CreateThingResponse", json);
        String::from_utf8(create.route().response(&message).expect("JSON")).expect("UTF-8")
    };
    assert_eq!(reply_of(r#"{"thing":{"id":"7"}}"#), r#"{"id":"7"}"#);
    assert_eq!(reply_of(r#"{"thing":{}}"#), "{}");
    assert_eq!(reply_of("{}"), "{}");

    let tags = |path, json| reply(&shop, path, "shop.v1.AddTagsResponse", json);
    assert_eq!(
        tags("/v1/things/7/tags:count", r#"{"count":"5"}"#),
        r#""5""#
    );
    assert_eq!(tags("/v1/things/7/tags:count", "{}"), r#""0""#);
    assert_eq!(
        tags(
            "/v1/things/7/tags:last",
            r#"{"last":"2030-01-31T00:00:00Z"}"#
        ),
        r#""2030-01-31T00:00:00Z""#
    );
    assert_eq!(tags("/v1/things/7/tags:last", "{}"), "null");
    let labels = |json| reply(&shop, "/v1/things/7/labels", "shop.v1.Everything", json);
    assert_eq!(labels(r#"{"labels":{"a":1},"text":"x"}"#), r#"{"a":1}"#);
    assert_eq!(labels("{}"), "{}");

    let add = matched(&shop, "POST", "/v1/things/7/tags");
    let message = wire(
        shop.pool(),
        "shop.v1.AddTagsResponse",
        r#"{"tags":["a"],"count":"1"}"#,
    );
    assert_eq!(add.route().response(&message).expect("JSON"), br#"["a"]"#);
    assert_eq!(add.route().response(&[]).expect("JSON"), b"[]");
}

#[test]
fn the_printing_is_configurable() {
    let json = JsonOptions {
        always_print_fields_without_presence: true,
        use_proto_names: true,
        enums_as_ints: true,
        ..JsonOptions::default()
    };
    let shop = shop_with(&Options {
        json,
        ..Options::default()
    });
    let owner = reply(
        &shop,
        "/v1/things/7",
        "shop.v1.Thing",
        r#"{"owner":{"name":"a"}}"#,
    );
    assert_eq!(
        owner,
        concat!(
            r#"{"id":"","title":"","owner":{"name":"a","age":0,"nick_names":[]},"tags":[],"#,
            r#""counts":{},"owners":[],"sold_out":false}"#
        )
    );
    let all = reply(
        &shop,
        "/v1/all/x",
        "shop.v1.Everything",
        r#"{"color":"COLOR_RED"}"#,
    );
    assert!(
        all.contains(r#""color":1"#) && all.contains(r#""by_number":{}"#),
        "{all}"
    );
    assert!(
        !all.contains("optional_number") && !all.contains("choice_text"),
        "{all}"
    );
    let count = reply(
        &shop,
        "/v1/things/7/tags:count",
        "shop.v1.AddTagsResponse",
        "{}",
    );
    assert_eq!(count, r#""0""#);
}

#[test]
fn bytes_that_are_no_message_are_a_fault_of_the_upstream() {
    let shop = shop();
    let route = matched(&shop, "PUT", "/v1/all/x");
    let error = route.route().response(b"\xff\xff").expect_err("no message");
    assert!(
        error.description.starts_with("not a shop.v1.Everything: "),
        "{error}"
    );
    // A timestamp after the year 9999.
    let far = b"\xc2\x01\x07\x08\x80\xd6\xd6\xfb\xc0\x4f";
    assert!(route.route().response(far).is_err());
}
