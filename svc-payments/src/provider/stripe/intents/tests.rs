use serde_json::{Value, json};

use super::*;

fn read(changes: &Value) -> Result<Intent, Failure> {
    let mut intent = json!({
        "id": "pi_1", "object": "payment_intent", "amount": 1099, "amount_capturable": 0,
        "amount_received": 0, "currency": "eur", "created": 1_700_000_000, "livemode": false,
        "metadata": {"payment_id": Uuid::from_u128(7)}, "status": "requires_payment_method",
        "last_payment_error": null, "latest_charge": null, "next_action": null,
    });
    for (name, value) in changes.as_object().unwrap() {
        intent[name] = value.clone();
    }
    let intent: PaymentIntent = serde_json::from_value(intent).unwrap();
    intent.read()
}

fn status(changes: &Value) -> IntentStatus {
    read(changes).unwrap().status
}

#[test]
fn an_intent_stands_where_stripe_says() {
    for (name, expected) in [
        ("requires_payment_method", IntentStatus::Unconfirmed),
        ("requires_confirmation", IntentStatus::Unconfirmed),
        ("requires_action", IntentStatus::RequiresAction),
        ("processing", IntentStatus::Processing),
        ("requires_capture", IntentStatus::Held),
        ("succeeded", IntentStatus::Captured),
        ("canceled", IntentStatus::Canceled),
    ] {
        assert_eq!(status(&json!({"status": name})), expected, "{name}");
    }
    let unheard_of = read(&json!({"status": "requires_patience"}));
    assert!(matches!(unheard_of, Err(Failure::Unknown(_))));
}

#[test]
fn a_means_of_payment_that_was_refused_says_why_in_the_banks_words() {
    for (error, code) in [
        (
            json!({"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}),
            "lost_card",
        ),
        (
            json!({"type": "card_error", "code": "expired_card"}),
            "expired_card",
        ),
        (json!({"type": "api_error"}), "card_declined"),
    ] {
        let declined = IntentStatus::Declined { code: code.into() };
        assert_eq!(status(&json!({"last_payment_error": error})), declined);
        // Of an earlier try; another one goes on.
        let later = json!({"last_payment_error": error, "status": "requires_capture"});
        assert_eq!(status(&later), IntentStatus::Held);
    }
}

#[test]
fn what_is_held_says_until_when() {
    let charge = |capture_before: &Value| {
        let card = json!({"capture_before": capture_before});
        json!({"id": "ch_1", "payment_method_details": {"type": "card", "card": card}})
    };
    let until = |status: &str, charge: Value| {
        let intent = read(&json!({
            "status": status, "amount_capturable": 1099, "latest_charge": charge,
        }));
        let intent = intent.unwrap();
        assert_eq!(intent.held, 1099);
        intent.capture_before.map(|time| time.timestamp())
    };
    let end = json!(1_700_604_800);
    assert_eq!(until("requires_capture", charge(&end)), Some(1_700_604_800));
    assert_eq!(until("requires_capture", charge(&Value::Null)), None);
    assert_eq!(until("requires_capture", json!("ch_1")), None);
    assert_eq!(
        until(
            "requires_capture",
            json!({"payment_method_details": {"type": "link"}})
        ),
        None
    );
    assert_eq!(until("succeeded", charge(&end)), None);
}

#[test]
fn amounts_are_minor_units_whatever_stripe_counts() {
    let intent = read(&json!({"currency": "isk", "amount": 500, "amount_received": 300})).unwrap();
    assert_eq!((intent.amount, intent.captured), (5, 3));
    assert_eq!(intent.currency.code(), "ISK");
    assert_eq!(intent.payment_id, Some(Uuid::from_u128(7)));
    let half = read(&json!({"currency": "isk", "amount": 550}));
    assert!(matches!(half, Err(Failure::Unknown(_))));
}

#[test]
fn what_is_listed_was_given_back_of_what_was_taken() {
    let listed = |changes: Value| {
        let mut intent = json!({
            "id": "pi_1", "status": "succeeded", "amount": 1000, "amount_received": 600,
            "currency": "eur", "created": 1_700_000_000,
            "latest_charge": {"amount_refunded": 200},
        });
        for (name, value) in changes.as_object().unwrap() {
            intent[name] = value.clone();
        }
        let intent: PaymentIntent = serde_json::from_value(intent).unwrap();
        intent.listed().unwrap().map(|listed| listed.refunded)
    };
    assert_eq!(listed(json!({})), Some(200));
    // The hold was given back, and no money.
    let lapsed = json!({
        "status": "canceled", "amount_received": 0, "latest_charge": {"amount_refunded": 1000},
    });
    assert_eq!(listed(lapsed), Some(0));
    // Somebody else's on the same account.
    assert_eq!(listed(json!({"currency": "irr"})), None);
}
