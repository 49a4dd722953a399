use transcoder::{Body, Descriptors, Dialect, HttpMethod, Options, Transcoder};

use crate::{descriptor_set, matched, request, shop, shop_with};

#[test]
fn routes_come_in_the_order_of_the_contract() {
    let shop = shop();
    let routes: Vec<_> = shop
        .routes()
        .iter()
        .map(|route| format!("{} {}", route.http_method(), route.template()))
        .take(5)
        .collect();
    assert_eq!(
        routes,
        [
            "GET /v1/things/{thing_id}",
            "GET /v1/owners/{owner.name=owners/*/*}/things/{thing_id}",
            "GET /v1/blobs/{owner.name=**}",
            "PURGE /v1/things/{thing_id}",
            "GET /v1/things",
        ]
    );
    assert!(
        !shop
            .routes()
            .iter()
            .any(|route| route.grpc_path().ends_with("/Internal"))
    );
}

#[test]
fn methods_can_be_left_out() {
    let set = descriptor_set("shop.proto");
    let public = Transcoder::with_methods(
        &Descriptors::read(&set).unwrap(),
        &Options::default(),
        |m| m.name() == "Touch",
    );
    let public = public.expect("it can be served");
    assert_eq!(public.routes().len(), 1);
    assert_eq!(
        *public.routes()[0].http_method(),
        HttpMethod::Is(http::Method::POST)
    );
    assert!(matches!(public.routes()[0].body(), Body::None));
}

#[test]
fn methods_without_a_rule_can_be_bound_by_their_name() {
    let shop = shop_with(&Options {
        bind_unannotated: true,
        ..Options::default()
    });
    let message = request(
        &shop,
        "POST",
        "/shop.v1.Shop/Internal",
        r#"{"thingId":"7"}"#,
    );
    assert_eq!(message.as_deref(), Ok(r#"{"thingId":"7"}"#));
}

#[test]
fn all_that_is_wrong_with_the_rules_is_reported_together() {
    let broken = Transcoder::new(&descriptor_set("broken.proto"), &Options::default());
    let broken = broken.expect("wrong rules stop nobody");
    // The binding around the one that is wrong.
    let served: Vec<_> = broken
        .routes()
        .iter()
        .map(|r| r.template().as_str())
        .collect();
    assert_eq!(served, ["/v1/n"]);
    let error = broken.strict().expect_err("nothing in it is right");
    let error = error.to_string();
    for problem in [
        "broken.v1.Broken.NoField: /v1/{nope}: broken.v1.Message has no field \"nope\"",
        "broken.v1.Broken.Repeated: /v1/{names}: \"names\" cannot be a path variable",
        "broken.v1.Broken.NotAMessage: /v1/{name.x}: \"name\" has no fields of its own",
        "broken.v1.Broken.WholeMessage: /v1/{inner}: \"inner\" cannot be a path variable",
        "broken.v1.Broken.NoTemplate: path template \"/v1/{\", at byte 5: a field name is missing here",
        "broken.v1.Broken.NoBody: body: broken.v1.Message has no field \"nope\"",
        "broken.v1.Broken.NoResponseBody: response_body: broken.v1.Message has no field \"nope\"",
        "broken.v1.Broken.Twice: \"name\" is bound by the path and by the body",
        "broken.v1.Broken.Nested: an additional binding has no additional bindings of its own",
        "broken.v1.Broken.NoPattern: the rule has no path",
    ] {
        let problem = format!("broken.proto: {problem}");
        assert!(error.contains(&problem), "{problem} is not in\n{error}");
    }
}

#[test]
fn of_rules_that_match_the_same_paths_one_is_served() {
    for (dialect, served, skipped) in [
        (Dialect::HttpProto, "/v1/{name=b/*}", "/v1/b/{other}"),
        (Dialect::Envoy, "/v1/{name=b/*}", "/v1/b/{other}"),
        (Dialect::GrpcGateway, "/v1/b/{other}", "/v1/{name=b/*}"),
    ] {
        let options = Options {
            dialect,
            ..Options::default()
        };
        let conflict = Transcoder::new(&descriptor_set("conflict.proto"), &options);
        let conflict = conflict.expect("one of them is served");
        let of_path = matched(&conflict, "GET", "/v1/b/x");
        assert_eq!(of_path.route().template().as_str(), served);
        let told = conflict.skipped()[0].to_string();
        let expected = format!("GET {skipped} matches the same paths as {served} of");
        assert!(told.starts_with("conflict.proto: conflict.v1.Conflict."));
        assert!(told.contains(&expected), "{told}");
    }
}

#[test]
fn bytes_that_are_no_descriptor_set_are_refused() {
    let error = Transcoder::new(b"\xff", &Options::default()).expect_err("no descriptors");
    assert!(
        error
            .to_string()
            .starts_with("the descriptor set cannot be read: "),
        "{error}"
    );
}
