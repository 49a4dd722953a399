//! Tickets: how an EventSource, which sets no headers, brings its right.

use std::time::Duration;

use contracts::tradewind::auth::v1::{RedeemTicketRequest, RedeemTicketResponse};
use contracts::tradewind::orders::v1::WatchOrderResponse;
use futures::StreamExt as _;
use runtime::identity::Revocation;
use runtime::status::{Problem, Reason};
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{Fixture, refusal, refused};
use crate::upstream::{Answer, Seen};

const WATCH: &str = "/v1/orders/o-1:watch";
/// What the ticket `again` opens.
const STREAM: Uuid = Uuid::from_u128(12);

/// Redeems the ticket `good` for the token of the test, which the edge's address leads to.
fn services(token: std::sync::Arc<std::sync::OnceLock<String>>) -> impl Fn(&Seen) -> Answer {
    move |seen| {
        if !seen.path.ends_with("/RedeemTicket") {
            return Answer::messages([WatchOrderResponse::default()]);
        }
        let RedeemTicketRequest {
            ticket,
            path,
            server_sent_events,
        } = seen.decode();
        let access_token = || token.get().unwrap().clone();
        if ticket == "good" && path == WATCH {
            return Answer::message(&RedeemTicketResponse {
                access_token: access_token(),
                ..RedeemTicketResponse::default()
            });
        }
        if ticket == "again" && path == WATCH && server_sent_events {
            return Answer::message(&RedeemTicketResponse {
                access_token: access_token(),
                stream_id: STREAM.to_string(),
            });
        }
        let message = "the ticket is not valid";
        Answer::Error(Problem::new(Reason::TicketInvalid, Code::Unauthenticated, message).into())
    }
}

#[tokio::test]
async fn a_ticket_opens_its_stream() {
    let token = std::sync::Arc::new(std::sync::OnceLock::new());
    let fixture = Fixture::start(services(token.clone())).await;
    token.set(fixture.token(&["user"])).unwrap();
    let response = fixture
        .get(&format!("{WATCH}?ticket=good&afterSequence=2"))
        .await;
    assert_eq!(response.status(), 200);
    response.text().await.unwrap();

    let [redeemed, watched] = fixture.upstream.calls().try_into().unwrap();
    assert!(
        redeemed.metadata("x-workload-authorization").is_some(),
        "the edge alone may redeem"
    );
    assert_eq!(
        watched.path,
        "/tradewind.orders.v1.OrdersService/WatchOrder"
    );
    let authorization = format!("Bearer {}", token.get().unwrap());
    assert_eq!(
        watched.metadata("authorization"),
        Some(authorization.as_str())
    );
}

#[tokio::test]
async fn a_wrong_ticket_is_401() {
    let fixture = Fixture::start(services(std::sync::Arc::default())).await;
    let response = fixture.get(&format!("{WATCH}?ticket=bad")).await;
    assert!(
        response.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .contains("invalid_token")
    );
    assert_eq!(
        refusal(response).await,
        refused(401, "UNAUTHENTICATED", "TICKET_INVALID")
    );
}

#[tokio::test]
async fn tickets_open_streams_alone() {
    let fixture = Fixture::start(services(std::sync::Arc::default())).await;
    let response = fixture.get("/v1/orders/o-1?ticket=good").await;
    assert_eq!(
        refusal(response).await,
        refused(401, "UNAUTHENTICATED", "TOKEN_MISSING")
    );
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_ticket_that_reconnects_is_for_events_alone() {
    let token = std::sync::Arc::new(std::sync::OnceLock::new());
    let fixture = Fixture::start(services(token.clone())).await;
    token.set(fixture.token(&["user"])).unwrap();
    let ask = async |accept: &str| {
        let request = fixture.request("GET", &format!("{WATCH}?ticket=again"));
        let response = request.header("accept", accept).send().await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(ask("text/event-stream").await, 200);
    assert_eq!(ask("text/event-stream").await, 200);
    assert_eq!(ask("application/x-ndjson").await, 401);
    assert_eq!(ask("application/json").await, 401);
    assert_eq!(ask("*/*").await, 401);
}

#[tokio::test]
async fn a_stream_ends_when_its_ticket_opens_another() {
    let token = std::sync::Arc::new(std::sync::OnceLock::new());
    let redeems = services(token.clone());
    let fixture = Fixture::start(move |seen| match seen.path.ends_with("/RedeemTicket") {
        true => redeems(seen),
        false => Answer::Stream(futures::stream::pending().boxed()),
    })
    .await;
    token.set(fixture.token(&["user"])).unwrap();
    let open = |ticket: &str| {
        let request = fixture.request("GET", &format!("{WATCH}?ticket={ticket}"));
        request.header("accept", "text/event-stream").send()
    };
    let (again, other) = (open("again").await.unwrap(), open("good").await.unwrap());
    assert_eq!(
        (again.status().as_u16(), other.status().as_u16()),
        (200, 200)
    );
    let forget_time = fixture.node.clock.now() + Duration::from_secs(900);
    fixture.node.identity.revocations().insert([Revocation {
        session_id: STREAM,
        forget_time,
    }]);
    let text = tokio::time::timeout(Duration::from_secs(10), again.text()).await;
    let text = text.expect("it ends").unwrap();
    assert!(
        text.contains("event: error") && text.contains("TICKET_INVALID"),
        "{text}"
    );
    fixture.upstream.abandoned(1).await;
    drop(other);
}
