//! svc-notify for one test, on a database and a clock of its own.

use std::ops::Deref;
use std::time::Duration;

use bus::Delivery as Published;
use contracts::tradewind::notify::v1::webhooks_service_client::WebhooksServiceClient;
use contracts::tradewind::notify::v1::{
    CreateWebhookRequest, Delivery, DeliveryState, GetDeliveryRequest, GetWebhookRequest,
    ListDeliveriesRequest, Webhook,
};
use contracts::tradewind::shipping::v1::ShipmentDelivered;
use net::clock::ManualClock;
use net::random::Random;
use runtime::seal::EncryptionKey;
use runtime::testbed::Bearer;
use store::testing::{self, Common, TestDatabase, eventually};
use svc_notify::{Config, Crash, NAME, Ports};
use tonic::Status;
use uuid::Uuid;

pub(crate) type Client = WebhooksServiceClient<Bearer>;

/// What is told most in tests.
pub(crate) const DELIVERED: &str = "shipping.v1.ShipmentDelivered";

/// svc-notify, and those who call it.
pub(crate) struct Bed {
    bed: testing::Bed<Config>,
    common: Common,
    /// Of its clock, which stands still otherwise.
    pub(crate) hands: ManualClock,
}

impl Deref for Bed {
    type Target = testing::Bed<Config>;

    fn deref(&self) -> &Self::Target {
        &self.bed
    }
}

/// As in development: to servers of loopback, at any port, without TLS.
pub(crate) fn config(database: &TestDatabase) -> Config {
    let key = EncryptionKey::generate(NAME, &Random::system());
    let mut config = Config::new(database.config(), &key);
    config.webhooks.webhook_allow_http = true;
    config.webhooks.webhook_allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    config.webhooks.webhook_ports = Ports::Any;
    config
}

impl Bed {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        Self::with(database, config(database)).await
    }

    /// One that waits for nobody for long.
    pub(crate) async fn hasty(database: &TestDatabase) -> Self {
        let mut config = config(database);
        config.webhooks.webhook_timeout = Duration::from_millis(200);
        Self::with(database, config).await
    }

    pub(crate) async fn with(database: &TestDatabase, config: Config) -> Self {
        let (common, hands) = Common::still();
        Self::at(database, common, hands, config).await
    }

    async fn at(
        database: &TestDatabase,
        common: Common,
        hands: ManualClock,
        config: Config,
    ) -> Self {
        let tables = database.tables(|| store::migrations!());
        let mesh = common.testbed();
        let bed = testing::Bed::start(mesh, NAME, tables, config, svc_notify::build).await;
        Self {
            bed: bed.unwrap(),
            common,
            hands,
        }
    }

    /// The next process on the same database, at the same time, which does not crash.
    pub(crate) async fn again(self, database: &TestDatabase) -> Self {
        let config = Config {
            crash: Crash::default(),
            ..self.config.clone()
        };
        self.restarted(database, config).await
    }

    /// The next process with another configuration.
    pub(crate) async fn restarted(self, database: &TestDatabase, config: Config) -> Self {
        let Self { bed, common, hands } = self;
        bed.stop().await;
        Self::at(database, common, hands, config).await
    }

    /// Another process beside this one.
    pub(crate) async fn replica(&self, database: &TestDatabase) -> Self {
        let (common, hands) = (self.common.clone(), self.hands.clone());
        Self::at(database, common, hands, self.config.clone()).await
    }

    /// Ends the process in order.
    pub(crate) async fn stop(self) {
        self.bed.stop().await;
    }

    pub(crate) fn admin(&self) -> Client {
        WebhooksServiceClient::new(self.as_user(Uuid::from_u128(7), &["user", "admin"]))
    }

    /// A webhook to this URL, and its secret.
    pub(crate) async fn create(
        &self,
        url: &str,
        event_types: &[&str],
    ) -> Result<(Webhook, String), Status> {
        let webhook = Webhook {
            url: url.into(),
            event_types: event_types.iter().map(|&one| one.to_owned()).collect(),
            description: "for a test".into(),
            ..Webhook::default()
        };
        let request = CreateWebhookRequest {
            webhook: Some(webhook),
        };
        let reply = self.admin().create_webhook(request).await?.into_inner();
        Ok((reply.webhook.unwrap(), reply.secret))
    }

    /// The id of a webhook to this URL for all that arrives.
    pub(crate) async fn listen(&self, url: &str) -> String {
        self.create(url, &[DELIVERED]).await.unwrap().0.webhook_id
    }

    pub(crate) async fn webhook(&self, id: &str) -> Webhook {
        let request = GetWebhookRequest {
            webhook_id: id.into(),
        };
        let reply = self.admin().get_webhook(request).await.unwrap();
        reply.into_inner().webhook.unwrap()
    }

    /// A shipment arrives. Returns the event's id.
    pub(crate) async fn arrival(&self) -> Uuid {
        let shipment = self.new_id().to_string();
        let message = ShipmentDelivered {
            shipment_id: shipment.clone(),
            order_id: self.new_id().to_string(),
            version: 3,
        };
        let event = self.event(DELIVERED, &shipment, &message);
        assert_eq!(self.publish(&event).await, Published::Settled);
        event.id
    }

    /// What was sent to a webhook and is to be, the newest first.
    pub(crate) async fn deliveries(&self, webhook: &str) -> Vec<Delivery> {
        let request = ListDeliveriesRequest {
            webhook_id: webhook.into(),
            ..ListDeliveriesRequest::default()
        };
        let reply = self.admin().list_deliveries(request).await.unwrap();
        reply.into_inner().deliveries
    }

    /// The one delivery to a webhook, with what came of it.
    pub(crate) async fn delivery(&self, webhook: &str) -> Delivery {
        let mut all = self.deliveries(webhook).await;
        assert_eq!(all.len(), 1, "{all:?}");
        let request = GetDeliveryRequest {
            webhook_id: webhook.into(),
            delivery_id: all.remove(0).delivery_id,
        };
        let reply = self.admin().get_delivery(request).await.unwrap();
        reply.into_inner().delivery.unwrap()
    }

    /// Waits until the one delivery stands there.
    pub(crate) async fn reaches(&self, webhook: &str, state: DeliveryState) -> Delivery {
        let what = format!("the delivery is {state:?}");
        eventually(&what, async || {
            self.delivery(webhook).await.state() == state
        })
        .await;
        self.delivery(webhook).await
    }

    /// Waits until so much came of the one delivery.
    pub(crate) async fn attempted(&self, webhook: &str, times: usize) -> Delivery {
        let what = format!("{times} attempts");
        eventually(&what, async || {
            self.delivery(webhook).await.attempts.len() == times
        })
        .await;
        self.delivery(webhook).await
    }

    /// For how many seconds the delivery waits from now on.
    pub(crate) fn pause(&self, delivery: &Delivery) -> i64 {
        let next = delivery.next_attempt_time.as_ref().unwrap().seconds;
        next - self.node.clock.now().timestamp()
    }
}
