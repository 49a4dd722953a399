//! Rules and requests that grpc-gateway and Envoy take, and http.proto does not have.

use serde_json::{Value, json};
use transcoder::openapi::{Info, Visibility, document};
use transcoder::{Dialect, Masks, Options, RouteMatch, Strays, Transcoder};

use crate::{descriptor_set, request};

fn odd(dialect: Dialect) -> Transcoder {
    let strays = match dialect {
        Dialect::HttpProto => Strays::Refused,
        Dialect::GrpcGateway => Strays::Ignored,
        Dialect::Envoy => Strays::Merged,
    };
    let options = Options {
        dialect,
        strays,
        masks: Masks::Mentioned,
        ..Options::default()
    };
    Transcoder::new(&descriptor_set("odd.proto"), &options).expect("wrong rules stop nobody")
}

fn read(dialect: Dialect, method: &str, target: &str, body: &str) -> Value {
    let request = request(&odd(dialect), method, target, body);
    let request = request.unwrap_or_else(|fault| panic!("{dialect:?}: {target}: {fault}"));
    serde_json::from_str(&request).expect("JSON")
}

fn skipped(dialect: Dialect) -> Vec<String> {
    let odd = odd(dialect);
    let skipped = odd.skipped().iter();
    skipped
        .map(|rule| {
            assert_eq!(rule.place, "odd.proto");
            let method = rule.method.trim_start_matches("odd.v1.Odd.");
            format!("{method}: {}", rule.reason)
        })
        .collect()
}

#[test]
fn a_rule_that_cannot_be_served_is_passed_over_and_told() {
    let without_position = |told: String| {
        let (method, reason) = told.split_once(": ").expect("a method and a reason");
        let reason = reason.rsplit(": ").next().expect("a reason");
        format!("{method}: {reason}")
    };
    let told: Vec<_> = skipped(Dialect::HttpProto)
        .into_iter()
        .map(without_position)
        .collect();
    let lists = "\"tags\" cannot be a path variable, being repeated or no single value";
    assert_eq!(
        told,
        [
            "Verb: a verb holds no ':'",
            "VerbWithin: a variable holds no ':'; a verb stands behind all segments",
            &format!("Lists: {lists}"),
            "Before: '**' is only allowed as the last segment",
            "BeforeAny: '**' is only allowed as the last segment",
            "Twice: \"name\" is bound twice",
            "Nested: odd.v1.Thing has no field \"inner.thing\"",
        ]
    );
    let served = read(Dialect::HttpProto, "GET", "/", "");
    assert_eq!(served, json!({}));
    let told: Vec<_> = skipped(Dialect::Envoy)
        .into_iter()
        .map(without_position)
        .collect();
    assert_eq!(
        told,
        [
            "Verb: a verb holds no ':'",
            "VerbWithin: a variable holds no ':'; a verb stands behind all segments",
            "BeforeAny: '**' is only allowed before literals",
        ]
    );
    assert_eq!(skipped(Dialect::GrpcGateway), [""; 0]);
}

#[test]
fn to_grpc_gateway_they_mean_something() {
    let read = |target: &str| read(Dialect::GrpcGateway, "GET", target, "");
    assert_eq!(read("/"), json!({}));
    let name = |name: &str| json!({"name": name});
    assert_eq!(read("/v1/things/7:custom:custom"), name("7"));
    assert_eq!(read("/v1/thing:verb"), name("thing:verb"));
    assert_eq!(read("/v1/before/a/b/end"), name("a/b"));
    assert_eq!(read("/v1/before//end"), json!({}));
    let odd = odd(Dialect::GrpcGateway);
    let nothing = odd.route(&http::Method::GET, "/v1/before/end");
    assert!(matches!(nothing, RouteMatch::NotFound));
    assert_eq!(read("/v1/before/a/any/b"), name("a"));
    assert_eq!(read("/v1/twice/a/b"), name("b"));
    assert_eq!(
        read("/v1/lists/a,b/1,2/c,d"),
        json!({"tags": ["a", "b"], "numbers": [1, 2], "inner": {"tags": ["c,d"]}})
    );
    assert!(request(&odd, "GET", "/v1/lists/a/1,/c", "").is_err());
}

#[test]
fn to_envoy_some_of_them_do() {
    let read = |target: &str| read(Dialect::Envoy, "GET", target, "");
    assert_eq!(read("/v1/before/a/b/end"), json!({"name": "a/b"}));
    assert_eq!(read("/v1/twice/a/b"), json!({"name": "b"}));
    assert_eq!(
        read("/v1/lists/a,b/1/c"),
        json!({"tags": ["a,b"], "numbers": [1], "inner": {"tags": ["c"]}})
    );
}

#[test]
fn a_body_may_be_a_field_of_a_field() {
    let body = r#"{"name":"b","tags":["x"]}"#;
    let thing = json!({"name": "b", "tags": ["x"]});
    let target = "/v1/nested/a?inner.tags=y&inner.thing.name=z&numbers=1";
    for (dialect, thing) in [
        (Dialect::GrpcGateway, thing.clone()),
        (Dialect::Envoy, thing),
    ] {
        assert_eq!(
            read(dialect, "POST", target, body),
            json!({
                "name": "a",
                "numbers": [1],
                "inner": {"tags": ["y"], "thing": thing},
            }),
            "{dialect:?}"
        );
    }
    let empty = read(Dialect::GrpcGateway, "POST", "/v1/nested/a", "");
    assert_eq!(empty, json!({"name": "a", "inner": {"thing": {}}}));
    let odd = odd(Dialect::GrpcGateway);
    let fault = request(&odd, "POST", "/v1/nested/a", "null");
    assert_eq!(fault, Err("thing: expected an object".to_owned()));
    let fault = request(&odd, "POST", "/v1/nested/a", r#"{"tags":7}"#);
    assert_eq!(fault, Err("thing.tags: expected an array".to_owned()));
}

#[test]
fn masks_go_into_what_is_any_json() {
    let mask = |body: &str| {
        let read = read(Dialect::GrpcGateway, "PATCH", "/v1/things/7", body);
        read["fields"].as_str().map(str::to_owned)
    };
    for (body, expected) in [
        (
            r#"{"facts":{"a":1,"b":{"c":[2],"d":{}}}}"#,
            "facts.a,facts.b.c",
        ),
        (r#"{"facts":{},"tags":[]}"#, "tags"),
        (r#"{"facts":null}"#, "facts"),
        (r#"{"value":{"a":{"b":null}}}"#, "value.a.b"),
        (r#"{"value":7}"#, "value"),
        (
            r#"{"values":[{"a":1}],"byName":{"a":{"b":1}}}"#,
            "byName,values",
        ),
        (
            r#"{"inner":{"thing":{"facts":{"a":"b"}}}}"#,
            "inner.thing.facts.a",
        ),
    ] {
        assert_eq!(mask(body).as_deref(), Some(expected), "{body}");
    }
}

#[test]
fn a_mask_that_names_one_long_key_again_and_again_is_refused() {
    let inner: Vec<_> = (0..2_000).map(|key| format!(r#""{key}":0"#)).collect();
    let long = "k".repeat(10_000);
    let body = format!(r#"{{"facts":{{"{long}":{{{}}}}}}}"#, inner.join(","));
    let fault = request(&odd(Dialect::GrpcGateway), "PATCH", "/v1/things/7", &body);
    let fault = fault.expect_err("twenty megabytes of paths");
    assert!(fault.contains("send an update mask"), "{fault}");
}

#[test]
fn a_parameter_may_be_any_json_or_a_text() {
    let target = "/?facts=%7B%22a%22:1%7D&value=%5B1%5D&values=1&values=%22x%22&nothing=";
    assert_eq!(
        read(Dialect::GrpcGateway, "GET", target, ""),
        json!({"facts": {"a": 1.0}, "value": [1.0], "values": [1.0, "x"], "nothing": {}})
    );
    for query in [
        "facts=a",
        "facts=",
        "facts=%7B%7D%7B%7D",
        "values=1,2",
        "nothing=1",
    ] {
        let target = format!("/?{query}");
        let fault = request(&odd(Dialect::GrpcGateway), "GET", &target, "");
        assert!(fault.is_err(), "{query}");
    }
    assert_eq!(
        read(Dialect::Envoy, "GET", "/?value=7&values=1&values=%22", ""),
        json!({"value": "7", "values": ["1", "\""]})
    );
    assert!(request(&odd(Dialect::HttpProto), "GET", target, "").is_err());
}

#[test]
fn what_has_no_value_is_no_parameter_to_envoy() {
    let target = "/?name&=x&tags=&";
    assert_eq!(
        read(Dialect::Envoy, "GET", target, ""),
        json!({"tags": [""]})
    );
    assert!(request(&odd(Dialect::HttpProto), "GET", target, "").is_err());
}

#[test]
fn their_documents_name_each_parameter_of_a_path_once() {
    for dialect in [Dialect::HttpProto, Dialect::GrpcGateway, Dialect::Envoy] {
        let document = document(&odd(dialect), &Info::default(), &|_| Visibility::Public);
        let paths = document["paths"].as_object().expect("paths");
        for (path, methods) in paths {
            for operation in methods.as_object().expect("methods").values() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let names: Vec<_> = parameters
                    .filter(|parameter| parameter["in"] == "path")
                    .map(|parameter| format!("{{{}}}", parameter["name"].as_str().expect("a name")))
                    .collect();
                assert_eq!(path.matches('{').count(), names.len(), "{path}");
                for name in names {
                    assert_eq!(path.matches(&name).count(), 1, "{path}");
                }
            }
        }
    }
}
