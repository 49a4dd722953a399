//! Stripe's objects, as it writes them.

use aws_lc_rs::hmac;
use serde_json::{Map, Value, json};

use super::WEBHOOK_SECRET;

/// A PaymentIntent and its charge.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) status: &'static str,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(super) metadata: Map<String, Value>,
    pub(super) created: i64,
    pub(super) means: Option<String>,
    pub(super) return_url: Option<String>,
    pub(super) error: Option<Value>,
    /// How it ended, if it did without money.
    pub(super) canceled: Option<(i64, &'static str)>,
    pub(super) is_disputed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) intent: String,
    pub(crate) amount: i64,
    pub(crate) status: &'static str,
    pub(super) currency: String,
    pub(super) metadata: Map<String, Value>,
    pub(super) created: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) intent: String,
    pub(crate) amount: i64,
    pub(crate) status: &'static str,
    pub(super) currency: String,
    pub(super) created: i64,
}

/// An event as it is sent: what is signed, and the header that signs it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) body: String,
    pub(crate) signature: String,
}

impl Intent {
    pub(super) fn held(&self) -> i64 {
        match self.status {
            "requires_capture" => self.amount,
            _ => 0,
        }
    }

    pub(super) fn has_charge(&self) -> bool {
        self.held() > 0 || self.captured > 0
    }

    fn charge_id(&self) -> String {
        self.id.replace("pi_", "ch_")
    }

    pub(super) fn json(&self, expands_charge: bool) -> Value {
        let charge = match (self.has_charge(), expands_charge) {
            (false, _) => Value::Null,
            (true, true) => self.charge(),
            (true, false) => self.charge_id().into(),
        };
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": self.held(),
            "amount_details": {"tip": {}},
            "amount_received": self.captured,
            "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": null,
            "canceled_at": self.canceled.map(|(time, _)| time),
            "cancellation_reason": self.canceled.map(|(_, why)| why).filter(|why| !why.is_empty()),
            "capture_method": "manual",
            "client_secret": format!("{}_secret_{}", self.id, self.created),
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency,
            "customer": null,
            "description": null,
            "last_payment_error": self.error,
            "latest_charge": charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": self.next_action(),
            "on_behalf_of": null,
            "payment_method": self.means.as_ref().map(|_| self.id.replace("pi_", "pm_")),
            "payment_method_configuration_details": null,
            "payment_method_options": {
                "card": {"installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic"},
            },
            "payment_method_types": ["card"],
            "processing": null,
            "receipt_email": null,
            "review": null,
            "setup_future_usage": null,
            "shipping": null,
            "statement_descriptor": null,
            "statement_descriptor_suffix": null,
            "status": self.status,
            "transfer_data": null,
            "transfer_group": null,
        })
    }

    fn next_action(&self) -> Value {
        match (self.status, &self.return_url) {
            ("requires_action", Some(return_url)) => json!({
                "type": "redirect_to_url",
                "redirect_to_url": {
                    "return_url": return_url,
                    "url": format!("https://hooks.stripe.com/3d_secure_2/hosted?payment_intent={}", self.id),
                },
            }),
            ("requires_action", None) => json!({
                "type": "use_stripe_sdk",
                "use_stripe_sdk": {"type": "three_d_secure_redirect", "source": "src_1"},
            }),
            _ => Value::Null,
        }
    }

    fn charge(&self) -> Value {
        const A_WEEK: i64 = 7 * 24 * 60 * 60;
        let mut card = json!({
            "amount_authorized": self.amount,
            "brand": "visa",
            "checks": {"address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass"},
            "country": "US",
            "exp_month": 8,
            "exp_year": 2030,
            "fingerprint": "AOB934RVNwzk6xtn",
            "funding": "credit",
            "last4": "4242",
            "network": "visa",
            "three_d_secure": null,
            "wallet": null,
        });
        if self.held() > 0 {
            card["capture_before"] = (self.created + A_WEEK).into();
        }
        json!({
            "id": self.charge_id(),
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.captured,
            "amount_refunded": self.refunded,
            "balance_transaction": null,
            "billing_details": {"address": null, "email": null, "name": null, "phone": null, "tax_id": null},
            "captured": self.captured > 0,
            "created": self.created,
            "currency": self.currency,
            "disputed": self.is_disputed,
            "livemode": false,
            "metadata": self.metadata,
            "paid": true,
            "payment_intent": self.id,
            "payment_method": self.id.replace("pi_", "pm_"),
            "payment_method_details": {"card": card, "type": "card"},
            "refunded": self.captured > 0 && self.refunded == self.captured,
            "status": "succeeded",
        })
    }
}

impl Refund {
    pub(super) fn json(&self) -> Value {
        let mut refund = json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": null,
            "charge": self.intent.replace("pi_", "ch_"),
            "created": self.created,
            "currency": self.currency,
            "metadata": self.metadata,
            "payment_intent": self.intent,
            "reason": null,
            "receipt_number": null,
            "source_transfer_reversal": null,
            "status": self.status,
            "transfer_reversal": null,
        });
        if self.status == "failed" {
            refund["failure_reason"] = "expired_or_canceled_card".into();
        }
        refund
    }
}

impl Dispute {
    pub(super) fn json(&self) -> Value {
        const NINE_DAYS: i64 = 9 * 24 * 60 * 60;
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transactions": [],
            "charge": self.intent.replace("pi_", "ch_"),
            "created": self.created,
            "currency": self.currency,
            "enhanced_eligibility_types": [],
            "evidence": {"enhanced_evidence": {}},
            "evidence_details": {
                "due_by": self.created + NINE_DAYS,
                "enhanced_eligibility": {},
                "has_evidence": false,
                "past_due": false,
                "submission_count": 0,
            },
            "is_charge_refundable": false,
            "livemode": false,
            "metadata": {},
            "payment_intent": self.intent,
            "reason": "product_not_received",
            "status": self.status,
        })
    }
}

impl Told {
    /// docs.stripe.com/webhooks/signature
    pub(super) fn sign(event: &Value, now: i64) -> Self {
        let body = event.to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
        let signature = hmac::sign(&key, format!("{now}.{body}").as_bytes());
        let digits = signature.as_ref().iter().map(|byte| format!("{byte:02x}"));
        let digits: String = digits.collect();
        Self {
            body,
            signature: format!("t={now},v1={digits},v0={digits}"),
        }
    }
}
