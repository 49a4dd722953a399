//! What was sent is sent once more, and what never happened is tried.

use std::time::Duration;

use contracts::tradewind::notify::v1::{
    DeliveryState, DisableWebhookRequest, EnableWebhookRequest, ReplayDeliveriesRequest,
    ReplayDeliveryRequest, TestWebhookRequest,
};
use net::clock::timestamp;
use runtime::status::Reason;
use store::testing::{eventually, keyed, refused};

use crate::bed::Bed;
use crate::receiver::{Answer, FINE, Receiver};
use crate::signing::is_signed;

store::on_both! {
    async fn a_delivery_is_sent_once_more_under_its_id(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let id = bed.listen(&receiver.url()).await;
        let event = bed.arrival().await.to_string();
        let delivery = bed.reaches(&id, DeliveryState::Succeeded).await;
        let replay = ReplayDeliveryRequest {
            webhook_id: id.clone(),
            delivery_id: delivery.delivery_id.clone(),
        };
        for _ in 0..2 {
            // The second is answered, and has no effect.
            let reply = bed.admin().replay_delivery(keyed(replay.clone(), "one")).await.unwrap();
            let state = reply.into_inner().delivery.unwrap().state();
            assert_eq!(state, DeliveryState::Pending);
        }
        bed.attempted(&id, 2).await;
        let again = bed.reaches(&id, DeliveryState::Succeeded).await;
        assert_eq!(again.delivery_id, delivery.delivery_id);
        assert_eq!(receiver.seen().len(), 2);
        assert!(receiver.seen().iter().all(|seen| seen.id() == event));

        let other = bed.listen(&receiver.url()).await;
        let strange = ReplayDeliveryRequest { webhook_id: other, ..replay };
        refused(bed.admin().replay_delivery(strange).await, Reason::ResourceNotFound);
    }

    async fn those_of_a_time_are_sent_once_more_all_or_those_that_failed(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let id = bed.listen(&receiver.url()).await;
        bed.arrival().await;
        bed.reaches(&id, DeliveryState::Succeeded).await;
        bed.hands.advance(Duration::from_secs(3600));
        let since = timestamp(bed.node.clock.now());
        let disable = DisableWebhookRequest { webhook_id: id.clone() };
        bed.admin().disable_webhook(disable).await.unwrap();
        bed.arrival().await;
        bed.hands.advance(Duration::from_secs(60));
        let replay = ReplayDeliveriesRequest {
            webhook_id: id.clone(),
            since: Some(since),
            ..ReplayDeliveriesRequest::default()
        };
        let disabled = bed.admin().replay_deliveries(replay.clone()).await;
        refused(disabled, Reason::InvalidState);
        let enable = EnableWebhookRequest { webhook_id: id.clone() };
        bed.admin().enable_webhook(enable).await.unwrap();
        assert_eq!(receiver.seen().len(), 1, "what came meanwhile waits to be asked for");

        let replayed = async |request| {
            let reply = bed.admin().replay_deliveries(request).await.unwrap();
            reply.into_inner().replayed
        };
        let all = ReplayDeliveriesRequest {
            since: Some(prost_types::Timestamp::default()),
            ..replay.clone()
        };
        let failed = ReplayDeliveriesRequest { only_failed: true, ..all.clone() };
        assert_eq!(replayed(failed).await, 1);
        eventually("it comes", async || receiver.seen().len() == 2).await;
        let is_done = async || {
            let found = bed.deliveries(&id).await;
            found.iter().all(|one| one.state() == DeliveryState::Succeeded)
        };
        eventually("it is noted", is_done).await;
        assert_eq!(replayed(replay).await, 1);
        eventually("it is noted", is_done).await;
        let until = ReplayDeliveriesRequest { until: Some(since), ..all.clone() };
        assert_eq!(replayed(until).await, 1);
        eventually("it is noted", is_done).await;
        assert_eq!(replayed(all).await, 2);
        eventually("all came", async || receiver.seen().len() == 6).await;
    }

    /// Whoever waits for hours is sent at once, and begins anew.
    async fn one_that_waits_is_sent_at_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(Answer::Status(429, "retry-after: 3600\r\n", "")).await;
        let id = bed.listen(&receiver.url()).await;
        bed.arrival().await;
        let delivery = bed.attempted(&id, 1).await;
        receiver.now(FINE);
        let replay = ReplayDeliveryRequest { webhook_id: id.clone(), delivery_id: delivery.delivery_id };
        bed.admin().replay_delivery(replay).await.unwrap();
        let delivery = bed.reaches(&id, DeliveryState::Succeeded).await;
        assert_eq!(delivery.attempts.len(), 2);
    }

    async fn a_test_is_sent_as_events_are(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let (webhook, secret) = bed.create(&receiver.url(), &["orders.v1.*"]).await.unwrap();
        let id = webhook.webhook_id;
        let test = TestWebhookRequest { webhook_id: id.clone() };
        let reply = bed.admin().test_webhook(test).await.unwrap().into_inner();
        let delivery = bed.reaches(&id, DeliveryState::Succeeded).await;
        assert_eq!(delivery.delivery_id, reply.delivery.unwrap().delivery_id);
        let seen = receiver.seen().remove(0);
        assert!(is_signed(&seen, &secret));
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        assert_eq!(body["type"], "notify.v1.Test");
        assert_eq!(body["data"]["webhookId"], id);
    }
}
