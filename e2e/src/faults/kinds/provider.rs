//! The payment provider: late, without an answer, with two, and lying.

use std::time::Duration;

use serde_json::json;

use crate::{
    faults::{
        fault::{Fault, Notice, nothing},
        shop::Purses,
        stage::Stage,
    },
    provider::{signature, tell},
};

/// Nothing goes as it should.
const TROUBLE: Purses = &[
    (30, "tok_timeout_then_ok"),
    (15, "tok_timeout_then_decline"),
    (15, "tok_500_once"),
    (15, "tok_slow"),
    (10, "tok_timeout_never"),
    (15, "tok_ok"),
];

/// All that is told is told early, or again.
const TALK: Purses = &[(50, "tok_webhook_first"), (50, "tok_webhook_thrice")];

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "the_provider_is_slow_and_loses_its_answers",
        notice: Notice::Failures,
        lasts: Duration::from_secs(10),
        inject: |stage| Box::pin(async { stage.shop.pay_with(Some(TROUBLE)) }),
        heal: |stage| Box::pin(async { stage.shop.pay_with(None) }),
    },
    Fault {
        name: "the_provider_answers_twice",
        notice: Notice::Failures,
        lasts: Duration::from_secs(6),
        inject: |stage| Box::pin(async { stage.shop.pay_with(Some(TALK)) }),
        heal: |stage| Box::pin(async { stage.shop.pay_with(None) }),
    },
    Fault {
        name: "the_provider_lies",
        notice: Notice::Failures,
        lasts: Duration::from_secs(2),
        inject: |stage| Box::pin(lie(stage)),
        heal: nothing,
    },
];

/// Tells of payments what is not so, signed and in any order, and of payments that are nobody's.
async fn lie(stage: &mut Stage) {
    let payments = "SELECT provider_ref, state FROM payments WHERE provider_ref IS NOT NULL \
         ORDER BY random() LIMIT 40";
    let payments = stage.mesh.databases.pairs("svc-payments", payments).await;
    let strangers = (0..5).map(|number| (format!("pi_of_nobody_{number}"), String::new()));
    for (number, (object, _)) in payments.into_iter().chain(strangers).enumerate() {
        let kinds = [
            "payment_intent.succeeded",
            "payment_intent.canceled",
            "payment_intent.payment_failed",
            "refund.created",
            "charge.dispute.created",
        ];
        let event = json!({
            "id": format!("evt_lie_{}_{number}", uuid::Uuid::now_v7().simple()),
            "type": kinds[stage.random.below(kinds.len())],
            "data": {"object": {
                "id": object, "payment_intent": object, "status": "succeeded",
                "amount": 1_000_000, "amount_received": 1_000_000,
            }},
        });
        let body = event.to_string();
        let signature = signature(&stage.mesh, &body);
        let reply = tell(&stage.mesh, &body, Some(&signature)).await;
        let reply = reply.expect("the edge answers");
        assert_eq!(reply.status, 200, "{}", reply.text);
        let unsigned = tell(&stage.mesh, &body, None).await;
        let unsigned = unsigned.expect("the edge answers");
        assert_eq!(unsigned.status, 400, "{}", unsigned.text);
    }
}
