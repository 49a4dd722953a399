use std::time::Duration;

use contracts::tradewind::auth::v1::{CreateTicketRequest, LogoutRequest, RedeemTicketRequest};
use runtime::status::Reason;
use tonic::Code;

use crate::bed::{Bed, refused};

const PATH: &str = "/v1/orders/1:watch";

async fn ticket(bed: &Bed, access_token: &str) -> String {
    let request = CreateTicketRequest { path: PATH.into() };
    let reply = bed
        .holder(access_token)
        .create_ticket(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.expires_in, 30);
    reply.ticket
}

fn redeem(ticket: &str, path: &str) -> RedeemTicketRequest {
    RedeemTicketRequest {
        ticket: ticket.into(),
        path: path.into(),
    }
}

store::on_both! {
    async fn a_ticket_gives_a_token_of_its_session_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let ticket = ticket(&bed, &ada.access_token).await;
        let mut edge = bed.edge().await;
        let reply = edge.redeem_ticket(redeem(&ticket, PATH)).await.unwrap().into_inner();
        let own = bed.verify(&ada.access_token).await.unwrap();
        assert_eq!(bed.verify(&reply.access_token).await.unwrap(), own);
        let result = edge.redeem_ticket(redeem(&ticket, PATH)).await;
        let status = refused(result, Reason::TicketInvalid);
        assert_eq!(status.code(), Code::Unauthenticated);
    }

    async fn of_many_that_redeem_a_ticket_one_succeeds(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let ticket = ticket(&bed, &ada.access_token).await;
        let edge = bed.edge().await;
        let attempts = (0..8).map(|_| {
            let (mut edge, request) = (edge.clone(), redeem(&ticket, PATH));
            async move { edge.redeem_ticket(request).await.is_ok() }
        });
        let successes = futures::future::join_all(attempts).await;
        assert_eq!(successes.into_iter().filter(|ok| *ok).count(), 1);
    }

    async fn a_ticket_opens_its_own_path_for_30_seconds(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let mut edge = bed.edge().await;
        let one = ticket(&bed, &ada.access_token).await;
        let result = edge.redeem_ticket(redeem(&one, "/v1/orders/2:watch")).await;
        refused(result, Reason::TicketInvalid);
        // The attempt has used it up.
        refused(edge.redeem_ticket(redeem(&one, PATH)).await, Reason::TicketInvalid);

        let two = ticket(&bed, &ada.access_token).await;
        bed.time.advance(Duration::from_secs(30));
        refused(edge.redeem_ticket(redeem(&two, PATH)).await, Reason::TicketInvalid);
        refused(edge.redeem_ticket(redeem("unknown", PATH)).await, Reason::TicketInvalid);
    }

    async fn a_ticket_of_a_session_that_ended_opens_nothing(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let ticket = ticket(&bed, &ada.access_token).await;
        let request = LogoutRequest { refresh_token: ada.refresh_token };
        bed.anybody().logout(request).await.unwrap();
        let result = bed.edge().await.redeem_ticket(redeem(&ticket, PATH)).await;
        refused(result, Reason::TicketInvalid);
    }

    async fn a_user_redeems_nothing(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let ticket = ticket(&bed, &ada.access_token).await;
        let result = bed.holder(&ada.access_token).redeem_ticket(redeem(&ticket, PATH)).await;
        refused(result, Reason::AccessDenied);
    }
}
