//! What becomes of an event, by what its receiver does.

use std::time::Duration;

use contracts::tradewind::notify::v1::{DeliveryState, WebhookDisabledReason, WebhookState};
use store::testing::eventually;

use crate::bed::{Bed, DELIVERED};
use crate::receiver::{Answer, FINE, Receiver};

const DAY: Duration = Duration::from_secs(24 * 3600);

store::on_both! {
    async fn one_that_is_taken_is_sent_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let id = bed.listen(&receiver.url()).await;
        bed.arrival().await;
        let delivery = bed.reaches(&id, DeliveryState::Succeeded).await;
        assert_eq!(delivery.event_type, DELIVERED);
        assert_eq!(delivery.next_attempt_time, None);
        assert_eq!(delivery.payload, receiver.seen()[0].body);
        let [attempt] = &delivery.attempts[..] else { panic!("{delivery:?}") };
        assert_eq!((attempt.status, attempt.answer.as_str()), (200, "thank you"));
        assert_eq!(attempt.error, "");
        assert_eq!(attempt.remote_address, format!("127.0.0.1:{}", receiver.port()));
        let succeeded = [("state", "SUCCEEDED")];
        let count = bed.metric("tradewind_webhook_delivery_transitions_total", &succeeded);
        assert_eq!(count, Some(1.0));
    }

    async fn whoever_has_not_asked_for_it_is_not_told(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let all = bed.create(&receiver.url(), &["*"]).await.unwrap().0.webhook_id;
        let others = ["orders.v1.*", "shipping.v1.ShipmentDispatched"];
        let others = bed.create(&receiver.url(), &others).await.unwrap().0.webhook_id;
        bed.arrival().await;
        bed.reaches(&all, DeliveryState::Succeeded).await;
        assert!(bed.deliveries(&others).await.is_empty());

        let either = ["payments.v1.*", "shipping.v1.*"];
        let either = bed.create(&receiver.url(), &either).await.unwrap().0.webhook_id;
        bed.arrival().await;
        bed.reaches(&either, DeliveryState::Succeeded).await;
        assert_eq!(bed.deliveries(&all).await.len(), 2);
        assert!(bed.deliveries(&others).await.is_empty());
    }

    async fn an_event_that_comes_twice_is_sent_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let id = bed.listen(&receiver.url()).await;
        let message = contracts::tradewind::shipping::v1::ShipmentDelivered::default();
        let event = bed.event(DELIVERED, "s-1", &message);
        bed.publish(&event).await;
        bed.publish(&event).await;
        bed.reaches(&id, DeliveryState::Succeeded).await;
        assert_eq!(receiver.seen().len(), 1);
    }

    async fn one_that_fails_is_tried_eight_times_and_given_up(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(Answer::Status(500, "", "broken")).await;
        let id = bed.listen(&receiver.url()).await;
        let event = bed.arrival().await.to_string();
        let hour = 3600;
        let least = [5, 300, 1800, 2 * hour, 5 * hour, 10 * hour, 10 * hour];
        for (before, pause) in least.into_iter().enumerate() {
            let delivery = bed.attempted(&id, before + 1).await;
            assert_eq!(delivery.state(), DeliveryState::Pending);
            let next = bed.pause(&delivery);
            assert!((pause..=pause + pause / 5).contains(&next), "{before}: {next}");
            bed.hands.advance(Duration::from_secs(u64::try_from(next).unwrap() + 1));
        }
        let delivery = bed.reaches(&id, DeliveryState::Exhausted).await;
        assert_eq!(delivery.attempts.len(), 8);
        assert!(delivery.attempts.iter().all(|one| one.status == 500 && one.answer == "broken"));
        assert!(receiver.seen().iter().all(|seen| seen.id() == event), "one id at every try");
        assert!(bed.webhook(&id).await.failing_since.is_some());

        receiver.now(FINE);
        bed.arrival().await;
        eventually("a success ends the failing", async || {
            bed.webhook(&id).await.failing_since.is_none()
        })
        .await;
    }

    async fn other_refusals_are_tried_again_as_receivers_have_bugs(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        for status in [400, 401, 404, 408, 422, 425, 429, 503] {
            let receiver = Receiver::always(Answer::Status(status, "", "")).await;
            let id = bed.listen(&receiver.url()).await;
            bed.arrival().await;
            let delivery = bed.attempted(&id, 1).await;
            assert_eq!(delivery.state(), DeliveryState::Pending, "{status}");
            assert_eq!(delivery.attempts[0].status, i32::from(status));
            let delete = contracts::tradewind::notify::v1::DeleteWebhookRequest { webhook_id: id };
            bed.admin().delete_webhook(delete).await.unwrap();
        }
    }

    async fn a_receiver_says_how_long_it_wants_to_be_left_alone(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let answer = Answer::Status(429, "retry-after: 900\r\n", "");
        let receiver = Receiver::always(answer).await;
        let id = bed.listen(&receiver.url()).await;
        bed.arrival().await;
        let delivery = bed.attempted(&id, 1).await;
        assert_eq!(bed.pause(&delivery), 900);
    }

    async fn a_receiver_that_is_gone_is_left_alone_for_good(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(Answer::Status(410, "", "")).await;
        let id = bed.listen(&receiver.url()).await;
        bed.arrival().await;
        bed.reaches(&id, DeliveryState::Discarded).await;
        let webhook = bed.webhook(&id).await;
        assert_eq!(webhook.state(), WebhookState::Disabled);
        assert_eq!(webhook.disabled_reason(), WebhookDisabledReason::Gone);
        assert_eq!(bed.events("notify.v1.WebhookDisabled", &id).await, 1);
        bed.arrival().await;
        let states: Vec<_> = bed.deliveries(&id).await.iter().map(|one| one.state()).collect();
        assert_eq!(states, [DeliveryState::Discarded; 2]);
        assert_eq!(receiver.seen().len(), 1);
    }

    async fn a_redirect_is_a_failure_and_leads_nowhere(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let elsewhere = Receiver::always(FINE).await;
        let header: &str = format!("location: {}\r\n", elsewhere.url()).leak();
        for status in [301, 302, 307, 308] {
            let receiver = Receiver::always(Answer::Status(status, header, "")).await;
            let id = bed.listen(&receiver.url()).await;
            bed.arrival().await;
            let delivery = bed.attempted(&id, 1).await;
            assert_eq!(delivery.state(), DeliveryState::Pending);
            assert_eq!(delivery.attempts[0].status, i32::from(status));
            let delete = contracts::tradewind::notify::v1::DeleteWebhookRequest { webhook_id: id };
            bed.admin().delete_webhook(delete).await.unwrap();
        }
        assert!(elsewhere.seen().is_empty());
    }

    async fn nobody_is_waited_for_beyond_the_time_of_an_attempt(database: TestDatabase) {
        let bed = Bed::hasty(&database).await;
        for (answer, status) in [(Answer::Hang, 0), (Answer::DripHead, 0), (Answer::Drip, 200)] {
            let receiver = Receiver::always(answer.clone()).await;
            let id = bed.listen(&receiver.url()).await;
            bed.arrival().await;
            let delivery = bed.attempted(&id, 1).await;
            assert_eq!(delivery.state(), DeliveryState::Pending, "{answer:?}");
            let attempt = &delivery.attempts[0];
            assert_eq!(attempt.status, status, "{answer:?}");
            assert!(attempt.error.contains("no complete answer within"), "{attempt:?}");
            let delete = contracts::tradewind::notify::v1::DeleteWebhookRequest { webhook_id: id };
            bed.admin().delete_webhook(delete).await.unwrap();
        }
    }

    async fn a_connection_that_breaks_off_is_a_failure_that_is_told_of(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        // Of an answer that is not whole there is a status already.
        for (answer, status) in [(Answer::Close, 0), (Answer::Short, 200)] {
            let receiver = Receiver::always(answer.clone()).await;
            let id = bed.listen(&receiver.url()).await;
            bed.arrival().await;
            let delivery = bed.attempted(&id, 1).await;
            assert_eq!(delivery.state(), DeliveryState::Pending, "{answer:?}");
            let attempt = &delivery.attempts[0];
            assert_eq!(attempt.status, status, "{answer:?}");
            assert_ne!(attempt.error, "", "{answer:?}");
            assert!(!attempt.error.contains("key=1"), "a URL may hold a secret");
            let delete = contracts::tradewind::notify::v1::DeleteWebhookRequest { webhook_id: id };
            bed.admin().delete_webhook(delete).await.unwrap();
        }
    }

    async fn an_answer_that_comes_byte_by_byte_and_in_time_is_as_good_as_any(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(Answer::Bytes).await;
        let id = bed.listen(&receiver.url()).await;
        bed.arrival().await;
        let delivery = bed.reaches(&id, DeliveryState::Succeeded).await;
        assert_eq!(delivery.attempts[0].answer, "thank you");
        assert_eq!(receiver.seen().len(), 1);
    }

    async fn of_a_long_answer_the_beginning_is_kept(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let long: &str = "a".repeat(200_000).leak();
        let receiver = Receiver::always(Answer::Status(200, "", long)).await;
        let id = bed.listen(&receiver.url()).await;
        bed.arrival().await;
        let delivery = bed.reaches(&id, DeliveryState::Succeeded).await;
        assert_eq!(delivery.attempts[0].answer, "a".repeat(1024));
    }

    async fn five_days_of_nothing_but_failures_disable_a_webhook(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(Answer::Status(500, "", "")).await;
        let id = bed.listen(&receiver.url()).await;
        bed.arrival().await;
        bed.attempted(&id, 1).await;
        bed.hands.advance(5 * DAY - Duration::from_secs(60));
        bed.attempted(&id, 2).await;
        assert_eq!(bed.webhook(&id).await.state(), WebhookState::Enabled);
        bed.hands.advance(Duration::from_secs(3600));
        eventually("it is disabled", async || {
            bed.webhook(&id).await.state() == WebhookState::Disabled
        })
        .await;
        let webhook = bed.webhook(&id).await;
        assert_eq!(webhook.disabled_reason(), WebhookDisabledReason::Failing);
        assert_eq!(bed.delivery(&id).await.state(), DeliveryState::Discarded);
        assert_eq!(bed.events("notify.v1.WebhookDisabled", &id).await, 1);
    }
}
