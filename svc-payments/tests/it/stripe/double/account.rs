//! How an account of Stripe's behaves: what it is asked to do, and what happens to it besides.

use serde_json::{Value, json};

use super::Asked;
use super::form::Form;
use super::objects::{Dispute, Intent, Refund};
use super::refusal::Refusal;

/// Whether the account does not take this, or what came of it.
type Outcome = Result<Value, Refusal>;

#[derive(Default)]
pub(crate) struct Account {
    pub(crate) intents: Vec<Intent>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) disputes: Vec<Dispute>,
    pub(super) now: i64,
    events: Vec<Value>,
    made: u32,
}

impl Account {
    pub(super) fn serve(&mut self, asked: &Asked) -> Outcome {
        let path: Vec<_> = asked.path.trim_start_matches("/v1/").split('/').collect();
        let (form, query) = (Form::read(&asked.body), Form::read(&asked.query));
        match (asked.method.as_str(), &*path) {
            ("POST", ["payment_intents"]) => self.create(&form),
            ("POST", ["payment_intents", id, step]) => self.step(id, step, &form),
            ("POST", ["refunds"]) => self.refund(&form),
            ("GET", ["payment_intents", id]) => {
                let expands = query.expands("latest_charge");
                Ok(self.intent(id)?.json(expands))
            }
            ("GET", ["refunds", id]) => {
                let refund = self.refunds.iter().find(|one| one.id == *id);
                Ok(refund.ok_or_else(|| Refusal::missing("refund", id))?.json())
            }
            ("GET", [list @ ("payment_intents" | "refunds" | "disputes")]) => {
                self.list(list, &query)
            }
            _ => Err(Refusal::missing("path", &asked.path)),
        }
    }

    /// What happened since it was asked for last.
    pub(super) fn events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    /// The newest intent.
    pub(crate) fn last(&mut self) -> &mut Intent {
        self.intents.last_mut().expect("there is an intent")
    }

    /// The buyer does what is required, or does not succeed.
    pub(crate) fn act(&mut self, approved: bool) {
        let intent = self.last();
        assert_eq!(intent.status, "requires_action");
        if approved {
            intent.status = "requires_capture";
            return self.happened("payment_intent.amount_capturable_updated");
        }
        intent.status = "requires_payment_method";
        intent.error = Some(json!({
            "type": "invalid_request_error",
            "code": "payment_intent_authentication_failure",
            "message": "The provided PaymentMethod has failed authentication.",
        }));
        self.happened("payment_intent.payment_failed");
    }

    /// The hold ends by itself.
    pub(crate) fn lapse(&mut self) {
        let now = self.now;
        let intent = self.last();
        assert_eq!(intent.status, "requires_capture");
        intent.status = "canceled";
        intent.canceled = Some((now, "expired"));
        self.happened("payment_intent.canceled");
    }

    /// What was on its way arrives, or comes back.
    pub(crate) fn finish_refund(&mut self, status: &'static str) {
        let refund = self.refunds.last_mut().expect("there is a refund");
        refund.status = status;
        let refund = refund.clone();
        if status == "failed" {
            self.last().refunded -= refund.amount;
        }
        self.tell("refund.updated", &refund.json());
    }

    /// People give money back at Stripe's pages.
    pub(crate) fn refund_by_hand(&mut self, amount: i64) {
        let intent = self.last().id.clone();
        let refunded = self.refund(&Form::read(&format!(
            "payment_intent={intent}&amount={amount}"
        )));
        refunded.expect("there is so much");
    }

    /// Something else that the account is used for makes as many intents.
    pub(crate) fn others(&mut self, count: usize) {
        for _ in 0..count {
            let made = self.create(&Form::read("amount=500&currency=usd&capture_method=manual"));
            made.expect("it is made");
        }
    }

    /// The buyer goes to the bank.
    pub(crate) fn dispute(&mut self) {
        let now = self.now;
        let id = self.new_id("dp");
        let intent = self.last();
        intent.is_disputed = true;
        let dispute = Dispute {
            id,
            intent: intent.id.clone(),
            amount: intent.captured - intent.refunded,
            status: "needs_response",
            currency: intent.currency.clone(),
            created: now,
        };
        self.tell("charge.dispute.created", &dispute.json());
        self.disputes.push(dispute);
    }

    /// The bank decides.
    pub(crate) fn close_dispute(&mut self, status: &'static str) {
        let dispute = self.disputes.last_mut().expect("there is a dispute");
        dispute.status = status;
        let dispute = dispute.json();
        self.tell("charge.dispute.closed", &dispute);
    }

    fn create(&mut self, form: &Form) -> Outcome {
        let id = self.new_id("pi");
        let amount = form.number("amount")?.unwrap_or_default();
        let currency = form.needed("currency")?;
        let step = match currency {
            "isk" | "ugx" => 100,
            "bhd" | "jod" | "kwd" | "omr" | "tnd" => 10,
            _ => 1,
        };
        if amount <= 0 || amount % step != 0 || form.get("capture_method") != Some("manual") {
            return Err(Refusal::invalid(
                "parameter_invalid_integer",
                "Invalid amount.",
            ));
        }
        let intent = Intent {
            id,
            status: "requires_payment_method",
            amount,
            currency: currency.to_owned(),
            captured: 0,
            refunded: 0,
            metadata: form.metadata(),
            created: self.now,
            means: None,
            return_url: None,
            error: None,
            canceled: None,
            is_disputed: false,
        };
        let json = intent.json(false);
        self.intents.push(intent);
        self.tell("payment_intent.created", &json);
        Ok(json)
    }

    fn step(&mut self, id: &str, step: &str, form: &Form) -> Outcome {
        let now = self.now;
        let intent = self.intent(id)?;
        let status = intent.status;
        let refused = |intent: &Intent| Err(Refusal::of_the_state(status).with(intent.json(false)));
        match (step, status) {
            ("confirm", "requires_payment_method" | "requires_confirmation") => {
                let means = match form.get("confirmation_token") {
                    // It stands for a card that is taken.
                    Some(_) => "pm_card_visa",
                    None => form.needed("payment_method")?,
                };
                intent.return_url = form.get("return_url").map(str::to_owned);
                self.confirm(id, means)?;
            }
            ("capture", "requires_capture") => {
                let amount = form.number("amount_to_capture")?.unwrap_or(intent.amount);
                if !(1..=intent.amount).contains(&amount) {
                    let message = "The amount is above what can be captured.";
                    return Err(Refusal::invalid("amount_too_large", message));
                }
                intent.status = "succeeded";
                intent.captured = amount;
                self.tell_of(id, "payment_intent.succeeded");
            }
            ("cancel", "canceled" | "succeeded" | "processing") => return refused(intent),
            ("cancel", _) => {
                intent.status = "canceled";
                intent.canceled = Some((now, ""));
                self.tell_of(id, "payment_intent.canceled");
            }
            _ => return refused(intent),
        }
        let expands = form.expands("latest_charge");
        Ok(self.intent(id)?.json(expands))
    }

    /// docs.stripe.com/testing
    fn confirm(&mut self, id: &str, means: &str) -> Result<(), Refusal> {
        let declined = |code: &str, decline_code: &str| {
            Some(json!({
                "type": "card_error",
                "code": code,
                "decline_code": decline_code,
                "doc_url": format!("https://stripe.com/docs/error-codes/{code}"),
                "message": "Your card was declined.",
            }))
        };
        let (status, error, event) = match means {
            "pm_card_visa" | "pm_card_createDispute" | "pm_card_pendingRefund" => {
                let event = "payment_intent.amount_capturable_updated";
                ("requires_capture", None, event)
            }
            "pm_card_threeDSecure2Required" => {
                ("requires_action", None, "payment_intent.requires_action")
            }
            _ => {
                let error = match means {
                    "pm_card_visa_chargeDeclined" => declined("card_declined", "generic_decline"),
                    "pm_card_visa_chargeDeclinedInsufficientFunds" => {
                        declined("card_declined", "insufficient_funds")
                    }
                    "pm_card_visa_chargeDeclinedLostCard" => declined("card_declined", "lost_card"),
                    _ => return Err(Refusal::missing_named("payment_method", means)),
                };
                (
                    "requires_payment_method",
                    error,
                    "payment_intent.payment_failed",
                )
            }
        };
        let intent = self.intent(id)?;
        intent.means = Some(means.to_owned());
        intent.status = status;
        intent.error = error;
        let refused = intent.error.as_ref().map(Refusal::of_the_card);
        let refused = refused.map(|refusal| refusal.with(intent.json(false)));
        self.tell_of(id, event);
        refused.map_or(Ok(()), Err)
    }

    fn refund(&mut self, form: &Form) -> Outcome {
        let (now, new_id) = (self.now, self.new_id("re"));
        let intent = form.needed("payment_intent")?;
        let intent = self.intents.iter_mut().find(|one| one.id == intent);
        let intent = intent.ok_or_else(|| Refusal::missing_named("payment_intent", "?"))?;
        let left = intent.captured - intent.refunded;
        let amount = form.number("amount")?.unwrap_or(left);
        if left == 0 {
            return Err(Refusal::invalid(
                "charge_already_refunded",
                "It is refunded.",
            ));
        }
        if !(1..=left).contains(&amount) {
            let message = "Refund amount is greater than unrefunded amount on charge";
            return Err(Refusal::invalid("amount_too_large", message));
        }
        intent.refunded += amount;
        let is_pending = intent.means.as_deref() == Some("pm_card_pendingRefund");
        let refund = Refund {
            id: new_id,
            intent: intent.id.clone(),
            amount,
            status: if is_pending { "pending" } else { "succeeded" },
            currency: intent.currency.clone(),
            metadata: form.metadata(),
            created: now,
        };
        let json = refund.json();
        self.refunds.push(refund);
        self.tell("refund.created", &json);
        Ok(json)
    }

    /// docs.stripe.com/api/pagination: the newest first.
    fn list(&self, list: &str, query: &Form) -> Outcome {
        let of = query.get("payment_intent");
        let is_of = |intent: &str| of.is_none_or(|of| of == intent);
        let expands = query.expands("data.latest_charge");
        let all: Vec<Value> = match list {
            "payment_intents" => self.intents.iter().map(|one| one.json(expands)).collect(),
            "refunds" => {
                let refunds = self.refunds.iter().filter(|one| is_of(&one.intent));
                refunds.map(Refund::json).collect()
            }
            _ => {
                let disputes = self.disputes.iter().filter(|one| is_of(&one.intent));
                disputes.map(Dispute::json).collect()
            }
        };
        let after = query.number("created[gt]")?.unwrap_or(i64::MIN);
        let mut all: Vec<_> = all.into_iter().rev().collect();
        all.retain(|one| one["created"].as_i64() > Some(after));
        if let Some(id) = query.get("starting_after") {
            let place = all.iter().position(|one| one["id"] == id);
            let place = place.ok_or_else(|| Refusal::missing_named(list, id))?;
            all.drain(..=place);
        }
        let limit = usize::try_from(query.number("limit")?.unwrap_or(10)).unwrap();
        let has_more = all.len() > limit;
        all.truncate(limit);
        Ok(
            json!({"object": "list", "url": format!("/v1/{list}"), "has_more": has_more, "data": all}),
        )
    }

    fn intent(&mut self, id: &str) -> Result<&mut Intent, Refusal> {
        let found = self.intents.iter_mut().find(|one| one.id == id);
        found.ok_or_else(|| Refusal::missing("payment_intent", id))
    }

    fn new_id(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}_3MtwBwLkdIwHu7ix{:08}", self.made)
    }

    fn happened(&mut self, kind: &str) {
        let id = self.last().id.clone();
        self.tell_of(&id, kind);
    }

    fn tell_of(&mut self, intent: &str, kind: &str) {
        let intent = self.intents.iter().find(|one| one.id == intent);
        let intent = intent.expect("it is there").json(false);
        self.tell(kind, &intent);
    }

    fn tell(&mut self, kind: &str, object: &Value) {
        let id = self.new_id("evt");
        self.events.push(json!({
            "id": id,
            "object": "event",
            "api_version": "2026-08-26.dahlia",
            "created": self.now,
            "data": {"object": object},
            "livemode": false,
            "pending_webhooks": 1,
            "request": {"id": null, "idempotency_key": null},
            "type": kind,
        }));
    }
}
