use transcoder::{Body, Descriptors, HttpMethod, Options, Transcoder};

use crate::{descriptor_set, request, shop, shop_with};

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
    let error = Transcoder::new(&descriptor_set("broken.proto"), &Options::default());
    let error = error.expect_err("nothing in it is right").to_string();
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
        assert!(error.contains(problem), "{problem} is not in\n{error}");
    }
}

#[test]
fn rules_that_match_the_same_paths_are_refused() {
    let error = Transcoder::new(&descriptor_set("conflict.proto"), &Options::default());
    let error = error.expect_err("they conflict").to_string();
    let problem = "GET /v1/b/{other} of conflict.v1.Conflict.Second \
                   matches the same paths as /v1/{name=b/*} of conflict.v1.Conflict.First";
    assert!(error.contains(problem), "{error}");
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
