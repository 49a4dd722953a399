//! A purchase over REST by openapi-generator: purchase EDGE SKU. It prints the ids of the order and of
//! its shipment as JSON, and what else the order's replies tell. It is an example of the generated crate.

use std::error::Error;
use std::time::{Duration, Instant};

use openapi::apis::configuration::Configuration;
use openapi::apis::{
    self, auth_service_api, catalog_service_api, orders_service_api, shipping_service_api,
};
use openapi::models::{
    AddressInput, CreateOrderItem, CreateOrderRequest, ErrorReply, RegisterRequest,
};
use serde_json::json;
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The id of an order that does not exist.
const NOBODYS: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let edge = arguments.next().ok_or("which edge?")?;
    let sku = arguments.next().ok_or("which product?")?;
    let mut shop = Configuration {
        base_path: edge,
        ..Configuration::default()
    };
    let account = RegisterRequest::new(
        format!("{}@example.com", Uuid::new_v4()),
        "a long enough password".to_owned(),
        "A buyer".to_owned(),
    );
    let session = auth_service_api::register(&shop, account).await?;
    shop.bearer_access_token = Some(session.access_token);
    find(&shop, &sku).await?;

    let ship_to = AddressInput::new(
        "A buyer".to_owned(),
        vec!["1 Quay Street".to_owned()],
        "Bristol".to_owned(),
        "GB".to_owned(),
    );
    let request = CreateOrderRequest {
        payment_token: Some("tok_ok".to_owned()),
        ..CreateOrderRequest::new(vec![CreateOrderItem::new(sku, 1)], ship_to)
    };
    // Sent again with the same key, it is the same order.
    let key = Uuid::new_v4().to_string();
    let order =
        orders_service_api::create_order(&shop, request.clone(), Some(&key), None, None).await?;
    let again = orders_service_api::create_order(&shop, request, Some(&key), None, None).await?;
    if again.order_id != order.order_id {
        return Err(format!(
            "the same order again: {} instead of {}",
            again.order_id, order.order_id
        )
        .into());
    }
    let id = &order.order_id;
    let shipment = shipment(&shop, id).await?;
    let events = orders_service_api::list_order_events(&shop, id, None, None)
        .await?
        .events;
    let states: Vec<_> = events
        .iter()
        .map(|event| event.new_state.to_string())
        .collect();
    let bought = json!({
        "order": id,
        "shipment": shipment,
        "total": order.total.units,
        "states": states,
        "refusal": refusal(&shop).await?,
    });
    println!("{bought}");
    Ok(())
}

/// Goes through the pages of the catalogue until it sees the product.
async fn find(shop: &Configuration, sku: &str) -> Outcome<()> {
    let mut page = String::new();
    loop {
        let reply = catalog_service_api::list_products(shop, None, Some(&page), None, None).await?;
        if reply.products.iter().any(|product| product.sku == sku) {
            return Ok(());
        }
        page = reply.next_page_token;
        if page.is_empty() {
            return Err(format!("{sku} is not among the products").into());
        }
    }
}

async fn shipment(shop: &Configuration, order: &str) -> Outcome<String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let reply = shipping_service_api::list_shipments(shop, None, None, Some(order)).await?;
        if let Some(shipment) = reply.shipments.into_iter().next() {
            return Ok(shipment.shipment_id);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("there is no shipment".into())
}

/// Why somebody gets no order that does not exist.
async fn refusal(shop: &Configuration) -> Outcome<Option<String>> {
    match orders_service_api::get_order(shop, NOBODYS, None, None).await {
        Ok(order) => Err(format!("there is {}", order.order_id).into()),
        // Its own enum of errors takes every status for the first.
        Err(apis::Error::ResponseError(refused)) => {
            let reply: ErrorReply = serde_json::from_str(&refused.content)?;
            let reasons = reply
                .error
                .details
                .into_iter()
                .filter_map(|detail| detail.reason);
            Ok(reasons.map(|reason| reason.to_string()).next())
        }
        Err(error) => Err(error.into()),
    }
}
