//! Tickets: how an EventSource, which sets no headers, brings its right.

use contracts::tradewind::auth::v1::{RedeemTicketRequest, RedeemTicketResponse};
use contracts::tradewind::orders::v1::WatchOrderResponse;
use runtime::status::{Problem, Reason};
use tonic::Code;

use crate::fixture::{Fixture, refusal, refused};
use crate::upstream::{Answer, Seen};

const WATCH: &str = "/v1/orders/o-1:watch";

/// Redeems the ticket `good` for the token of the test, which the edge's address leads to.
fn services(token: std::sync::Arc<std::sync::OnceLock<String>>) -> impl Fn(&Seen) -> Answer {
    move |seen| {
        if !seen.path.ends_with("/RedeemTicket") {
            return Answer::messages([WatchOrderResponse::default()]);
        }
        let RedeemTicketRequest { ticket, path } = seen.decode();
        if ticket == "good" && path == WATCH {
            let access_token = token.get().unwrap().clone();
            return Answer::message(&RedeemTicketResponse { access_token });
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
