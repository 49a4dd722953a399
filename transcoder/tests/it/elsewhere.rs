//! What other gateways do differently, as options.

use http::Method;
use serde_json::{Value, json};
use transcoder::{
    Booleans, Dialect, JsonOptions, Masks, Options, QueryOptions, RouteMatch, Strays, Transcoder,
};

use crate::{matched, request, shop, shop_with, wire};

fn read(shop: &Transcoder, method: &str, target: &str, body: &str) -> Value {
    let request =
        request(shop, method, target, body).unwrap_or_else(|fault| panic!("{target}: {fault}"));
    serde_json::from_str(&request).expect("JSON")
}

fn with_dialect(dialect: Dialect) -> Transcoder {
    shop_with(&Options {
        dialect,
        ..Options::default()
    })
}

fn with_strays(strays: Strays) -> Transcoder {
    shop_with(&Options {
        strays,
        ..Options::default()
    })
}

fn is_found(shop: &Transcoder, method: &Method, path: &str) -> bool {
    matches!(shop.route(method, path), RouteMatch::Found(_))
}

#[test]
fn to_grpc_gateway_a_path_is_decoded_before_it_is_taken_apart() {
    let ours = read(&shop(), "GET", "/v1/things/a%2Fb", "");
    assert_eq!(ours, json!({"thingId": "a/b"}));
    let shop = with_dialect(Dialect::GrpcGateway);
    assert!(!is_found(&shop, &Method::GET, "/v1/things/a%2Fb"));
    let read = read(&shop, "GET", "/v1/things%2fa%20%252F", "");
    assert_eq!(read, json!({"thingId": "a %2F"}));
    assert!(is_found(&shop, &Method::POST, "/v1/things/a%3Atouch"));
}

#[test]
fn to_grpc_gateway_a_verb_is_one_for_its_method_alone() {
    let path = "/v1/things/a:touch";
    assert!(!is_found(&shop(), &Method::GET, path));
    let shop = with_dialect(Dialect::GrpcGateway);
    assert_eq!(read(&shop, "GET", path, ""), json!({"thingId": "a:touch"}));
    assert_eq!(read(&shop, "POST", path, ""), json!({"thingId": "a"}));
    assert!(!is_found(&shop, &Method::PUT, path));
}

#[test]
fn segments_may_be_empty_and_slashes_at_the_end_nothing() {
    for path in ["/v1/things/", "/v1/things/7/"] {
        assert!(!is_found(&shop(), &Method::GET, path), "{path}");
    }
    assert!(is_found(&shop(), &Method::GET, "/v1/blobs"));
    let template = |shop: &Transcoder, path| {
        let matched = matched(shop, "GET", path);
        matched.route().template().to_string()
    };
    let gateway = with_dialect(Dialect::GrpcGateway);
    assert_eq!(template(&gateway, "/v1/things/"), "/v1/things/{thing_id}");
    assert!(is_found(&gateway, &Method::GET, "/v1/blobs/"));
    assert!(!is_found(&gateway, &Method::GET, "/v1/blobs"));
    let envoy = with_dialect(Dialect::Envoy);
    assert_eq!(template(&envoy, "/v1/things/"), "/v1/things");
    assert_eq!(
        read(&envoy, "GET", "/v1/things/7//", ""),
        json!({"thingId": "7"})
    );
    // What stands before a slash is no verb.
    assert!(is_found(&envoy, &Method::POST, "/v1/things/a:touch"));
    assert!(!is_found(&envoy, &Method::POST, "/v1/things/a:touch/"));
}

#[test]
fn to_envoy_what_is_reserved_stays_encoded_in_several_segments() {
    let name = |dialect| {
        let target = "/v1/owners/owners/a/b%3A%20%2F/things/7%3A%2F";
        read(&with_dialect(dialect), "GET", target, "")
    };
    let read = |owner| json!({"owner": {"name": owner}, "thingId": "7:/"});
    assert_eq!(name(Dialect::HttpProto), read("owners/a/b: %2F"));
    assert_eq!(name(Dialect::Envoy), read("owners/a/b%3A %2F"));
}

#[test]
fn head_may_need_a_route_of_its_own() {
    assert!(is_found(&shop(), &Method::HEAD, "/v1/things/7"));
    for dialect in [Dialect::GrpcGateway, Dialect::Envoy] {
        let shop = with_dialect(dialect);
        assert!(!is_found(&shop, &Method::HEAD, "/v1/things/7"));
    }
}

#[test]
fn what_stands_in_the_wrong_place_may_be_ignored() {
    let shop = with_strays(Strays::Ignored);
    let target = "/v1/things/7?thingId=8&revision=2";
    let expected = json!({"thingId": "7", "revision": 2});
    assert_eq!(read(&shop, "GET", target, "no JSON"), expected);
    let expected = json!({"thing": {"title": "x"}});
    let read = |query: &str, body| read(&shop, "POST", &format!("/v1/things?{query}"), body);
    assert_eq!(read("thing.title=y&thing=z", r#"{"title":"x"}"#), expected);
    assert_eq!(read("", ""), json!({"thing": {}}));
    assert!(request(&shop, "GET", "/v1/things/7?revision=1&revision=2", "").is_err());
}

#[test]
fn or_it_may_count_and_the_body_the_most() {
    let shop = with_strays(Strays::Merged);
    let target = "/v1/things/7?thingId=8&revision=2&revision=3";
    assert_eq!(
        read(&shop, "GET", target, ""),
        json!({"thingId": "8", "revision": 3})
    );
    let body = r#"{"thingId":"9"}"#;
    assert_eq!(
        read(&shop, "GET", target, body),
        json!({"thingId": "9", "revision": 3})
    );
    assert!(request(&shop, "GET", target, "no JSON").is_err());
    let read = read(
        &shop,
        "POST",
        "/v1/things?thing.title=y&thing.id=1",
        r#"{"title":"x"}"#,
    );
    assert_eq!(read, json!({"thing": {"id": "1", "title": "x"}}));
}

#[test]
fn a_mask_may_be_all_that_is_mentioned_or_none() {
    let mask = |masks, body: &str| {
        let options = Options {
            masks,
            strays: Strays::Ignored,
            ..Options::default()
        };
        let message = read(&shop_with(&options), "PATCH", "/v1/things/7", body);
        message["updateMask"].as_str().map(str::to_owned)
    };
    let body = r#"{"title":"x","id":"7","created":"2030-01-31T00:00:00Z"}"#;
    assert_eq!(
        mask(Masks::Mentioned, body).as_deref(),
        Some("created,id,title")
    );
    assert_eq!(mask(Masks::Mentioned, "").as_deref(), Some(""));
    assert_eq!(mask(Masks::None, body), None);
}

#[test]
fn queries_may_be_written_as_others_take_them() {
    let query = QueryOptions {
        booleans: Booleans::Abseil,
        go_durations: true,
        decimal_integers: true,
        plain_plus: true,
        ..QueryOptions::default()
    };
    let loose = shop_with(&Options {
        query,
        ..Options::default()
    });
    for (query, expected) in [
        ("flag=1", json!({"flag": true})),
        ("flag=T", json!({"flag": true})),
        ("flag=no", json!({})),
        ("lasts=1h1.5s", json!({"lasts": "3601.500s"})),
        ("lasts=2s", json!({"lasts": "2s"})),
        ("text=a%20b+c", json!({"text": "a b+c"})),
    ] {
        let target = format!("/v1/things?{query}");
        assert_eq!(read(&loose, "GET", &target, ""), expected, "{query}");
    }
    let target = "/v1/kinds/COLOR_RED/1/1/AQ/2030-01-31T00:00:00Z/5";
    assert_eq!(read(&loose, "GET", target, "")["flag"], true);
    assert!(request(&shop(), "GET", target, "").is_err());
    for query in ["flag=1", "lasts=1h"] {
        assert!(request(&shop(), "GET", &format!("/v1/things?{query}"), "").is_err());
    }
    assert!(request(&loose, "GET", "/v1/things?flag=2", "").is_err());
}

#[test]
fn booleans_are_written_as_the_parser_of_each_takes_them() {
    let takes = |booleans, text: &str| {
        let query = QueryOptions {
            booleans,
            ..QueryOptions::default()
        };
        let shop = shop_with(&Options {
            query,
            ..Options::default()
        });
        let plain = request(&shop, "GET", &format!("/v1/things?flag={text}"), "");
        let wrapped = request(&shop, "GET", &format!("/v1/things?maybeFlag={text}"), "");
        assert_eq!(plain.is_ok(), wrapped.is_ok(), "{text}");
        plain.is_ok()
    };
    for (text, go, abseil) in [
        ("true", true, true),
        ("1", true, true),
        ("F", true, true),
        ("TRUE", true, true),
        ("False", true, true),
        ("tRUE", false, true),
        ("yes", false, true),
        ("y", false, true),
        ("N", false, true),
        ("on", false, false),
        ("", false, false),
    ] {
        assert_eq!(takes(Booleans::Go, text), go, "{text}");
        assert_eq!(takes(Booleans::Abseil, text), abseil, "{text}");
        assert_eq!(takes(Booleans::Json, text), text == "true", "{text}");
    }
}

#[test]
fn absent_messages_may_be_null() {
    let json = JsonOptions {
        always_print_fields_without_presence: true,
        absent_messages_as_null: true,
        ..JsonOptions::default()
    };
    let shop = shop_with(&Options {
        json,
        ..Options::default()
    });
    let route = matched(&shop, "GET", "/v1/things/7");
    let thing = wire(shop.pool(), "shop.v1.Thing", r#"{"id":"7"}"#);
    let printed = route.route().response(&thing).expect("it is a thing");
    let printed: Value = serde_json::from_slice(&printed).expect("JSON");
    assert_eq!(printed["owner"], Value::Null);
    assert_eq!(printed["created"], Value::Null);
    assert!(
        printed
            .as_object()
            .is_some_and(|fields| fields.contains_key("owner"))
    );
    assert_eq!(printed["owners"], json!([]));
}

#[test]
fn a_string_may_hold_the_number_of_an_enum_value() {
    let json = JsonOptions {
        quoted_enum_numbers: true,
        ..JsonOptions::default()
    };
    let envoy = shop_with(&Options {
        json,
        ..Options::default()
    });
    let body = |color: &str| format!(r#"{{"color": "{color}"}}"#);
    let color = |color| read(&envoy, "PUT", "/v1/all/x", &body(color))["color"].clone();
    for text in ["2", "02", "+2", "COLOR_DARK_BLUE"] {
        assert_eq!(color(text), "COLOR_DARK_BLUE", "{text}");
        let is_name = text.starts_with('C');
        let ours = request(&shop(), "PUT", "/v1/all/x", &body(text));
        assert_eq!(ours.is_ok(), is_name, "{text}");
    }
    for text in ["77", "2.0", " 2", "", "99999999999"] {
        let read = request(&envoy, "PUT", "/v1/all/x", &body(text));
        assert!(read.is_err(), "{text}");
    }
}
