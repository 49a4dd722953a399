//! svc-shipping as those who call it see it: served on a port, with its own database.

use std::ops::Deref;

use bus::Delivery;
use contracts::tradewind::orders::v1::{Address, OrderConfirmed, OrderItem};
use contracts::tradewind::shipping::v1::shipping_service_client::ShippingServiceClient;
use contracts::tradewind::shipping::v1::{
    CancelShipmentRequest, DeliverShipmentRequest, DispatchShipmentRequest, GetShipmentRequest,
    ListShipmentsRequest, ListShipmentsResponse, Shipment,
};
use runtime::testbed::Bearer;
use store::testing::{self, Common, TestDatabase};
use svc_shipping::Config;
use tonic::Status;
use uuid::Uuid;

type Client = ShippingServiceClient<Bearer>;

/// svc-shipping with a database of its own.
pub(crate) struct Warehouse(testing::Bed<Config>);

impl Deref for Warehouse {
    type Target = testing::Bed<Config>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Warehouse {
    pub(crate) async fn open(database: &TestDatabase) -> Warehouse {
        let (mesh, tables) = (
            Common::new().testbed(),
            database.tables(|| store::migrations!()),
        );
        let config = Config {
            database: database.config(),
        };
        let bed = testing::Bed::start(mesh, "svc-shipping", tables, config, svc_shipping::build);
        Warehouse(bed.await.unwrap())
    }

    /// A user who owns nothing yet.
    pub(crate) fn user(&self) -> Caller {
        self.caller(&["user"])
    }

    pub(crate) fn administrator(&self) -> Caller {
        self.caller(&["user", "admin"])
    }

    fn caller(&self, roles: &[&str]) -> Caller {
        let id = self.new_id();
        let client = Client::new(self.as_user(id, roles));
        Caller { id, client }
    }

    /// svc-orders asks for the cancellation of an order's shipment.
    pub(crate) async fn cancel(&self, order: Uuid) -> Result<(), Status> {
        let request = CancelShipmentRequest {
            order_id: order.to_string(),
        };
        let mut orders = Client::new(self.as_workload("svc-orders"));
        orders.cancel_shipment(request).await.map(drop)
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
        let event = self.event("orders.v1.OrderConfirmed", &order.to_string(), &message);
        self.publish(&event).await
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
    client: Client,
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
