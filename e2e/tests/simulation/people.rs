//! Those who want something of the shop: buyers, who ask again when they hear nothing, and its staff.

use std::sync::Arc;
use std::time::Duration;

use contracts::google::r#type::Money;
use contracts::tradewind::inventory::v1::AdjustStockRequest;
use contracts::tradewind::inventory::v1::inventory_service_client::InventoryServiceClient;
use contracts::tradewind::orders::v1::orders_service_client::OrdersServiceClient;
use contracts::tradewind::orders::v1::{
    Address, CancelOrderRequest, CreateOrderItem, CreateOrderRequest, Order, OrderState,
};
use contracts::tradewind::payments::v1::payments_service_client::PaymentsServiceClient;
use contracts::tradewind::payments::v1::{ListPaymentsRequest, RefundPaymentRequest};
use contracts::tradewind::shipping::v1::shipping_service_client::ShippingServiceClient;
use contracts::tradewind::shipping::v1::{
    DeliverShipmentRequest, DispatchShipmentRequest, ListShipmentsRequest, Shipment, ShipmentState,
};
use futures::future::BoxFuture;
use net::client::EndpointConfig;
use runtime::client::Unconnected;
use runtime::contract::Contract;
use runtime::identity::AccessClaims;
use runtime::testbed::{Bearer, Tokens};
use tokio::time::sleep;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use crate::neighbours::PRICE;
use crate::network;
use crate::process::Life;
use crate::world::World;

const SKUS: [&str; 2] = ["TEA", "MUG"];
/// How payments go; most go well.
const TOKENS: [&str; 8] = [
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_timeout_then_ok",
    "tok_webhook_thrice",
    "tok_500_once",
    "tok_slow",
    "tok_decline_insufficient",
];
/// How long somebody waits for a reply; less than the lease of work in progress.
const PATIENCE: Duration = Duration::from_secs(8);
const TRIES: usize = 6;

/// A method of a client.
macro_rules! by {
    ($client:ident.$method:ident) => {
        |request| {
            let mut client = $client.clone();
            Box::pin(async move { client.$method(request).await })
        }
    };
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Person {
    world: Arc<World>,
    life: Life,
    pub(crate) id: Uuid,
    token: String,
    endpoints: EndpointConfig,
}

/// What a buyer was told of an order.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) order: Uuid,
    pub(crate) buyer: Uuid,
    pub(crate) is_confirmed: bool,
}

impl Person {
    pub(crate) fn new(world: &Arc<World>, number: u128, roles: &[&str]) -> Person {
        let id = Uuid::from_u128(number);
        let now = world.now().timestamp();
        let token = world.signer.sign(&AccessClaims {
            iss: "tradewind".to_owned(),
            aud: "tradewind".to_owned(),
            sub: id,
            sid: id,
            roles: roles.iter().map(ToString::to_string).collect(),
            iat: now,
            exp: now + 24 * 3600,
            jti: id,
            pat: false,
        });
        Person {
            world: world.clone(),
            life: Life::outside(world, "somebody"),
            id,
            token,
            endpoints: EndpointConfig::default(),
        }
    }

    fn channel(&self, service: &'static str) -> Bearer {
        let unconnected = Unconnected {
            service: service.into(),
            caller: "somebody",
            credentials: None,
            contract: Contract::tradewind(),
            metrics: self.world.telemetry.client_metrics(),
            random: self.world.random("somebody", 0),
            endpoints: self.endpoints,
        };
        let tokens = Tokens {
            user: Some(self.token.clone()),
            workload: None,
        };
        let address = network::address(&self.life, service);
        Bearer::new(unconnected.to(Some(address)), tokens)
    }

    /// Asks until there is an answer that asking again does not change, a few times.
    async fn ask<Q: Clone, R>(
        &self,
        message: Q,
        key: Option<&str>,
        call: impl Fn(Request<Q>) -> BoxFuture<'static, Result<Response<R>, Status>>,
    ) -> Result<R, Status> {
        let mut last = None;
        for _ in 0..TRIES {
            let mut request = Request::new(message.clone());
            request.set_timeout(PATIENCE);
            if let Some(key) = key {
                let key = key.parse().expect("a key is ASCII");
                request.metadata_mut().insert("idempotency-key", key);
            }
            match call(request).await {
                Ok(reply) => return Ok(reply.into_inner()),
                Err(status) if is_worth_another_try(&status) => last = Some(status),
                Err(status) => return Err(status),
            }
            sleep(self.world.moment(1500)).await;
        }
        Err(last.expect("it was tried"))
    }

    /// Stock comes.
    pub(crate) async fn receive(&self, units: i64) {
        let client = InventoryServiceClient::new(self.channel("svc-inventory"));
        for sku in SKUS {
            let message = AdjustStockRequest {
                sku: sku.to_owned(),
                delta: units,
                reason: "delivery".to_owned(),
            };
            let adjusted = self.ask(message, Some(sku), by!(client.adjust_stock)).await;
            adjusted.expect("nothing befalls anybody yet");
        }
    }

    /// Buys something, and may regret it.
    pub(crate) async fn buy(self) -> Vec<Told> {
        let world = self.world.clone();
        sleep(world.moment(world.weather.rush)).await;
        let client = OrdersServiceClient::new(self.channel("svc-orders"));
        let items = match world.below(3) {
            0 => &SKUS[..],
            one => &SKUS[one - 1..one],
        };
        let item = |sku: &&str| CreateOrderItem {
            sku: (*sku).to_owned(),
            quantity: 1 + world.below(3) as i32,
        };
        let message = CreateOrderRequest {
            items: items.iter().map(item).collect(),
            ship_to: Some(Address {
                name: "Ada Lovelace".to_owned(),
                lines: vec!["12 St James's Square".to_owned()],
                city: "London".to_owned(),
                postal_code: "SW1Y 4JH".to_owned(),
                country: "GB".to_owned(),
            }),
            payment_token: TOKENS[world.below(TOKENS.len())].to_owned(),
            ..CreateOrderRequest::default()
        };
        let placed = self
            .ask(message, Some("order"), by!(client.create_order))
            .await;
        let placed = match placed {
            Ok(reply) => reply.order.expect("a reply has its order"),
            Err(status) => {
                world.note(format_args!(
                    "{} is told {:?}",
                    self.id.as_u128(),
                    status.code()
                ));
                return Vec::new();
            }
        };
        let told = self.told(&placed);
        if world.below(5) < 2 {
            sleep(world.moment(4000)).await;
            let message = CancelOrderRequest {
                order_id: placed.order_id,
                reason: "changed my mind".to_owned(),
            };
            let cancelled = self
                .ask(message, Some("cancel"), by!(client.cancel_order))
                .await;
            let code = cancelled.map_or_else(|status| status.code(), |_| Code::Ok);
            world.note(format_args!("{} cancels: {code:?}", self.id.as_u128()));
        }
        vec![told]
    }

    fn told(&self, order: &Order) -> Told {
        let told = Told {
            order: order.order_id.parse().expect("an order has an id"),
            buyer: self.id,
            is_confirmed: order.state() == OrderState::Confirmed,
        };
        self.world
            .note(format_args!("{} has {}", self.id.as_u128(), order.order_id));
        told
    }

    /// Sends what is to be sent, and gives money back, until it is calm.
    pub(crate) async fn work(self) {
        let mut given_back = Vec::new();
        while !self.world.is_calm() {
            sleep(self.world.moment(1500)).await;
            let client = ShippingServiceClient::new(self.channel("svc-shipping"));
            let listed = self
                .ask(
                    ListShipmentsRequest::default(),
                    None,
                    by!(client.list_shipments),
                )
                .await;
            for shipment in listed.map(|it| it.shipments).unwrap_or_default() {
                match shipment.state() {
                    ShipmentState::Preparing if self.world.below(3) > 0 => {
                        self.dispatch(shipment).await;
                    }
                    ShipmentState::Dispatched if self.world.below(2) == 0 => {
                        self.deliver(shipment).await;
                    }
                    ShipmentState::Dispatched | ShipmentState::Delivered
                        if !given_back.contains(&shipment.order_id)
                            && self.give_back(shipment.order_id.clone()).await =>
                    {
                        given_back.push(shipment.order_id);
                    }
                    _ => {}
                }
            }
        }
    }

    async fn dispatch(&self, shipment: Shipment) {
        let client = ShippingServiceClient::new(self.channel("svc-shipping"));
        let message = DispatchShipmentRequest {
            tracking_number: shipment.shipment_id.clone(),
            shipment_id: shipment.shipment_id,
            carrier: "Red Van".to_owned(),
        };
        // A refusal is an answer too, and silence a fault like others.
        let _ = self.ask(message, None, by!(client.dispatch_shipment)).await;
    }

    async fn deliver(&self, shipment: Shipment) {
        let client = ShippingServiceClient::new(self.channel("svc-shipping"));
        let message = DeliverShipmentRequest {
            shipment_id: shipment.shipment_id,
        };
        // As above.
        let _ = self.ask(message, None, by!(client.deliver_shipment)).await;
    }

    /// Gives half of the price of a unit back, once. Returns whether that was taken up.
    async fn give_back(&self, order: String) -> bool {
        let client = PaymentsServiceClient::new(self.channel("svc-payments"));
        let message = ListPaymentsRequest {
            order_id: order.clone(),
            ..ListPaymentsRequest::default()
        };
        let listed = self.ask(message, None, by!(client.list_payments)).await;
        let payment = listed.ok().and_then(|mut it| it.payments.pop());
        let Some(payment) = payment else {
            return false;
        };
        let message = RefundPaymentRequest {
            payment_id: payment.payment_id,
            // Asked for again, it is the same.
            refund_id: order,
            amount: Some(Money {
                currency_code: "GBP".to_owned(),
                units: PRICE / 200,
                nanos: 0,
            }),
            reason: "a crack".to_owned(),
        };
        let refunded = self.ask(message, None, by!(client.refund_payment)).await;
        let code = refunded.map_or_else(|status| status.code(), |_| Code::Ok);
        self.world.note(format_args!("a refund: {code:?}"));
        code == Code::Ok
    }
}

fn is_worth_another_try(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Aborted | Code::ResourceExhausted
    )
}
