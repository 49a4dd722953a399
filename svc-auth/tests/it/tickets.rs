use std::time::Duration;

use contracts::tradewind::auth::v1::{
    CreateTicketRequest, ListRevocationsRequest, LogoutRequest, RedeemTicketRequest,
};
use runtime::status::Reason;
use store::testing::{eventually, refused};
use tonic::Code;

use crate::bed::{Bed, Client};

const PATH: &str = "/v1/orders/1:watch";

async fn ticket(bed: &Bed, access_token: &str) -> String {
    let request = CreateTicketRequest {
        path: PATH.into(),
        reconnects: false,
    };
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
        server_sent_events: true,
    }
}

/// A ticket that reconnects, and for how many seconds.
async fn reconnecting(bed: &Bed, access_token: &str) -> (String, i32) {
    let request = CreateTicketRequest {
        path: PATH.into(),
        reconnects: true,
    };
    let reply = bed.holder(access_token).create_ticket(request).await;
    let reply = reply.unwrap().into_inner();
    (reply.ticket, reply.expires_in)
}

async fn revoked(edge: &mut Client) -> Vec<String> {
    let reply = edge
        .list_revocations(ListRevocationsRequest::default())
        .await;
    let revocations = reply.unwrap().into_inner().revocations;
    let mut ids: Vec<_> = revocations.into_iter().map(|one| one.session_id).collect();
    ids.sort();
    ids
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

    async fn a_ticket_that_reconnects_opens_one_stream_after_the_other(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let (ticket, expires_in) = reconnecting(&bed, &ada.access_token).await;
        assert_eq!(expires_in, ada.expires_in);
        let own = bed.verify(&ada.access_token).await.unwrap();
        let mut edge = bed.edge().await;
        let mut streams = Vec::new();
        for _ in 0..3 {
            let reply = edge.redeem_ticket(redeem(&ticket, PATH)).await.unwrap().into_inner();
            assert_eq!(bed.verify(&reply.access_token).await.unwrap(), own);
            assert!(!revoked(&mut edge).await.contains(&reply.stream_id));
            streams.push(reply.stream_id);
        }
        let last = streams.pop().unwrap();
        streams.sort();
        assert!(!streams.contains(&last));
        // The streams before are over for every edge; the session is not.
        assert_eq!(revoked(&mut edge).await, streams);
        let id = |text: &String| text.parse().unwrap();
        let identity = bed.identity();
        for stream in &streams {
            eventually("the edges hear of it", async || {
                identity.revocations().contains(id(stream))
            })
            .await;
        }
        assert!(!identity.revocations().contains(id(&last)));
        bed.verify(&ada.access_token).await.unwrap();
    }

    async fn a_ticket_that_reconnects_opens_its_own_events_alone(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let (ticket, _) = reconnecting(&bed, &ada.access_token).await;
        let mut edge = bed.edge().await;
        let first = edge.redeem_ticket(redeem(&ticket, PATH)).await.unwrap().into_inner();
        let elsewhere = redeem(&ticket, "/v1/orders/2:watch");
        let websocket = RedeemTicketRequest {
            server_sent_events: false,
            ..redeem(&ticket, PATH)
        };
        for wrong in [elsewhere, websocket] {
            refused(edge.redeem_ticket(wrong).await, Reason::TicketInvalid);
        }
        // What it does not open ends nothing.
        assert_eq!(revoked(&mut edge).await, [""; 0]);
        let second = edge.redeem_ticket(redeem(&ticket, PATH)).await.unwrap().into_inner();
        assert_ne!(second.stream_id, first.stream_id);
        let single_use = self::ticket(&bed, &ada.access_token).await;
        let once = edge.redeem_ticket(redeem(&single_use, PATH)).await.unwrap().into_inner();
        assert_eq!(once.stream_id, "");
    }

    async fn a_ticket_that_reconnects_dies_with_the_access_token(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let (ticket, expires_in) = reconnecting(&bed, &ada.access_token).await;
        let lifetime = Duration::from_secs(expires_in.try_into().unwrap());
        bed.time.advance(lifetime - Duration::from_secs(10));
        let mut edge = bed.edge().await;
        let reply = edge.redeem_ticket(redeem(&ticket, PATH)).await.unwrap().into_inner();
        bed.verify(&reply.access_token).await.unwrap();
        bed.time.advance(Duration::from_secs(10));
        assert!(bed.verify(&ada.access_token).await.is_err());
        assert!(bed.verify(&reply.access_token).await.is_err(), "its streams end too");
        let mut edge = bed.edge().await;
        refused(edge.redeem_ticket(redeem(&ticket, PATH)).await, Reason::TicketInvalid);
    }

    async fn a_ticket_that_reconnects_dies_with_its_session(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let (ticket, _) = reconnecting(&bed, &ada.access_token).await;
        let mut edge = bed.edge().await;
        edge.redeem_ticket(redeem(&ticket, PATH)).await.unwrap();
        let request = LogoutRequest { refresh_token: ada.refresh_token };
        bed.anybody().logout(request).await.unwrap();
        refused(edge.redeem_ticket(redeem(&ticket, PATH)).await, Reason::TicketInvalid);
    }

    async fn a_user_redeems_nothing(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register("ada@example.com").await.unwrap();
        let ticket = ticket(&bed, &ada.access_token).await;
        let result = bed.holder(&ada.access_token).redeem_ticket(redeem(&ticket, PATH)).await;
        refused(result, Reason::AccessDenied);
    }
}
