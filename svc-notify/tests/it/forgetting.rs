//! What is kept for a time only.

use std::time::Duration;

use contracts::tradewind::notify::v1::{DeleteWebhookRequest, DeliveryState};
use store::testing::eventually;

use crate::bed::Bed;
use crate::receiver::{FINE, Receiver};

const DAY: Duration = Duration::from_secs(24 * 3600);

store::on_both! {
    async fn what_was_sent_long_ago_is_forgotten(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let kept = bed.listen(&receiver.url()).await;
        let deleted = bed.listen(&receiver.url()).await;
        bed.arrival().await;
        bed.reaches(&kept, DeliveryState::Succeeded).await;
        bed.reaches(&deleted, DeliveryState::Succeeded).await;
        let delete = DeleteWebhookRequest { webhook_id: deleted };
        bed.admin().delete_webhook(delete).await.unwrap();
        bed.hands.advance(29 * DAY);
        bed.arrival().await;
        eventually("it is sent", async || receiver.seen().len() == 3).await;
        eventually("it is noted", async || bed.count("attempts").await == 3).await;

        bed.hands.advance(2 * DAY);
        let bed = Box::pin(bed.again(&database)).await;
        eventually("the old ones are gone", async || bed.count("deliveries").await == 1).await;
        eventually("and what came of them", async || bed.count("attempts").await == 1).await;
        eventually("and the webhook that was deleted", async || {
            bed.count("webhooks").await == 1
        })
        .await;
        assert_eq!(bed.deliveries(&kept).await.len(), 1);
    }
}
