use std::sync::Mutex;
use std::time::Duration;

use runtime::call::CallContext;
use runtime::service::Service;
use runtime::status::Reason;
use runtime::testbed::Testbed;
use tokio::sync::mpsc;
use tonic::Code;
use uuid::Uuid;

use crate::dummy::{self, bearer, call, fine, handler};

const LIST_ORDERS: &str = "/tradewind.orders.v1.OrdersService/ListOrders";
const LIST_ADJUSTMENTS: &str = "/tradewind.inventory.v1.InventoryService/ListStockAdjustments";

/// svc-orders calls svc-inventory in its handler; what each is asked is told to the test.
async fn chain() -> (
    Testbed,
    mpsc::UnboundedReceiver<(CallContext, http::HeaderMap)>,
) {
    let (told, news) = mpsc::unbounded_channel();
    let mut testbed = Testbed::new();
    let inventory = testbed.node("svc-inventory").await;
    let tell = told.clone();
    let stock = handler(move |asked| {
        tell.send((asked.call, asked.headers)).unwrap();
        async { Ok(Vec::new()) }
    });
    let service = Service::new(&inventory).with(dummy::Inventory(stock));
    testbed.serve(&inventory, service).unwrap();
    let orders = testbed.node("svc-orders").await;
    let channel = orders.channel("svc-inventory");
    let list = handler(move |asked| {
        told.send((asked.call, asked.headers)).unwrap();
        let channel = channel.clone();
        async move {
            let adjustments = contracts::tradewind::inventory::v1::ListStockAdjustmentsRequest {
                sku: "85123A".into(),
                ..Default::default()
            };
            let adjustments = prost::Message::encode_to_vec(&adjustments);
            let reply = call(&channel, LIST_ADJUSTMENTS, &adjustments, &[]).await;
            if reply.code() == Code::Ok {
                Ok(Vec::new())
            } else {
                Err(reply.status)
            }
        }
    });
    let service = Service::new(&orders).with(dummy::Orders(list));
    testbed.serve(&orders, service).unwrap();
    testbed.start().await;
    (testbed, news)
}

#[tokio::test]
async fn a_call_takes_its_context_along() {
    let (testbed, mut news) = chain().await;
    let user_id = Uuid::from_u128(7);
    let user = bearer(&testbed.access_token(user_id, Uuid::nil(), &["user", "admin"]));
    let edge = bearer(&testbed.workload_token("edge"));
    let reply = call(
        &testbed.channel("svc-orders"),
        LIST_ORDERS,
        &[],
        &[
            ("authorization", &user),
            ("x-workload-authorization", &edge),
            ("x-request-id", "req-1"),
            ("x-client-address", "203.0.113.9"),
            ("x-client-user-agent", "browser"),
            ("idempotency-key", "key-1"),
            ("grpc-timeout", "5S"),
        ],
    )
    .await;
    assert_eq!(reply.code(), Code::Ok, "{reply:?}");
    assert_eq!(reply.headers["x-request-id"], "req-1");
    let (first, _) = news.recv().await.unwrap();
    let (second, _) = news.recv().await.unwrap();
    for (call, workload) in [(&first, "edge"), (&second, "svc-orders")] {
        assert_eq!(call.caller.user().unwrap().id, user_id);
        assert_eq!(call.caller.workload.as_deref(), Some(workload));
        assert_eq!(&*call.request_id, "req-1");
        assert_eq!(call.client_address, Some("203.0.113.9".parse().unwrap()));
        assert_eq!(call.user_agent.as_deref(), Some("browser"));
        assert!(call.caller.is_admin());
    }
    assert_eq!(first.idempotency_key.as_deref(), Some("key-1"));
    assert_eq!(second.idempotency_key, None);
    // What is left of five seconds, however long the way took, and not the thirty of a call that has
    // no deadline.
    let further = second.deadline.unwrap() - Duration::from_secs(5);
    assert!(further < first.deadline.unwrap());
}

#[tokio::test]
async fn a_stranger_cannot_speak_for_another_client() {
    let (testbed, mut news) = chain().await;
    let user = bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user", "admin"]));
    let metadata = [
        ("authorization", user.as_str()),
        ("x-client-address", "203.0.113.9"),
        ("x-client-user-agent", "browser"),
    ];
    call(&testbed.channel("svc-orders"), LIST_ORDERS, &[], &metadata).await;
    let (call, _) = news.recv().await.unwrap();
    assert_eq!(call.client_address, Some("127.0.0.1".parse().unwrap()));
    assert_ne!(call.user_agent.as_deref(), Some("browser"));
}

#[tokio::test]
async fn a_service_port_takes_one_idempotency_key_of_bounded_length() {
    let (testbed, mut news) = chain().await;
    let user = bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user", "admin"]));
    let channel = testbed.channel("svc-orders");
    let send = async |keys: &[&str]| {
        let keys = keys.iter().map(|key| ("idempotency-key", *key));
        let metadata: Vec<_> = keys.chain([("authorization", user.as_str())]).collect();
        call(&channel, LIST_ORDERS, &[], &metadata).await
    };
    let (longest, longer) = ("k".repeat(255), "k".repeat(256));
    for wrong in [&["one", "two"][..], &["schlüssel"], &[&longer], &[""]] {
        let reply = send(wrong).await;
        assert_eq!(reply.code(), Code::InvalidArgument, "{wrong:?}");
        assert_eq!(reply.reason(), Some(Reason::MalformedRequest), "{wrong:?}");
        let message = reply.status.message();
        assert!(message.starts_with("idempotency-key: "), "{message}");
    }
    assert!(news.try_recv().is_err(), "no handler saw them");
    assert_eq!(send(&[&longest]).await.code(), Code::Ok);
    let (asked, _) = news.recv().await.unwrap();
    assert_eq!(asked.idempotency_key.as_deref(), Some(&*longest));
}

#[tokio::test]
async fn background_work_goes_as_the_workload_alone() {
    let (told, mut news) = mpsc::unbounded_channel();
    let mut testbed = Testbed::new();
    let users = testbed.node("svc-users").await;
    let told = Mutex::new(told);
    let account = handler(move |asked| {
        told.lock().unwrap().send(asked.call).unwrap();
        async { Ok(Vec::new()) }
    });
    let service = Service::new(&users).with(dummy::Users(account));
    testbed.serve(&users, service).unwrap();
    let orders = testbed.node("svc-orders").await;
    let service = Service::new(&orders).with(dummy::Orders(fine()));
    testbed.serve(&orders, service).unwrap();
    testbed.start().await;
    let request = contracts::tradewind::users::v1::GetAccountRequest {
        user_id: Uuid::nil().to_string(),
    };
    let message = prost::Message::encode_to_vec(&request);
    let path = "/tradewind.users.v1.UsersService/GetAccount";
    let channel = orders.channel("svc-users");
    let background = CallContext::background("recovery");
    let call = background.scope(async move { call(&channel, path, &message, &[]).await });
    let reply = tokio::time::timeout(Duration::from_secs(5), call)
        .await
        .unwrap();
    assert_eq!(reply.code(), Code::Ok, "{reply:?}");
    let asked = news.recv().await.unwrap();
    assert_eq!(asked.caller.actor(), "workload:svc-orders");
    assert!(asked.request_id.starts_with("recovery-"));
}
