//! Kinds of text, and the form that they are brought to.

use std::borrow::Cow;
use std::sync::Arc;

use contract_rules::Rules;
use contract_rules::testing::{self, paths};
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor};

use crate::contract::Contract;

/// The pool of one file with a message `M` that has these fields.
fn pool(fields: &str) -> DescriptorPool {
    let source = format!(
        r#"syntax = "proto3";
        package test;
        import "buf/validate/validate.proto";
        import "google/api/field_behavior.proto";
        import "tradewind/options/v1/options.proto";
        message M {{ {fields} }}"#
    );
    testing::compile("test.proto", &source)
}

fn compile(pool: &DescriptorPool) -> Result<Arc<Rules>, Vec<String>> {
    super::compiler(pool).rules(&pool.get_message_by_name("test.M").unwrap())
}

fn encode(pool: &DescriptorPool, json: &str) -> Vec<u8> {
    testing::encode(&pool.get_message_by_name("test.M").unwrap(), json)
}

const FIELDS: &str = r#"
    string title = 1 [(tradewind.options.v1.text) = TEXT_LINE, (buf.validate.field).string.max_len = 5];
    repeated string lines = 2 [(tradewind.options.v1.text) = TEXT_LINE];
    string text = 3 [(tradewind.options.v1.text) = TEXT_LINES];
    string id = 4;
    M inner = 5;
    map<string, M> by_name = 6;
    int64 number = 7;
    string email = 8 [(tradewind.options.v1.text) = TEXT_EMAIL];
    string shown = 9 [(tradewind.options.v1.text) = TEXT_LINE, (google.api.field_behavior) = OUTPUT_ONLY];"#;

#[test]
fn texts_of_a_kind_are_composed_wherever_they_stand_and_nothing_else_changes() {
    let pool = pool(FIELDS);
    let rules = compile(&pool).unwrap();
    let of = |text: &str| {
        let m = format!(
            r#""title": "{text}", "lines": ["a", "{text}"], "text": "{text}", "email": "{text}@b""#
        );
        format!(r#"{{{m}, "inner": {{{m}, "number": 7}}, "number": "-1"}}"#)
    };
    let (composed, decomposed) = (encode(&pool, &of("ü")), encode(&pool, &of("u\u{308}")));
    assert!(matches!(rules.accept(&composed), Ok(Cow::Borrowed(_))));
    assert_eq!(rules.accept(&decomposed).unwrap(), composed);
    // With fields that nobody knows around them: a group, and a number.
    let unknown = [
        &[0xfb, 0x01, 0xfc, 0x01, 0xf8, 0x01, 0x05],
        decomposed.as_slice(),
    ]
    .concat();
    let known = rules.accept(&unknown).unwrap();
    assert!(known.ends_with(&composed), "{known:?}");

    let kept = encode(
        &pool,
        r#"{"id": "u\u0308", "shown": "u\u0308", "byName": {"u\u0308": {}}}"#,
    );
    assert_eq!(rules.accept(&kept), Ok(Cow::Borrowed(kept.as_slice())));
    let within = |text| {
        encode(
            &pool,
            &format!(r#"{{"byName": {{"k": {{"title": "{text}"}}}}}}"#),
        )
    };
    assert_eq!(rules.accept(&within("u\u{308}")).unwrap(), within("ü"));
}

#[test]
fn rules_hold_for_the_composed_text() {
    let pool = pool(FIELDS);
    let rules = compile(&pool).unwrap();
    let titled = |title: &str| encode(&pool, &format!(r#"{{"title": "{title}"}}"#));
    assert!(rules.accept(&titled(&"u\u{308}".repeat(5))).is_ok());
    assert_eq!(
        paths(rules.check(&titled(&"u\u{308}".repeat(6)))),
        ["title"]
    );
}

#[test]
fn what_does_not_fit_its_kind_is_refused_by_its_path() {
    let pool = pool(FIELDS);
    let rules = compile(&pool).unwrap();
    for (json, path) in [
        (r#"{"title": " "}"#, "title"),
        (r#"{"title": "a\u200bb"}"#, "title"),
        (r#"{"lines": ["a", "\u3000"]}"#, "lines[1]"),
        (r#"{"text": "a\u202eb"}"#, "text"),
        (r#"{"inner": {"title": "a\nb"}}"#, "inner.title"),
        (r#"{"email": "nobody"}"#, "email"),
    ] {
        assert_eq!(paths(rules.check(&encode(&pool, json))), [path], "{json}");
    }
    for json in [
        "{}",
        r#"{"text": "a\nb"}"#,
        r#"{"id": " "}"#,
        r#"{"shown": "\u200b"}"#,
    ] {
        assert_eq!(paths(rules.check(&encode(&pool, json))), [""; 0], "{json}");
    }
}

#[test]
fn a_kind_of_text_on_another_type_refuses_the_start() {
    let number = pool("int32 n = 1 [(tradewind.options.v1.text) = TEXT_LINE];");
    assert!(compile(&number).is_err());
}

/// Strings that stay as they are sent: names of things that a machine gave, secrets, and queries,
/// which search takes apart in its own way.
const OPAQUE: [&str; 38] = [
    // In whatever form, as long as it is that of an account.
    "LoginRequest.email",
    // In the form that svc-auth keeps it in.
    "ConfirmEmailRequest.current_email",
    "ConfirmEmailRequest.email",
    "FindAccountRequest.email",
    // As an identity provider sends it along.
    "FinishExternalLoginRequest.iss",
    "FinishExternalLoginRequest.state",
    // Of a mail's template.
    "PreviewMailTemplateRequest.name",
    "action_id",
    "browser_token",
    "client_assertion",
    "code",
    "content_type",
    "current_password",
    "etag",
    "event_types",
    "external_id",
    "external_reference",
    "new_password",
    "page_token",
    "password",
    "password_hash",
    "path",
    "paths",
    "payment_token",
    "provider",
    "query",
    "recovery_code",
    "refresh_token",
    "return_url",
    "second_factor_token",
    "sku",
    "skus",
    "ticket",
    "token",
    "type_url",
    "url",
    "currency_code",
    "roles",
];

#[test]
fn every_text_that_people_write_has_a_kind() {
    let contract = Contract::tradewind();
    let pool = contract.descriptors();
    let services = pool
        .services()
        .filter(|service| service.full_name().starts_with("tradewind."));
    let mut seen = Vec::new();
    let mut without = Vec::new();
    for method in services.flat_map(|service| service.methods().collect::<Vec<_>>()) {
        visit(&method.input(), &mut seen, &mut without);
    }
    assert!(
        without.is_empty(),
        "without a kind of text (tradewind.options.v1.text): {without:#?}"
    );
}

fn visit(message: &MessageDescriptor, seen: &mut Vec<String>, without: &mut Vec<String>) {
    if seen.iter().any(|name| name == message.full_name()) {
        return;
    }
    seen.push(message.full_name().to_owned());
    let pool = message.parent_pool();
    let extension = |name| pool.get_extension_by_name(name).unwrap();
    for field in message.fields() {
        let options = field.options();
        let has = |name| options.has_extension(&extension(name));
        let behaviors = options
            .get_extension(&extension("google.api.field_behavior"))
            .into_owned();
        let is_sent = !behaviors
            .as_list()
            .unwrap()
            .iter()
            .any(|one| one.as_enum_number() == Some(3));
        let rules = options
            .get_extension(&extension("buf.validate.field"))
            .into_owned();
        let is_exact = rules.as_message().is_some_and(is_exact);
        match field.kind() {
            Kind::Message(inner) => visit(&inner, seen, without),
            Kind::String
                if is_sent
                    && !has("tradewind.options.v1.text")
                    && !is_exact
                    && !is_opaque(field.full_name()) =>
            {
                without.push(field.full_name().to_owned());
            }
            _ => {}
        }
    }
}

fn is_opaque(field: &str) -> bool {
    OPAQUE.iter().any(|name| {
        field
            .strip_suffix(name)
            .is_some_and(|rest| rest.ends_with('.'))
    })
}

/// Whether a pattern or a format says what may stand in it.
fn is_exact(rules: &DynamicMessage) -> bool {
    let text = rules
        .get_field_by_name("string")
        .map(|value| value.into_owned());
    let Some(text) = text.as_ref().and_then(|value| value.as_message()) else {
        return false;
    };
    ["pattern", "uuid", "uri"]
        .iter()
        .any(|rule| text.has_field_by_name(rule))
}

#[test]
fn a_login_takes_kilobytes_and_an_order_its_thousand_items() {
    let contract = Contract::tradewind();
    let of = |path: &str| {
        let largest = contract.method(path).unwrap().largest().unwrap();
        (largest.wire, largest.json)
    };
    let (wire, json) = of("/tradewind.auth.v1.AuthService/Login");
    assert!(wire < 8 << 10 && json < 20 << 10, "{wire} {json}");
    let (wire, json) = of("/tradewind.orders.v1.OrdersService/CreateOrder");
    assert!(wire > 300 << 10 && json > 900 << 10, "{wire} {json}");
}
