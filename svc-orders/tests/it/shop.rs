//! svc-orders as buyers see it: served on a port, with its own database.

use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use bus::Delivery;
use contracts::tradewind::orders::v1::orders_service_client::OrdersServiceClient;
use contracts::tradewind::orders::v1::{
    Address, CancelOrderRequest, CreateOrderItem, CreateOrderRequest, GetOrderRequest,
    ListOrderEventsRequest, ListOrderEventsResponse, ListOrdersRequest, ListOrdersResponse, Order,
    OrderEvent, OrderState, WatchOrderRequest,
};
use contracts::tradewind::shipping::v1::{ShipmentDelivered, ShipmentDispatched};
use contracts::tradewind::users::v1::UserState;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use net::address::Address as MeshAddress;
use prost::Message;
use runtime::email_verification::EmailVerification;
use runtime::testbed::Bearer;
use store::testing::{self, Common, TestDatabase, eventually, keyed};
use svc_orders::audit::AuditKey;
use svc_orders::{Config, Payments, Terms};
use tonic::{Request, Status};
use uuid::Uuid;

use crate::neighbours::Neighbours;

/// The shipment of each order.
pub(crate) const SHIPMENT: Uuid = Uuid::from_u128(0x5417);
/// Signs the histories of orders.
pub(crate) const AUDIT_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

/// One process of svc-orders.
pub(crate) struct Replica(testing::Bed<Config>);

/// svc-orders with a database and neighbours of its own.
pub(crate) struct Shop {
    pub(crate) neighbours: Neighbours,
    replica: Replica,
    address: SocketAddr,
    common: Common,
}

impl Deref for Shop {
    type Target = testing::Bed<Config>;

    fn deref(&self) -> &Self::Target {
        &self.replica.0
    }
}

impl Shop {
    /// Recovery leaves orders alone.
    pub(crate) async fn open(database: &TestDatabase) -> Shop {
        Shop::with(database, Duration::from_secs(600), EmailVerification::Off).await
    }

    /// Recovery takes orders up soon.
    pub(crate) async fn impatient(database: &TestDatabase) -> Shop {
        let lease = Duration::from_millis(300);
        Shop::with(database, lease, EmailVerification::Off).await
    }

    /// One where whoever orders has proved an e-mail address.
    pub(crate) async fn of_the_proved(database: &TestDatabase) -> Shop {
        let proved = EmailVerification::BeforeOrder;
        Shop::with(database, Duration::from_secs(600), proved).await
    }

    async fn with(database: &TestDatabase, lease: Duration, proved: EmailVerification) -> Shop {
        let neighbours = Neighbours::default();
        let address = neighbours.serve().await;
        let common = Common::new();
        let replica = Replica::start(database, address, &common, lease, proved).await;
        Shop {
            neighbours,
            replica,
            address,
            common,
        }
    }

    /// Another process beside the first.
    pub(crate) async fn replica(&self, database: &TestDatabase) -> Replica {
        let (lease, proved) = (self.config.recovery_lease, EmailVerification::Off);
        Replica::start(database, self.address, &self.common, lease, proved).await
    }

    /// Somebody with an active account.
    pub(crate) async fn buyer(&self) -> Buyer {
        self.user(&["user"])
    }

    pub(crate) async fn administrator(&self) -> Buyer {
        self.user(&["user", "admin"])
    }

    fn user(&self, roles: &'static [&'static str]) -> Buyer {
        let id = self.new_id();
        self.neighbours.account(id, UserState::Active);
        Buyer {
            id,
            roles,
            client: self.replica.client(id, roles),
        }
    }

    /// The order's shipment went to the carrier.
    pub(crate) async fn dispatched(&self, order: &str) -> Delivery {
        let message = ShipmentDispatched {
            order_id: order.to_owned(),
            shipment_id: SHIPMENT.to_string(),
            ..Default::default()
        };
        self.told("shipping.v1.ShipmentDispatched", &message).await
    }

    /// The order's shipment arrived.
    pub(crate) async fn delivered(&self, order: &str) -> Delivery {
        let message = ShipmentDelivered {
            order_id: order.to_owned(),
            ..Default::default()
        };
        self.told("shipping.v1.ShipmentDelivered", &message).await
    }

    /// svc-payments tells of the order's money.
    pub(crate) async fn paid<M: contracts::Event>(&self, message: &M) -> Delivery {
        self.told(M::SUBJECT, message).await
    }

    async fn told(&self, subject: &str, message: &impl Message) -> Delivery {
        let event = self.event(subject, "a shipment", message);
        self.publish(&event).await
    }
}

impl Replica {
    async fn start(
        database: &TestDatabase,
        neighbours: SocketAddr,
        common: &Common,
        lease: Duration,
        email_verification: EmailVerification,
    ) -> Replica {
        let mesh = common.testbed();
        for service in [
            "svc-users",
            "svc-catalog",
            "svc-inventory",
            "svc-shipping",
            "svc-payments",
        ] {
            mesh.mesh().set(service, MeshAddress::from(neighbours));
        }
        let tables = database.tables(|| store::migrations!());
        let config = Config {
            database: database.config(),
            cache: store::CacheConfig::default(),
            audit: AuditKey::given(AUDIT_KEY.into()),
            recovery_lease: lease,
            terms: Terms {
                payments: Payments::On,
                return_url_origins: Vec::new(),
                email_verification,
            },
        };
        let bed = testing::Bed::start(mesh, "svc-orders", tables, config, svc_orders::build);
        Replica(bed.await.unwrap())
    }

    /// What it tells by the metric of this name, with these among its labels.
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.0.metric(name, labels)
    }

    /// Ends the process in order.
    pub(crate) async fn stop(self) {
        self.0.stop().await;
    }

    fn client(&self, user: Uuid, roles: &[&str]) -> Client {
        OrdersServiceClient::new(self.0.as_user(user, roles))
    }
}

type Client = OrdersServiceClient<Bearer>;

/// Somebody who calls svc-orders.
#[derive(Clone)]
pub(crate) struct Buyer {
    pub(crate) id: Uuid,
    roles: &'static [&'static str],
    client: Client,
}

impl Buyer {
    /// The same, at another replica.
    pub(crate) fn at(&self, replica: &Replica) -> Buyer {
        Buyer {
            client: replica.client(self.id, self.roles),
            ..self.clone()
        }
    }

    pub(crate) async fn order(&self, items: &[(&str, i32)]) -> Result<Order, Status> {
        self.place(basket(items), None).await
    }

    pub(crate) async fn order_with_key(
        &self,
        key: &str,
        items: &[(&str, i32)],
    ) -> Result<Order, Status> {
        self.place(basket(items), Some(key)).await
    }

    pub(crate) async fn order_within(
        &self,
        deadline: Duration,
        items: &[(&str, i32)],
    ) -> Result<Order, Status> {
        let mut request = Request::new(basket(items));
        request.set_timeout(deadline);
        let reply = self.client.clone().create_order(request).await?;
        Ok(reply.into_inner().order.unwrap())
    }

    pub(crate) async fn place(
        &self,
        request: CreateOrderRequest,
        key: Option<&str>,
    ) -> Result<Order, Status> {
        let request = match key {
            Some(key) => keyed(request, key),
            None => Request::new(request),
        };
        let reply = self.client.clone().create_order(request).await?;
        Ok(reply.into_inner().order.unwrap())
    }

    /// With this token.
    pub(crate) async fn pay(&self, token: &str, items: &[(&str, i32)]) -> Result<Order, Status> {
        self.place(paid_with(token, items), None).await
    }

    pub(crate) async fn get(&self, order: &str) -> Result<Order, Status> {
        let request = GetOrderRequest {
            order_id: order.to_owned(),
        };
        Ok(self
            .client
            .clone()
            .get_order(request)
            .await?
            .into_inner()
            .order
            .unwrap())
    }

    pub(crate) async fn cancel(&self, order: &str) -> Result<Order, Status> {
        let reason = "changed my mind".to_owned();
        let request = CancelOrderRequest {
            order_id: order.to_owned(),
            reason,
        };
        Ok(self
            .client
            .clone()
            .cancel_order(request)
            .await?
            .into_inner()
            .order
            .unwrap())
    }

    /// Cancels it on a condition.
    pub(crate) async fn cancel_if(&self, order: &str, if_match: &str) -> Result<Order, Status> {
        let mut request = Request::new(CancelOrderRequest {
            order_id: order.to_owned(),
            reason: String::new(),
        });
        let value = if_match.parse().unwrap();
        request.metadata_mut().insert("if-match", value);
        let reply = self.client.clone().cancel_order(request).await?;
        Ok(reply.into_inner().order.unwrap())
    }

    pub(crate) async fn list(&self) -> Vec<Order> {
        self.list_by(ListOrdersRequest::default())
            .await
            .unwrap()
            .orders
    }

    pub(crate) async fn list_by(
        &self,
        request: ListOrdersRequest,
    ) -> Result<ListOrdersResponse, Status> {
        Ok(self.client.clone().list_orders(request).await?.into_inner())
    }

    pub(crate) async fn history(&self, order: &str) -> Vec<OrderEvent> {
        let request = ListOrderEventsRequest {
            order_id: order.to_owned(),
            ..Default::default()
        };
        self.list_events(request).await.unwrap().events
    }

    pub(crate) async fn list_events(
        &self,
        request: ListOrderEventsRequest,
    ) -> Result<ListOrderEventsResponse, Status> {
        Ok(self
            .client
            .clone()
            .list_order_events(request)
            .await?
            .into_inner())
    }

    pub(crate) async fn watch(
        &self,
        order: &str,
        after_sequence: i64,
    ) -> Result<BoxStream<'static, Result<OrderEvent, Status>>, Status> {
        let request = WatchOrderRequest {
            order_id: order.to_owned(),
            after_sequence,
        };
        let stream = self.client.clone().watch_order(request).await?.into_inner();
        Ok(stream.map(|reply| Ok(reply?.event.unwrap())).boxed())
    }

    /// Waits until the order is in the state, and returns it.
    pub(crate) async fn reaches(&self, order: &str, state: OrderState) -> Order {
        let what = format!("the order {order} is {}", state.as_str_name());
        eventually(&what, async || {
            self.get(order).await.unwrap().state() == state
        })
        .await;
        self.get(order).await.unwrap()
    }

    /// Waits until the order is promised or refused, and returns it.
    pub(crate) async fn ends(&self, order: &str) -> Order {
        eventually(
            &format!("the order {order} is confirmed or rejected"),
            async || {
                let state = self.get(order).await.unwrap().state();
                matches!(state, OrderState::Confirmed | OrderState::Rejected)
            },
        )
        .await;
        self.get(order).await.unwrap()
    }
}

/// An order for these SKUs and quantities.
pub(crate) fn basket(items: &[(&str, i32)]) -> CreateOrderRequest {
    let item = |(sku, quantity): &(&str, i32)| CreateOrderItem {
        sku: (*sku).to_owned(),
        quantity: *quantity,
    };
    CreateOrderRequest {
        items: items.iter().map(item).collect(),
        ship_to: Some(Address {
            name: "Ada Lovelace".to_owned(),
            lines: vec!["12 St James's Square".to_owned()],
            city: "London".to_owned(),
            postal_code: "SW1Y 4JH".to_owned(),
            country: "GB".to_owned(),
        }),
        payment_token: "tok_ok".to_owned(),
        ..CreateOrderRequest::default()
    }
}

/// The same, paid with this token.
pub(crate) fn paid_with(token: &str, items: &[(&str, i32)]) -> CreateOrderRequest {
    CreateOrderRequest {
        payment_token: token.to_owned(),
        ..basket(items)
    }
}
