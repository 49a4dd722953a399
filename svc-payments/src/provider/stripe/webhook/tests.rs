use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::snapshot::{IntentStatus, Standing};

/// As Stripe's own library signs this body at 1700000000 with `whsec_current`, and with `whsec_previous`.
const BODY: &[u8] = br#"{"id":"evt_1"}"#;
const CURRENT: &str = "bc6a132fc01c69791c7ac73bdc58c357268043ed931f408bd3446c5a0f8196f8";
const PREVIOUS: &str = "05ef06fe3c42008abd51f061b6d4ba9978c831cf95e5e8988bc3209c62793cc0";
const SIGNED: i64 = 1_700_000_000;

fn secrets() -> Secrets {
    Secrets {
        current: "whsec_current".into(),
        previous: Some("whsec_previous".into()),
        tolerance: Duration::from_secs(300),
    }
}

fn opened_at(header: &str, seconds: i64) -> Result<ProviderEvent, EventError> {
    let now = DateTime::from_timestamp(seconds, 0).unwrap();
    secrets().open(Some(header), BODY, now)
}

fn holds(header: &str) -> bool {
    // Of a body that is signed it is known that it makes no sense.
    match opened_at(header, SIGNED) {
        Err(EventError::Malformed) => true,
        Err(EventError::SignatureInvalid) => false,
        Ok(event) => panic!("{event:?}"),
    }
}

/// What is read of an event about this object.
fn about(object: &serde_json::Value) -> ProviderEvent {
    let event = json!({
        "id": "evt_1", "object": "event", "api_version": "2019-01-01", "created": SIGNED,
        "type": "some.kind", "data": {"object": object, "previous_attributes": {}},
    });
    let body = event.to_string();
    let now = DateTime::from_timestamp(SIGNED, 0).unwrap();
    let header = signature::sign(b"whsec_current", body.as_bytes(), now);
    secrets().open(Some(&header), body.as_bytes(), now).unwrap()
}

#[test]
fn any_of_the_secrets_signs_by_any_of_the_signatures() {
    for header in [
        format!("t={SIGNED},v1={CURRENT}"),
        format!("t={SIGNED},v1={PREVIOUS}"),
        format!("t={SIGNED},v1=00,v1={CURRENT},v0=5257"),
        format!("v1={CURRENT}, v1={PREVIOUS}, t={SIGNED}"),
    ] {
        assert!(holds(&header), "{header}");
    }
}

#[test]
fn what_is_not_signed_by_them_is_refused() {
    let upper = CURRENT.to_ascii_uppercase();
    for header in [
        String::new(),
        format!("t={SIGNED}"),
        format!("v1={CURRENT}"),
        format!("t=,v1={CURRENT}"),
        format!("t=now,v1={CURRENT}"),
        format!("t={},v1={CURRENT}", SIGNED + 1),
        format!("t={SIGNED},v0={CURRENT}"),
        format!("t={SIGNED},v1={upper}"),
        format!("t={SIGNED},v1={}", &CURRENT[1..]),
        format!("t={SIGNED},v1="),
        format!("t={SIGNED},v1={CURRENT}0"),
    ] {
        assert!(!holds(&header), "{header}");
    }
    let now = DateTime::from_timestamp(SIGNED, 0).unwrap();
    let none = secrets().open(None, BODY, now);
    assert_eq!(none, Err(EventError::SignatureInvalid));
}

#[test]
fn a_secret_that_was_taken_away_signs_no_more() {
    let secrets = Secrets {
        previous: None,
        ..secrets()
    };
    let now = DateTime::from_timestamp(SIGNED, 0).unwrap();
    let header = format!("t={SIGNED},v1={PREVIOUS}");
    let opened = secrets.open(Some(&header), BODY, now);
    assert_eq!(opened, Err(EventError::SignatureInvalid));
}

#[test]
fn a_signature_holds_for_five_minutes_in_both_directions() {
    let header = format!("t={SIGNED},v1={CURRENT}");
    for (away, expected) in [
        (-301, EventError::SignatureInvalid),
        (-300, EventError::Malformed),
        (300, EventError::Malformed),
        (301, EventError::SignatureInvalid),
    ] {
        let opened = opened_at(&header, SIGNED + away);
        assert_eq!(opened, Err(expected), "{away} seconds away");
    }
}

#[test]
fn an_event_of_an_intent_says_how_it_stands() {
    let intent = json!({
        "object": "payment_intent", "id": "pi_1", "status": "requires_capture", "currency": "jpy",
        "amount": 500, "amount_capturable": 500, "amount_received": 0, "created": SIGNED,
        "metadata": {}, "latest_charge": "ch_1",
    });
    let held = Standing {
        status: IntentStatus::Held,
        held: 500,
        captured: 0,
    };
    assert_eq!(about(&intent).standing, Some(held));
    let mut unknown = intent;
    unknown["status"] = "of another time".into();
    assert_eq!(about(&unknown).standing, None);
    let charge = json!({"object": "charge", "id": "ch_1", "status": "succeeded"});
    assert_eq!(about(&charge).standing, None);
}

#[test]
fn an_event_says_which_payment_it_is_about_as_well_as_it_can() {
    let payment = Uuid::from_u128(7);
    let of_ours = json!({"payment_id": payment, "order_id": Uuid::from_u128(8)});
    for (object, payment_id, provider_ref) in [
        (
            json!({"object": "payment_intent", "id": "pi_1", "metadata": of_ours}),
            Some(payment),
            Some("pi_1"),
        ),
        (
            json!({"object": "payment_intent", "id": "pi_1", "metadata": {"payment_id": "theirs"}}),
            None,
            Some("pi_1"),
        ),
        (
            json!({"object": "charge", "id": "ch_1", "metadata": of_ours, "payment_intent": "pi_1"}),
            Some(payment),
            Some("pi_1"),
        ),
        (
            json!({"object": "dispute", "id": "dp_1", "metadata": {}, "payment_intent": {"id": "pi_1"}}),
            None,
            Some("pi_1"),
        ),
        (
            json!({"object": "refund", "id": "re_1", "metadata": null, "payment_intent": null}),
            None,
            None,
        ),
        (json!({"object": "customer", "id": "cus_1"}), None, None),
        (json!({}), None, None),
    ] {
        let event = about(&object);
        assert_eq!(event.payment_id, payment_id, "{object}");
        assert_eq!(event.provider_ref.as_deref(), provider_ref, "{object}");
        assert_eq!((&*event.event_id, &*event.kind), ("evt_1", "some.kind"));
    }
}
