//! Whose receiver is slow or dead waits for itself alone.

use std::time::Duration;

use contracts::tradewind::notify::v1::DeliveryState;
use store::testing::eventually;

use crate::bed::{Bed, config};
use crate::receiver::{Answer, FINE, Receiver};

store::on_both! {
    /// Those that hang would hold their places for an hour.
    async fn dead_receivers_slow_nobody_else(database: TestDatabase) {
        let mut config = config(&database);
        config.webhooks.webhook_timeout = Duration::from_secs(3600);
        config.webhooks.webhook_lease = Duration::from_secs(7200);
        config.webhooks.webhook_concurrency = 16;
        config.webhooks.webhook_concurrency_each = 4;
        let bed = Bed::with(&database, config).await;
        let dead = Receiver::always(Answer::Hang).await;
        for _ in 0..3 {
            bed.listen(&dead.url()).await;
        }
        let living = Receiver::always(FINE).await;
        let id = bed.listen(&living.url()).await;
        const EVENTS: usize = 20;
        for _ in 0..EVENTS {
            bed.arrival().await;
        }
        eventually("all came to the living", async || living.seen().len() == EVENTS).await;
        eventually("and are noted", async || {
            let all = bed.deliveries(&id).await;
            all.iter().all(|one| one.state() == DeliveryState::Succeeded)
        })
        .await;
        assert!(dead.seen().len() <= 12, "each dead one holds its own places");
    }

    async fn a_receiver_gets_no_more_at_once_than_it_may(database: TestDatabase) {
        let mut config = config(&database);
        config.webhooks.webhook_timeout = Duration::from_secs(3600);
        config.webhooks.webhook_lease = Duration::from_secs(7200);
        config.webhooks.webhook_concurrency_each = 3;
        let bed = Bed::with(&database, config).await;
        let dead = Receiver::always(Answer::Hang).await;
        bed.listen(&dead.url()).await;
        for _ in 0..9 {
            bed.arrival().await;
        }
        eventually("it has what it may", async || dead.seen().len() == 3).await;
        let living = Receiver::always(FINE).await;
        bed.listen(&living.url()).await;
        bed.arrival().await;
        eventually("others have theirs", async || living.seen().len() == 1).await;
        assert_eq!(dead.seen().len(), 3);
    }
}
