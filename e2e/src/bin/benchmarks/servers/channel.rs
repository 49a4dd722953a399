//! No JSON at all: axum and tonic's Channel, the message's bytes from one to the other.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use contracts::tradewind::orders::v1::GetOrderRequest;
use e2e::grpc::Raw;
use prost::Message as _;
use tonic::{Request, transport::Channel};

const SERVICE: &str = "/tradewind.orders.v1.OrdersService";

pub(super) async fn serve(address: &str, upstream: &str) {
    let channel = e2e::grpc::connect(upstream).await;
    let routes = Router::new()
        .route("/v1/orders", post(create).get(list))
        .route("/v1/orders/{order_id}", get(find))
        .with_state(channel);
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.expect("it can listen");
    axum::serve(listener, routes).await.expect("it serves");
}

async fn create(State(channel): State<Channel>, body: Bytes) -> Result<Bytes, StatusCode> {
    pass(channel, "CreateOrder", body).await
}

async fn list(State(channel): State<Channel>) -> Result<Bytes, StatusCode> {
    pass(channel, "ListOrders", Bytes::new()).await
}

async fn find(
    State(channel): State<Channel>,
    Path(order_id): Path<String>,
) -> Result<Bytes, StatusCode> {
    let message = GetOrderRequest { order_id }.encode_to_vec();
    pass(channel, "GetOrder", message.into()).await
}

async fn pass(channel: Channel, method: &str, message: Bytes) -> Result<Bytes, StatusCode> {
    let path = format!("{SERVICE}/{method}").try_into();
    let path = path.map_err(|_| StatusCode::NOT_FOUND)?;
    let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(16 << 20);
    let ready = client.ready().await;
    ready.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let reply = client.unary(Request::new(message), path, Raw).await;
    let reply = reply.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(reply.into_inner())
}
