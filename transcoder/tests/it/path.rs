use transcoder::RouteMatch;

use crate::{matched, request, shop};

fn get(target: &str) -> Result<String, String> {
    request(&shop(), "GET", target, "")
}

#[test]
fn a_variable_of_one_segment_is_decoded_entirely() {
    assert_eq!(get("/v1/things/7"), Ok(r#"{"thingId":"7"}"#.to_owned()));
    assert_eq!(
        get("/v1/things/a%2Fb%20c+d"),
        Ok(r#"{"thingId":"a/b c+d"}"#.to_owned())
    );
    assert_eq!(
        get("/v1/things/caf%C3%A9"),
        Ok(r#"{"thingId":"café"}"#.to_owned())
    );
    assert_eq!(get("/v1/things/a:b"), Ok(r#"{"thingId":"a:b"}"#.to_owned()));
    assert_eq!(
        get("/v1/things/a%3Awatch"),
        Ok(r#"{"thingId":"a:watch"}"#.to_owned())
    );
}

#[test]
fn a_variable_of_several_segments_keeps_its_encoded_slashes() {
    assert_eq!(
        get("/v1/owners/owners/a%20b/c%2Fd/things/7"),
        Ok(r#"{"thingId":"7","owner":{"name":"owners/a b/c%2Fd"}}"#.to_owned())
    );
    assert_eq!(
        get("/v1/blobs/x/y%2fz"),
        Ok(r#"{"owner":{"name":"x/y%2fz"}}"#.to_owned())
    );
    assert_eq!(
        get("/v1/blobs/x"),
        Ok(r#"{"owner":{"name":"x"}}"#.to_owned())
    );
    assert_eq!(get("/v1/blobs"), Ok(r#"{"owner":{}}"#.to_owned()));
}

#[test]
fn a_variable_takes_every_kind_of_field_that_is_one_text() {
    assert_eq!(
        get("/v1/kinds/COLOR_RED/-5/true/_-8/2030-01-31T00:00:00Z/9"),
        Ok(concat!(
            r#"{"raw":"/+8=","flag":true,"i64":"-5","color":"COLOR_RED","#,
            r#""created":"2030-01-31T00:00:00Z","maybe":"9"}"#
        )
        .to_owned())
    );
}

#[test]
fn every_variable_that_does_not_fit_is_named() {
    let faults = get("/v1/kinds/red/x/1/%25/now/%ff").expect_err("nothing fits");
    let expected = [
        "color: expected one of COLOR_UNSPECIFIED, COLOR_RED, COLOR_DARK_BLUE",
        "i64: expected a 64-bit integer",
        "flag: expected true or false",
        "raw: expected a base64 string",
        "created: expected a timestamp of RFC 3339, such as \"2030-01-31T23:59:00Z\"",
        "maybe: is not well percent-encoded UTF-8",
    ];
    assert_eq!(faults.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_route_knows_its_call() {
    let shop = shop();
    let watch = matched(&shop, "GET", "/v1/things/7:watch");
    assert_eq!(watch.route().grpc_path(), "/shop.v1.Shop/Watch");
    assert_eq!(
        watch.route().template().as_str(),
        "/v1/things/{thing_id}:watch"
    );
    assert!(watch.route().is_server_streaming());
    let purge = matched(&shop, "PURGE", "/v1/things/7");
    assert!(purge.route().is_additional());
    assert!(!purge.route().is_client_streaming());
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let shop = shop();
    let RouteMatch::MethodNotAllowed { allow } = shop.route(&http::Method::PUT, "/v1/things/7")
    else {
        panic!("there is no PUT");
    };
    let allow: Vec<_> = allow.iter().map(http::Method::as_str).collect();
    assert_eq!(allow, ["GET", "HEAD", "OPTIONS", "PATCH", "PURGE"]);
    assert!(matches!(
        shop.route(&http::Method::GET, "/v2/things"),
        RouteMatch::NotFound
    ));
}
