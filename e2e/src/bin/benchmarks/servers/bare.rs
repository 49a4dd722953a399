//! What an engineer would write by hand for two routes: axum, serde, the generated types, tonic's
//! Channel. No limits, no deadlines, no policy, errors only by their code.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use contracts::{
    google::r#type::Money,
    tradewind::orders::v1::{
        Address, CreateOrderItem, CreateOrderRequest, GetOrderRequest, ListOrdersRequest, Order,
        OrderItem, orders_service_client::OrdersServiceClient,
    },
};
use serde::{Deserialize, Serialize};
use tonic::{Status, transport::Channel};

type Client = OrdersServiceClient<Channel>;

pub(super) async fn serve(address: &str, upstream: &str) {
    let client = OrdersServiceClient::new(e2e::grpc::connect(upstream).await);
    let routes = Router::new()
        .route("/v1/orders", post(create).get(list))
        .route("/v1/orders/{order_id}", get(find))
        .with_state(client);
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.expect("it can listen");
    axum::serve(listener, routes).await.expect("it serves");
}

async fn create(
    State(mut client): State<Client>,
    Json(new): Json<NewOrder>,
) -> Result<(StatusCode, Json<OrderBody>), StatusCode> {
    let reply = client.create_order(new.into_message()).await;
    let order = reply.map_err(refused)?.into_inner().order;
    let order = order.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok((StatusCode::CREATED, Json(order.into())))
}

async fn find(
    State(mut client): State<Client>,
    Path(order_id): Path<String>,
) -> Result<Json<OrderBody>, StatusCode> {
    let reply = client.get_order(GetOrderRequest { order_id }).await;
    let order = reply.map_err(refused)?.into_inner().order;
    Ok(Json(order.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?.into()))
}

async fn list(State(mut client): State<Client>) -> Result<Json<ListBody>, StatusCode> {
    let reply = client.list_orders(ListOrdersRequest::default()).await;
    let reply = reply.map_err(refused)?.into_inner();
    Ok(Json(ListBody {
        orders: reply.orders.into_iter().map(OrderBody::from).collect(),
        next_page_token: reply.next_page_token,
    }))
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn refused(status: Status) -> StatusCode {
    match status.code() {
        tonic::Code::InvalidArgument => StatusCode::BAD_REQUEST,
        tonic::Code::NotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewOrder {
    items: Vec<NewItem>,
    ship_to: AddressBody,
}

#[derive(Deserialize)]
struct NewItem {
    sku: String,
    quantity: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressBody {
    name: String,
    lines: Vec<String>,
    city: String,
    #[serde(default)]
    postal_code: String,
    country: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListBody {
    orders: Vec<OrderBody>,
    next_page_token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderBody {
    order_id: String,
    user_id: String,
    external_reference: String,
    state: &'static str,
    items: Vec<ItemBody>,
    total: Option<MoneyBody>,
    ship_to: Option<AddressBody>,
    rejection_reason: String,
    create_time: Option<String>,
    update_time: Option<String>,
    etag: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemBody {
    sku: String,
    title: String,
    quantity: i32,
    unit_price: Option<MoneyBody>,
    total: Option<MoneyBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MoneyBody {
    currency_code: String,
    units: String,
    nanos: i32,
}

impl NewOrder {
    fn into_message(self) -> CreateOrderRequest {
        let items = self.items.into_iter();
        CreateOrderRequest {
            items: items
                .map(|NewItem { sku, quantity }| CreateOrderItem { sku, quantity })
                .collect(),
            ship_to: Some(Address {
                name: self.ship_to.name,
                lines: self.ship_to.lines,
                city: self.ship_to.city,
                postal_code: self.ship_to.postal_code,
                country: self.ship_to.country,
            }),
            ..CreateOrderRequest::default()
        }
    }
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> OrderBody {
        OrderBody {
            state: order.state().as_str_name(),
            order_id: order.order_id,
            user_id: order.user_id,
            external_reference: order.external_reference,
            items: order.items.into_iter().map(ItemBody::from).collect(),
            total: order.total.map(MoneyBody::from),
            ship_to: order.ship_to.map(|address| AddressBody {
                name: address.name,
                lines: address.lines,
                city: address.city,
                postal_code: address.postal_code,
                country: address.country,
            }),
            rejection_reason: order.rejection_reason,
            create_time: order.create_time.map(|time| time.to_string()),
            update_time: order.update_time.map(|time| time.to_string()),
            etag: order.etag,
        }
    }
}

impl From<OrderItem> for ItemBody {
    fn from(item: OrderItem) -> ItemBody {
        ItemBody {
            sku: item.sku,
            title: item.title,
            quantity: item.quantity,
            unit_price: item.unit_price.map(MoneyBody::from),
            total: item.total.map(MoneyBody::from),
        }
    }
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> MoneyBody {
        MoneyBody {
            currency_code: money.currency_code,
            units: money.units.to_string(),
            nanos: money.nanos,
        }
    }
}
