use crate::{request, shop};

/// The mask that a PATCH with this body gets.
fn mask(query: &str, body: &str) -> String {
    let message = request(&shop(), "PATCH", &format!("/v1/things/7{query}"), body);
    let message: serde_json::Value = serde_json::from_str(&message.expect(body)).expect("JSON");
    message["updateMask"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn a_mask_left_out_is_what_the_body_mentions() {
    let cases = [
        (r#"{"title":"x"}"#, "title"),
        (r#"{"title":"","soldOut":false}"#, "title,soldOut"),
        (r#"{"sold_out":true}"#, "soldOut"),
        (r#"{"title":null}"#, "title"),
        (
            r#"{"owner":{"name":"a","boss":{"nickNames":["b"]}}}"#,
            "owner.name,owner.boss.nickNames",
        ),
        (r#"{"owner":{}}"#, "owner"),
        (r#"{"owner":null}"#, "owner"),
        (r#"{"owners":[{"name":"a"}]}"#, "owners"),
        (r#"{"counts":{"a":1}}"#, "counts"),
        (r#"{"extra":{"a":{"b":1}}}"#, "extra"),
        (r#"{"units":"5"}"#, "units"),
        // A value of several parts is one value.
        (
            r#"{"deposit":{"units":"5","currencyCode":"GBP"}}"#,
            "deposit",
        ),
    ];
    for (body, paths) in cases {
        assert_eq!(mask("", body), paths, "{body}");
    }
}

#[test]
fn the_paths_are_proto_names_on_the_wire() {
    let shop = shop();
    let wire = crate::matched(&shop, "PATCH", "/v1/things/7")
        .request(None, br#"{"soldOut":true}"#)
        .expect("it fits");
    assert!(wire.windows(8).any(|window| window == b"sold_out"));
}

#[test]
fn what_the_path_binds_and_what_only_the_service_sets_is_not_in_it() {
    assert_eq!(mask("", r#"{"id":"7","title":"x"}"#), "title");
    assert_eq!(
        mask("", r#"{"created":"2030-01-31T00:00:00Z","title":"x"}"#),
        "title"
    );
    assert_eq!(mask("", "{}"), "");
}

#[test]
fn a_mask_of_the_client_stays() {
    assert_eq!(
        mask("?updateMask=owner.nickNames", r#"{"title":"x"}"#),
        "owner.nickNames"
    );
    assert_eq!(
        mask("?update_mask=sold_out,title", r#"{"title":"x"}"#),
        "soldOut,title"
    );
    assert_eq!(mask("?updateMask=", r#"{"title":"x"}"#), "");
}
