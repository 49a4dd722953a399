//! What one would write by hand: axum handlers that call tonic clients.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use contracts::tradewind::{
    catalog::v1::{GetProductRequest, catalog_service_client::CatalogServiceClient},
    orders::v1::{
        Address, CreateOrderItem, CreateOrderRequest, orders_service_client::OrdersServiceClient,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};
use tonic::{Request, transport::Channel};

#[derive(Clone)]
struct Upstreams {
    catalog: CatalogServiceClient<Channel>,
    orders: OrdersServiceClient<Channel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    items: Vec<Item>,
    ship_to: ShipTo,
}

#[derive(Deserialize)]
struct Item {
    sku: String,
    quantity: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShipTo {
    name: String,
    lines: Vec<String>,
    city: String,
    postal_code: String,
    country: String,
}

/// Serves until it is killed. `upstreams` are the URLs of catalogue and orders.
pub(crate) async fn serve(address: Option<&str>, upstreams: Option<&str>) {
    let (Some(address), Some((catalog, orders))) =
        (address, upstreams.and_then(|urls| urls.split_once(',')))
    else {
        panic!("bench bare ADDRESS CATALOG,ORDERS");
    };
    let upstreams = Upstreams {
        catalog: CatalogServiceClient::connect(catalog.to_owned())
            .await
            .expect("the catalogue is there"),
        orders: OrdersServiceClient::connect(orders.to_owned())
            .await
            .expect("orders is there"),
    };
    let router = Router::new()
        .route("/v1/products/{sku}", get(product))
        .route("/v1/orders", post(order))
        .with_state(upstreams);
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .expect("the port is free");
    axum::serve(listener, router)
        .await
        .expect("the listener lives");
}

async fn product(
    State(mut upstreams): State<Upstreams>,
    Path(sku): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    let reply = upstreams
        .catalog
        .get_product(GetProductRequest { sku })
        .await;
    let product = reply
        .map_err(|_| StatusCode::BAD_GATEWAY)?
        .into_inner()
        .product
        .ok_or(StatusCode::NOT_FOUND)?;
    let price = product.price.clone().unwrap_or_default();
    Ok(Json(json!({
        "sku": product.sku,
        "title": product.title,
        "description": product.description,
        "price": {"currencyCode": price.currency_code, "units": price.units.to_string(), "nanos": price.nanos},
        "state": product.state().as_str_name(),
        "etag": product.etag,
    })))
}

async fn order(
    State(mut upstreams): State<Upstreams>,
    headers: HeaderMap,
    Json(order): Json<Order>,
) -> Result<(StatusCode, Json<Value>), StatusCode> {
    let items = order.items.into_iter().map(|item| CreateOrderItem {
        sku: item.sku,
        quantity: item.quantity,
    });
    let ship_to = Address {
        name: order.ship_to.name,
        lines: order.ship_to.lines,
        city: order.ship_to.city,
        postal_code: order.ship_to.postal_code,
        country: order.ship_to.country,
    };
    let mut request = Request::new(CreateOrderRequest {
        items: items.collect(),
        ship_to: Some(ship_to),
        ..CreateOrderRequest::default()
    });
    let token = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    request
        .metadata_mut()
        .insert("authorization", token.ok_or(StatusCode::UNAUTHORIZED)?);
    let reply = upstreams
        .orders
        .create_order(request)
        .await
        .map_err(|_| StatusCode::BAD_GATEWAY)?;
    let order = reply.into_inner().order.ok_or(StatusCode::BAD_GATEWAY)?;
    let total = order.total.clone().unwrap_or_default();
    let items: Vec<_> = order
        .items
        .iter()
        .map(|item| json!({"sku": item.sku, "title": item.title, "quantity": item.quantity}))
        .collect();
    let body = json!({
        "orderId": order.order_id,
        "userId": order.user_id,
        "state": order.state().as_str_name(),
        "items": items,
        "total": {"currencyCode": total.currency_code, "units": total.units.to_string(), "nanos": total.nanos},
        "etag": order.etag,
    });
    Ok((StatusCode::CREATED, Json(body)))
}
