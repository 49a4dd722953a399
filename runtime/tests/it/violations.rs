//! What a caller is told of fields that break their rules.

use prost::Message as _;
use runtime::service::Service;
use runtime::status::Reason;
use runtime::testbed::Testbed;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::dummy::{self, bearer, call, handler};

const CREATE: &str = "/tradewind.orders.v1.OrdersService/CreateOrder";

#[tokio::test]
async fn a_request_of_countless_faults_gets_a_short_answer() {
    use contracts::tradewind::orders::v1::{CreateOrderItem, CreateOrderRequest};

    let mut testbed = Testbed::new();
    let node = testbed.node("svc-orders").await;
    let never = handler(|_| async { panic!("the handler was called") });
    let service = Service::new(&node).with(dummy::Orders(never));
    testbed.serve(&node, service).unwrap();
    testbed.start().await;
    let user = bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user"]));
    let channel = testbed.channel("svc-orders");
    let told = async |items| {
        let items = vec![CreateOrderItem::default(); items];
        let order = CreateOrderRequest {
            items,
            ..CreateOrderRequest::default()
        };
        let metadata = [("authorization", user.as_str())];
        let reply = call(&channel, CREATE, &order.encode_to_vec(), &metadata).await;
        assert_eq!(reply.code(), Code::InvalidArgument);
        assert_eq!(reply.reason(), Some(Reason::InvalidField));
        let request = reply.status.get_details_bad_request().unwrap();
        let fields: Vec<_> = request
            .field_violations
            .into_iter()
            .map(|one| one.field)
            .collect();
        (fields, reply.status.message().to_owned())
    };

    let (fields, message) = told(10_000).await;
    assert_eq!(fields, ["items", "shipTo"]);
    assert!(
        message.starts_with("items: must have at most 1000 items"),
        "{message}"
    );

    let (fields, message) = told(1_000).await;
    assert_eq!(fields.len(), 20);
    assert!(
        message.ends_with("and 17 more; there may be others"),
        "{message}"
    );
}
