//! Payments in front of a Stripe of one test's own.

use std::ops::Deref;
use std::sync::Mutex;
use std::time::Duration;

use contracts::google::api::HttpBody;
use contracts::google::r#type::Money;
use contracts::tradewind::payments::v1::{
    AuthorizePaymentRequest, Payment, ReceiveProviderEventRequest, Refund,
};
use net::random::Random;
use runtime::seal::EncryptionKey;
use store::testing::{Common, TestDatabase, eventually};
use svc_payments::{Config, NAME, ProviderName, StripeConfig};
use tonic::{Request, Status};
use uuid::Uuid;

use super::double::{KEY, Stripe, Told, WEBHOOK_SECRET};
use crate::till::{ADA, Client, Till, gbp, minor};

/// Where buyers come back to.
pub(crate) const BACK: &str = "https://shop.example/orders";

/// Makes that Stripe the provider.
pub(crate) fn works_with(stripe: &Stripe, config: &mut Config) {
    config.payments_provider = ProviderName::Stripe;
    config.stripe = StripeConfig {
        stripe_secret_key: Some(KEY.into()),
        stripe_webhook_secret: Some(WEBHOOK_SECRET.into()),
        stripe_url: stripe.url(),
        ..StripeConfig::default()
    };
}

/// Payments, and their Stripe.
pub(crate) struct Shop {
    till: Till,
    pub(crate) stripe: Stripe,
    /// The newest order.
    order: Mutex<Uuid>,
}

impl Deref for Shop {
    type Target = Till;

    fn deref(&self) -> &Self::Target {
        &self.till
    }
}

impl Shop {
    pub(crate) async fn open(database: &TestDatabase) -> Self {
        Self::open_as(database, |_| {}).await
    }

    pub(crate) async fn open_as(
        database: &TestDatabase,
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let (common, hands) = Common::still();
        let stripe = Stripe::start(&common.clock).await;
        let key = EncryptionKey::generate(NAME, &Random::system());
        let mut config = Config::sandbox(database.config(), &key);
        works_with(&stripe, &mut config);
        configure(&mut config);
        Self {
            till: Till::with(database, common, hands, config).await,
            stripe,
            order: Mutex::default(),
        }
    }

    fn order(&self) -> Uuid {
        *self.order.lock().unwrap()
    }

    fn new_order(&self) -> Uuid {
        let order = self.new_id();
        *self.order.lock().unwrap() = order;
        order
    }

    /// Asks for a hold of 10.00 GBP by this means of payment, for a new order.
    pub(crate) async fn authorize(&self, means: &str) -> Result<Payment, Status> {
        self.authorize_amount(means, gbp(1000)).await
    }

    pub(crate) async fn authorize_amount(
        &self,
        means: &str,
        amount: Option<Money>,
    ) -> Result<Payment, Status> {
        self.authorize_for(self.new_order(), means, amount).await
    }

    /// The same for a buyer who does not come back.
    pub(crate) async fn authorize_without_return(&self, means: &str) -> Result<Payment, Status> {
        let request = AuthorizePaymentRequest {
            order_id: self.new_order().to_string(),
            user_id: ADA.to_string(),
            amount: gbp(1000),
            payment_token: means.to_owned(),
            return_url: String::new(),
        };
        let reply = self.orders().authorize_payment(request).await?;
        Ok(reply.into_inner().payment.expect("a reply has its payment"))
    }

    /// Takes money for a shipment of the newest order.
    pub(crate) async fn dispatch(&self, minor: i64) -> Result<Payment, Status> {
        self.capture(self.order(), self.new_id(), minor).await
    }

    /// Says the last word on the newest order.
    pub(crate) async fn end(&self, minor: i64) {
        let settled = self.settle(self.order(), minor).await;
        settled.expect("it is settled");
    }

    pub(crate) async fn give_back(&self, payment: &Payment, minor: i64) -> Result<Refund, Status> {
        self.refund(&payment.payment_id, self.new_id(), minor).await
    }

    pub(crate) async fn now(&self, payment: &Payment) -> Payment {
        self.get(&payment.payment_id).await
    }

    /// The payment once it has moved so much: captured, refunded, disputed. Meanwhile time goes by.
    pub(crate) async fn once_moved(&self, payment: &Payment, expected: [i64; 3]) {
        let what = format!("captured, refunded and disputed: {expected:?}");
        let has_moved = async || moved(&self.now(payment).await) == expected;
        self.once(&what, has_moved).await;
    }

    /// Waits until something holds; meanwhile time goes by.
    pub(crate) async fn once(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        eventually(what, async || {
            self.hands.advance(Duration::from_secs(60));
            holds().await
        })
        .await;
    }

    /// Sends an event as Stripe does.
    pub(crate) async fn tell(&self, told: &Told) -> Result<(), Status> {
        let mut request = Request::new(ReceiveProviderEventRequest {
            provider: "stripe".to_owned(),
            body: Some(HttpBody {
                content_type: "application/json".to_owned(),
                data: told.body.clone().into_bytes(),
                ..HttpBody::default()
            }),
        });
        let signature = told.signature.parse().expect("it fits a header");
        request.metadata_mut().insert("stripe-signature", signature);
        let mut anybody = Client::new(self.anybody());
        anybody.receive_provider_event(request).await.map(|_| ())
    }

    /// Sends all that happened.
    pub(crate) async fn tell_all(&self) {
        for told in self.stripe.events() {
            self.tell(&told).await.expect("it is taken");
        }
    }
}

/// Captured, refunded, disputed.
pub(crate) fn moved(payment: &Payment) -> [i64; 3] {
    [&payment.captured, &payment.refunded, &payment.disputed].map(minor)
}
