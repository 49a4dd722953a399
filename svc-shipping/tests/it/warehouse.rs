//! svc-shipping as those who call it see it: served on a port, with its own database.

use bus::{Delivery, Event};
use contracts::tradewind::orders::v1::{Address, OrderConfirmed, OrderItem};
use contracts::tradewind::shipping::v1::shipping_service_client::ShippingServiceClient;
use contracts::tradewind::shipping::v1::{
    CancelShipmentRequest, DeliverShipmentRequest, DispatchShipmentRequest, GetShipmentRequest,
    ListShipmentsRequest, ListShipmentsResponse, Shipment,
};
use prost::Message as _;
use runtime::client::Channel;
use runtime::node::Node;
use runtime::testbed::{Testbed, Tokens};
use store::Database;
use store::testing::TestDatabase;
use tonic::Status;
use tonic::service::interceptor::InterceptedService;
use uuid::Uuid;

/// svc-shipping with a database of its own.
pub(crate) struct Warehouse {
    bed: Testbed,
    node: Node,
    database: Database,
}

impl Warehouse {
    pub(crate) async fn open(config: &TestDatabase) -> Warehouse {
        let mut bed = Testbed::new();
        let node = bed.node("svc-shipping").await;
        let own = svc_shipping::Config {
            database: config.config(),
        };
        let service = svc_shipping::build(own, &node).await.unwrap();
        bed.serve(&node, service).unwrap();
        bed.start().await;
        let database = config.open(store::migrations!()).await;
        Warehouse {
            bed,
            node,
            database,
        }
    }

    pub(crate) fn id(&self) -> Uuid {
        self.node.random.uuid7(&self.node.clock)
    }

    /// A user who owns nothing yet.
    pub(crate) fn user(&self) -> Caller {
        let id = self.id();
        let client = ShippingServiceClient::new(self.bed.as_user("svc-shipping", id, &["user"]));
        Caller { id, client }
    }

    pub(crate) fn administrator(&self) -> Caller {
        let (id, roles) = (self.id(), &["user", "admin"]);
        let client = ShippingServiceClient::new(self.bed.as_user("svc-shipping", id, roles));
        Caller { id, client }
    }

    /// svc-orders asks for the cancellation of an order's shipment.
    pub(crate) async fn cancel(&self, order: Uuid) -> Result<(), Status> {
        let channel = self.bed.as_workload("svc-shipping", "svc-orders");
        let request = CancelShipmentRequest {
            order_id: order.to_string(),
        };
        ShippingServiceClient::new(channel)
            .cancel_shipment(request)
            .await?;
        Ok(())
    }

    /// svc-orders tells that it confirmed the order, once more with each call.
    pub(crate) async fn confirmed(&self, order: Uuid, user: Uuid) -> Delivery {
        let message = OrderConfirmed {
            order_id: order.to_string(),
            version: 2,
            user_id: user.to_string(),
            items: vec![item("85123A", 6), item("a mug", 1)],
            ship_to: Some(Address {
                name: "Ada Lovelace".to_owned(),
                lines: vec!["12 St James's Square".to_owned()],
                city: "London".to_owned(),
                postal_code: String::new(),
                country: "GB".to_owned(),
            }),
        };
        self.publish(message.encode_to_vec()).await
    }

    pub(crate) async fn publish(&self, data: Vec<u8>) -> Delivery {
        let event = Event {
            id: self.id(),
            subject: "orders.v1.OrderConfirmed".to_owned(),
            source: "svc-orders".to_owned(),
            aggregate_id: "an order".to_owned(),
            version: 2,
            time: self.node.clock.now(),
            data: data.into(),
            trace: Vec::new(),
        };
        self.node.bus.publish(&event, 1).await.unwrap()
    }

    /// How many events of this subject the shipment has published.
    pub(crate) async fn events(&self, subject: &str, shipment: &str) -> i64 {
        let mut tx = self.database.read().await.unwrap();
        let sql = "SELECT count(*) FROM outbox WHERE subject = $1 AND aggregate_id = $2";
        store::fetch_one!(tx, (i64,), sql, subject, shipment)
            .unwrap()
            .0
    }
}

fn item(sku: &str, quantity: i32) -> OrderItem {
    let title = format!("The {sku}");
    OrderItem {
        sku: sku.to_owned(),
        title,
        quantity,
        ..OrderItem::default()
    }
}

/// Somebody who calls svc-shipping.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) id: Uuid,
    client: ShippingServiceClient<InterceptedService<Channel, Tokens>>,
}

impl Caller {
    pub(crate) async fn list(&self) -> Vec<Shipment> {
        self.list_by(ListShipmentsRequest::default())
            .await
            .unwrap()
            .shipments
    }

    pub(crate) async fn list_by(
        &self,
        request: ListShipmentsRequest,
    ) -> Result<ListShipmentsResponse, Status> {
        Ok(self
            .client
            .clone()
            .list_shipments(request)
            .await?
            .into_inner())
    }

    pub(crate) async fn get(&self, shipment: &str) -> Result<Shipment, Status> {
        let request = GetShipmentRequest {
            shipment_id: shipment.to_owned(),
        };
        Ok(self
            .client
            .clone()
            .get_shipment(request)
            .await?
            .into_inner()
            .shipment
            .unwrap())
    }

    pub(crate) async fn dispatch(
        &self,
        shipment: &str,
        tracking_number: &str,
    ) -> Result<Shipment, Status> {
        let request = DispatchShipmentRequest {
            shipment_id: shipment.to_owned(),
            carrier: "Royal Mail".to_owned(),
            tracking_number: tracking_number.to_owned(),
        };
        Ok(self
            .client
            .clone()
            .dispatch_shipment(request)
            .await?
            .into_inner()
            .shipment
            .unwrap())
    }

    pub(crate) async fn deliver(&self, shipment: &str) -> Result<Shipment, Status> {
        let request = DeliverShipmentRequest {
            shipment_id: shipment.to_owned(),
        };
        Ok(self
            .client
            .clone()
            .deliver_shipment(request)
            .await?
            .into_inner()
            .shipment
            .unwrap())
    }
}
