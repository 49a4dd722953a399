//! svc-users and svc-catalog, as far as an order asks them: they only answer, and always the same.

use bytes::{BufMut as _, Bytes, BytesMut};
use contracts::google::r#type::Money;
use contracts::tradewind::catalog::v1::{
    BatchGetProductsRequest, BatchGetProductsResponse, Product, ProductState,
};
use contracts::tradewind::users::v1::{GetAccountResponse, UserState};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, request};
use http_body_util::{BodyExt as _, Full};
use prost::Message;
use tonic::body::Body;

pub(crate) const NAMES: [&str; 2] = ["svc-users", "svc-catalog"];

/// In pence, each.
pub(crate) const PRICE: i64 = 1250;
/// Before the message: whether it is compressed, and its length.
const PREFIX: usize = 5;

pub(crate) fn answer(head: &request::Parts, body: &Bytes) -> Response<Body> {
    let message = match head.uri.path().rsplit('/').next() {
        Some("GetAccount") => GetAccountResponse {
            state: UserState::Active.into(),
            roles: vec!["user".to_owned()],
            ..GetAccountResponse::default()
        }
        .encode_to_vec(),
        _ => {
            let asked = BatchGetProductsRequest::decode(&body[PREFIX..]);
            let skus = asked.expect("svc-orders sends what it means").skus;
            let products = skus.into_iter().map(product).collect();
            BatchGetProductsResponse { products }.encode_to_vec()
        }
    };
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("it is small"));
    framed.extend_from_slice(&message);
    let trailers = HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::new(framed.freeze()).with_trailers(async { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    response
}

fn product(sku: String) -> Product {
    Product {
        title: format!("The {sku}"),
        sku,
        price: Some(Money {
            currency_code: "GBP".to_owned(),
            units: PRICE / 100,
            nanos: i32::try_from(PRICE % 100).expect("below 100") * 10_000_000,
        }),
        state: ProductState::Active.into(),
        ..Product::default()
    }
}
