//! What the provider tells.

use aws_lc_rs::hmac;
use contracts::google::api::HttpBody;
use contracts::tradewind::payments::v1::payments_service_client::PaymentsServiceClient;
use contracts::tradewind::payments::v1::{PaymentState, ReceiveProviderEventRequest};
use runtime::seal::EncryptionKey;
use runtime::status::Reason;
use secrecy::ExposeSecret as _;
use store::testing::{eventually, fields, refused};
use svc_payments::NAME;
use tonic::{Request, Status};

use crate::till::{Till, minor};

impl Till {
    fn signed(&self, body: &str, away: i64) -> String {
        let key = self.config.payment_token_encryption_key.expose_secret();
        let key = EncryptionKey::from_base64(NAME, key)
            .unwrap()
            .derive("sandbox events");
        let time = self.node.clock.now().timestamp() + away;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let mac = hmac::sign(&key, format!("{time}.{body}").as_bytes());
        let hex: String = mac
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("t={time},v1={hex}")
    }

    /// How often the only payment was to be looked at.
    async fn hints(&self) -> i64 {
        let mut tx = self.read().await;
        let sql = "SELECT hints FROM payments";
        store::fetch_one!(tx, (i64,), sql).unwrap().0
    }

    async fn hear(&self, body: &str, signature: &str) -> Result<(), Status> {
        self.hear_of("sandbox", body, signature).await
    }

    async fn hear_of(&self, provider: &str, body: &str, signature: &str) -> Result<(), Status> {
        let mut request = Request::new(ReceiveProviderEventRequest {
            provider: provider.into(),
            body: Some(HttpBody {
                content_type: "application/json".into(),
                data: body.as_bytes().to_vec(),
                extensions: Vec::new(),
            }),
        });
        let signature = signature.parse().unwrap();
        request.metadata_mut().insert("stripe-signature", signature);
        let mut anybody = PaymentsServiceClient::new(self.anybody());
        anybody.receive_provider_event(request).await.map(|_| ())
    }
}

fn event(id: &str, payment: &str, object: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"payment_intent.changed","data":{{"object":{{"id":"{object}",
        "metadata":{{"payment_id":"{payment}"}}}}}}}}"#
    )
}

store::on_both! {
    async fn an_event_is_heard_if_its_signature_holds(database: TestDatabase) {
        let till = Till::open(&database).await;
        let body = event("evt_1", &till.new_id().to_string(), "pi_1");
        let good = till.signed(&body, 0);
        for wrong in [
            "".to_owned(),
            "t=1,v1=00".to_owned(),
            till.signed(&body, -301),
            till.signed(&body, 301),
            till.signed("{}", 0),
        ] {
            refused(till.hear(&body, &wrong).await, Reason::SignatureInvalid);
        }
        let nonsense = till.hear("{}", &till.signed("{}", 0)).await;
        assert_eq!(fields(&refused(nonsense, Reason::InvalidField)), ["body"]);
        refused(till.hear_of("stripe", &body, &good).await, Reason::ResourceNotFound);
        assert_eq!(till.count("provider_events").await, 0);
        // It fits no payment: that is written down, and nobody is bothered.
        for _ in 0..2 {
            till.hear(&body, &good).await.unwrap();
        }
        assert_eq!(till.count("provider_events WHERE payment_id IS NULL").await, 1);
        assert_eq!(till.metric("tradewind_payments_events_ignored_total", &[]), Some(1.0));
        let came = ["bad_signature", "malformed", "recorded", "repeated"].map(|outcome| {
            till.metric("tradewind_payment_provider_events_total", &[("outcome", outcome)])
        });
        assert_eq!(came, [5.0, 1.0, 1.0, 1.0].map(Some));
    }

    async fn an_event_is_of_the_payment_that_it_names_or_of_its_object(database: TestDatabase) {
        let till = Till::open(&database).await;
        let payment = till.authorize(till.new_id(), "tok_ok").await.unwrap().payment_id;
        eventually("the sandbox has told", async || {
            till.count("provider_events WHERE payment_id IS NOT NULL").await == 1
        }).await;
        let mut tx = till.read().await;
        let (object,) = store::fetch_one!(
            tx, (String,), "SELECT provider_ref FROM payments"
        ).unwrap();
        drop(tx);
        let nobody = till.new_id().to_string();
        for (number, body) in [
            event("evt_a", &payment, "pi_of_somebody_else"),
            event("evt_b", &nobody, &object),
        ].iter().enumerate() {
            till.hear(body, &till.signed(body, 0)).await.unwrap();
            let known = till.count("provider_events WHERE payment_id IS NOT NULL").await;
            assert_eq!(known, 2 + number as i64);
        }
    }

    async fn an_event_that_tells_what_is_known_is_no_reason_to_look(database: TestDatabase) {
        let till = Till::open(&database).await;
        let payment = till.authorize(till.new_id(), "tok_ok").await.unwrap();
        let (id, held) = (payment.payment_id, minor(&payment.authorized));
        eventually("the sandbox has told", async || {
            till.count("provider_events WHERE payment_id IS NOT NULL").await == 1
        }).await;
        let standing = |status: &str, held: i64| {
            format!(r#","standing":{{"status":"{status}","held":{held},"captured":0}}"#)
        };
        let mut hints = till.hints().await;
        for (number, (standing, is_hint)) in [
            (standing("HELD", held), false),
            (standing("HELD", held - 1), true),
            (standing("CANCELED", 0), true),
            (standing("of another time", held), true),
            (String::new(), true),
        ].iter().enumerate() {
            let body = event(&format!("evt_{number}"), &id, "pi_1");
            let body = body.replace(r#""id":"pi_1""#, &format!(r#""id":"pi_1"{standing}"#));
            till.hear(&body, &till.signed(&body, 0)).await.unwrap();
            hints += i64::from(*is_hint);
            assert_eq!(till.hints().await, hints, "{standing}");
        }
    }

    async fn an_event_that_is_told_thrice_is_heard_once(database: TestDatabase) {
        let till = Till::open(&database).await;
        let payment = till.authorize(till.new_id(), "tok_webhook_thrice").await.unwrap();
        eventually("it was told thrice", async || {
            till.count("sandbox_events WHERE times > 0").await == 0
        }).await;
        assert_eq!(till.count("provider_events").await, 1);
        till.reaches(&payment.payment_id, PaymentState::Authorized).await;
        assert_eq!(till.told(&payment.payment_id, "PaymentAuthorized").await, 1);
    }

    async fn a_lost_event_is_made_up_for_by_looking(database: TestDatabase) {
        let till = Till::open(&database).await;
        let payment = till.authorize(till.new_id(), "tok_action_then_ok").await.unwrap().payment_id;
        let url = till.action(&payment).await.unwrap().redirect_url;
        eventually("all is told", async || {
            till.count("sandbox_events WHERE times > 0").await == 0
        }).await;
        let mut tx = till.write().await;
        store::execute!(tx, "UPDATE sandbox_intents SET status = 'HELD', held = amount").unwrap();
        tx.commit().await.unwrap();
        assert!(!url.is_empty());
        till.comes_to(&payment, PaymentState::Authorized).await;
    }
}
