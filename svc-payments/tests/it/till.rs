//! Payments for one test, on a database and a clock of its own, with the sandbox.

use std::ops::Deref;
use std::time::Duration;

use contracts::google::r#type::Money;
use contracts::tradewind::payments::v1::payments_service_client::PaymentsServiceClient;
use contracts::tradewind::payments::v1::sandbox_service_client::SandboxServiceClient;
use contracts::tradewind::payments::v1::{
    AuthorizePaymentRequest, CapturePaymentRequest, FinishSandboxActionRequest,
    GetPaymentActionRequest, GetPaymentRequest, ListPaymentOperationsRequest, ListPaymentsRequest,
    Payment, PaymentAction, PaymentOperation, PaymentState, Refund, RefundPaymentRequest,
    SettlePaymentRequest, ShowSandboxActionRequest,
};
use net::StartError;
use net::clock::ManualClock;
use net::random::Random;
use runtime::seal::EncryptionKey;
use runtime::testbed::Bearer;
use store::testing::{self, Common, TestDatabase, eventually};
use svc_payments::{Config, Crash, NAME};
use tonic::{Request, Status};
use uuid::Uuid;

pub(crate) type Client = PaymentsServiceClient<Bearer>;

/// Whose orders they are.
pub(crate) const ADA: Uuid = Uuid::from_u128(0xada);

/// Payments, and those who call them.
pub(crate) struct Till {
    bed: testing::Bed<Config>,
    pub(crate) common: Common,
    /// Of its clock, which stands still otherwise.
    pub(crate) hands: ManualClock,
}

impl Deref for Till {
    type Target = testing::Bed<Config>;

    fn deref(&self) -> &Self::Target {
        &self.bed
    }
}

pub(crate) fn gbp(minor: i64) -> Option<Money> {
    Some(Money {
        currency_code: "GBP".into(),
        units: minor / 100,
        nanos: i32::try_from(minor % 100).expect("pence") * 10_000_000,
    })
}

/// Pence.
pub(crate) fn minor(money: &Option<Money>) -> i64 {
    let money = money.as_ref().expect("an amount");
    money.units * 100 + i64::from(money.nanos) / 10_000_000
}

impl Till {
    pub(crate) async fn open(database: &TestDatabase) -> Self {
        let key = EncryptionKey::generate(NAME, &Random::system());
        let (common, hands) = Common::still();
        let config = Config::sandbox(database.config(), &key);
        Self::with(database, common, hands, config).await
    }

    pub(crate) async fn with(
        database: &TestDatabase,
        common: Common,
        hands: ManualClock,
        config: Config,
    ) -> Self {
        let till = Self::try_with(database, common, hands, config).await;
        till.expect("payments are built")
    }

    async fn try_with(
        database: &TestDatabase,
        common: Common,
        hands: ManualClock,
        config: Config,
    ) -> Result<Self, StartError> {
        let tables = database.tables(|| store::migrations!());
        let mesh = common.testbed();
        let bed = testing::Bed::start(mesh, NAME, tables, config, svc_payments::build).await?;
        Ok(Self { bed, common, hands })
    }

    /// The next process on the same database, at the same time, which dies where this says so.
    pub(crate) async fn again(self, database: &TestDatabase, crash: Crash) -> Self {
        let Self { bed, common, hands } = self;
        let config = Config {
            crash,
            ..bed.config.clone()
        };
        bed.stop().await;
        Self::with(database, common, hands, config).await
    }

    /// Another process beside this one, on the same database.
    pub(crate) async fn replica(&self, database: &TestDatabase) -> Self {
        let replica = self.beside(database, |_| {}).await;
        replica.expect("payments are built")
    }

    /// The same with another configuration.
    pub(crate) async fn beside(
        &self,
        database: &TestDatabase,
        configure: impl FnOnce(&mut Config),
    ) -> Result<Self, StartError> {
        let (common, hands) = (self.common.clone(), self.hands.clone());
        let mut config = self.bed.config.clone();
        configure(&mut config);
        Self::try_with(database, common, hands, config).await
    }

    pub(crate) fn orders(&self) -> Client {
        PaymentsServiceClient::new(self.as_workload("svc-orders"))
    }

    pub(crate) fn admin(&self) -> Client {
        PaymentsServiceClient::new(self.as_user(Uuid::from_u128(7), &["user", "admin"]))
    }

    pub(crate) fn user(&self, id: Uuid) -> Client {
        PaymentsServiceClient::new(self.as_user(id, &["user"]))
    }

    pub(crate) async fn authorize(&self, order: Uuid, token: &str) -> Result<Payment, Status> {
        self.authorize_for(order, token, gbp(10_000)).await
    }

    pub(crate) async fn authorize_for(
        &self,
        order: Uuid,
        token: &str,
        amount: Option<Money>,
    ) -> Result<Payment, Status> {
        let request = AuthorizePaymentRequest {
            order_id: order.to_string(),
            user_id: ADA.to_string(),
            amount,
            payment_token: token.into(),
            return_url: "https://shop.example/orders".into(),
        };
        let mut request = Request::new(request);
        request.set_timeout(Duration::from_secs(10));
        let reply = self.orders().authorize_payment(request).await?.into_inner();
        Ok(reply.payment.expect("a reply has its payment"))
    }

    pub(crate) async fn capture(
        &self,
        order: Uuid,
        capture: Uuid,
        amount: i64,
    ) -> Result<Payment, Status> {
        let request = CapturePaymentRequest {
            order_id: order.to_string(),
            capture_id: capture.to_string(),
            amount: gbp(amount),
        };
        let reply = self.orders().capture_payment(request).await?.into_inner();
        Ok(reply.payment.expect("a reply has its payment"))
    }

    pub(crate) async fn settle(&self, order: Uuid, amount: i64) -> Result<Option<Payment>, Status> {
        let request = SettlePaymentRequest {
            order_id: order.to_string(),
            final_amount: gbp(amount),
            reason: "the order was cancelled".into(),
        };
        Ok(self
            .orders()
            .settle_payment(request)
            .await?
            .into_inner()
            .payment)
    }

    pub(crate) async fn refund(
        &self,
        payment: &str,
        refund: Uuid,
        amount: i64,
    ) -> Result<Refund, Status> {
        let request = RefundPaymentRequest {
            payment_id: payment.into(),
            refund_id: refund.to_string(),
            amount: gbp(amount),
            reason: "it came back".into(),
        };
        let reply = self.orders().refund_payment(request).await?.into_inner();
        Ok(reply.refund.expect("a reply has its refund"))
    }

    pub(crate) async fn get(&self, payment: &str) -> Payment {
        let request = GetPaymentRequest {
            payment_id: payment.into(),
        };
        let reply = self.admin().get_payment(request).await;
        let reply = reply.expect("an administrator sees it").into_inner();
        reply.payment.expect("a reply has its payment")
    }

    /// The payment of an order, if there is one.
    pub(crate) async fn of_order(&self, order: Uuid) -> Option<Payment> {
        let request = ListPaymentsRequest {
            order_id: order.to_string(),
            ..ListPaymentsRequest::default()
        };
        let reply = self.admin().list_payments(request).await;
        reply
            .expect("an administrator sees them")
            .into_inner()
            .payments
            .pop()
    }

    pub(crate) async fn operations(&self, payment: &str) -> Vec<PaymentOperation> {
        let request = ListPaymentOperationsRequest {
            payment_id: payment.into(),
            ..ListPaymentOperationsRequest::default()
        };
        let reply = self.admin().list_payment_operations(request).await;
        reply
            .expect("an administrator sees them")
            .into_inner()
            .operations
    }

    /// Waits until the payment stands there.
    pub(crate) async fn reaches(&self, payment: &str, state: PaymentState) -> Payment {
        let what = format!("{payment} is {state:?}");
        eventually(&what, async || self.get(payment).await.state() == state).await;
        self.get(payment).await
    }

    /// Waits as [`Till::reaches`], and lets time pass meanwhile.
    pub(crate) async fn comes_to(&self, payment: &str, state: PaymentState) -> Payment {
        let what = format!("{payment} comes to be {state:?}");
        eventually(&what, async || {
            self.hands.advance(Duration::from_secs(60));
            self.get(payment).await.state() == state
        })
        .await;
        self.get(payment).await
    }

    pub(crate) async fn action(&self, payment: &str) -> Result<PaymentAction, Status> {
        let request = GetPaymentActionRequest {
            payment_id: payment.into(),
        };
        let reply = self
            .user(ADA)
            .get_payment_action(request)
            .await?
            .into_inner();
        Ok(reply.action.expect("a reply has its action"))
    }

    /// The page of the buyer's bank.
    pub(crate) async fn show(&self, action: &str) -> Result<String, Status> {
        let mut bank = SandboxServiceClient::new(self.anybody());
        let request = ShowSandboxActionRequest {
            action_id: action.into(),
        };
        let reply = bank.show_sandbox_action(request).await?.into_inner();
        let page = reply.page.expect("a reply has its page");
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        Ok(String::from_utf8(page.data).expect("it is text"))
    }

    /// What the buyer does there.
    pub(crate) async fn finish(&self, action: &str, approved: bool) -> Result<String, Status> {
        let mut bank = SandboxServiceClient::new(self.anybody());
        let request = FinishSandboxActionRequest {
            action_id: action.into(),
            approved,
        };
        let reply = bank.finish_sandbox_action(request).await?.into_inner();
        let page = reply.page.expect("a reply has its page");
        Ok(String::from_utf8(page.data).expect("it is text"))
    }

    /// How many of these events the payment has published.
    pub(crate) async fn told(&self, payment: &str, event: &str) -> i64 {
        self.events(&format!("payments.v1.{event}"), payment).await
    }

    /// The state that the sandbox's objects of this payment have, by the status of each.
    pub(crate) async fn at_provider(&self, status: &str) -> i64 {
        self.count(&format!("sandbox_intents WHERE status = '{status}'"))
            .await
    }
}
