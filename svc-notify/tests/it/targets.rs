//! Nobody has the shop call what only somebody inside can reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contracts::tradewind::notify::v1::{DeliveryState, UpdateWebhookRequest, Webhook};
use runtime::status::Reason;
use store::testing::{fields, refused};
use svc_notify::{Config, Names, Ports};

use crate::bed::{Bed, config};
use crate::receiver::{FINE, Receiver};

/// Names mean this address; of each look-up it is told which it is, from 1.
fn names(config: &mut Config, address: impl Fn(usize) -> &'static str + Send + Sync + 'static) {
    let asked = Arc::new(AtomicUsize::new(0));
    config.names = Names::by(move |_| {
        let address = address(asked.fetch_add(1, Ordering::Relaxed) + 1);
        Box::pin(async move { Ok(vec![address.parse().unwrap()]) })
    });
}

store::on_both! {
    async fn a_url_that_leads_inside_is_refused_however_it_is_written(database: TestDatabase) {
        let mut config = config(&database);
        config.webhooks.webhook_allowed_networks.clear();
        config.webhooks.webhook_allow_http = false;
        config.webhooks.webhook_ports = Ports::These(vec![443]);
        names(&mut config, |_| "10.0.0.1");
        let bed = Bed::with(&database, config).await;
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::ffff:169.254.169.254]/",
            "https://inside.example/",
            "http://shop.example/",
            "https://1.1.1.1:22/",
            "https://ada:secret@1.1.1.1/",
            "no url",
            "",
        ] {
            let status = refused(bed.create(url, &["*"]).await, Reason::WebhookTargetRefused);
            assert_eq!(fields(&status), ["webhook.url"], "{url}");
            assert!(!status.message().contains("secret"), "{status:?}");
        }
        let (webhook, _) = bed.create("https://1.1.1.1/", &["notify.v1.*"]).await.unwrap();
        let update = UpdateWebhookRequest {
            webhook: Some(Webhook { url: "https://inside.example/".into(), ..webhook.clone() }),
            update_mask: None,
        };
        refused(bed.admin().update_webhook(update).await, Reason::WebhookTargetRefused);
        assert_eq!(bed.webhook(&webhook.webhook_id).await, webhook);
    }

    /// A name that was fine when the webhook was made, and leads inside when an event is sent.
    async fn a_name_is_checked_at_each_connection(database: TestDatabase) {
        let mut config = config(&database);
        config.webhooks.webhook_allowed_networks.clear();
        names(&mut config, |time| if time == 1 { "1.1.1.1" } else { "127.0.0.1" });
        let bed = Bed::with(&database, config).await;
        let inside = Receiver::always(FINE).await;
        let url = format!("http://rebinding.example:{}/", inside.port());
        let id = bed.listen(&url).await;
        bed.arrival().await;
        let delivery = bed.attempted(&id, 1).await;
        assert_eq!(delivery.state(), DeliveryState::Pending);
        let attempt = &delivery.attempts[0];
        assert!(attempt.error.contains("127.0.0.1"), "{attempt:?}");
        assert_eq!(attempt.status, 0);
        assert!(inside.seen().is_empty(), "{:?}", inside.seen());
        let outcome = [("outcome", "forbidden")];
        let metric = "tradewind_webhook_attempt_duration_seconds_count";
        assert_eq!(bed.metric(metric, &outcome), Some(1.0));
    }

    /// The connection goes to the address that was checked, not to what the name means a moment later.
    async fn a_connection_goes_where_it_was_checked(database: TestDatabase) {
        let mut config = config(&database);
        names(&mut config, |time| if time <= 2 { "127.0.0.1" } else { "10.0.0.1" });
        let bed = Bed::with(&database, config).await;
        let receiver = Receiver::always(FINE).await;
        let id = bed.listen(&format!("http://shop.example:{}/", receiver.port())).await;
        bed.arrival().await;
        bed.reaches(&id, DeliveryState::Succeeded).await;
        let host = format!("shop.example:{}", receiver.port());
        assert_eq!(receiver.seen()[0].header("host"), host);
    }

    async fn an_address_that_is_allowed_no_more_gets_nothing(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let id = bed.listen(&receiver.url()).await;
        let mut stricter = bed.config.clone();
        stricter.webhooks.webhook_allowed_networks.clear();
        bed.arrival().await;
        bed.reaches(&id, DeliveryState::Succeeded).await;
        let bed = bed.restarted(&database, stricter).await;
        bed.arrival().await;
        store::testing::eventually("it is refused", async || {
            bed.count("attempts WHERE error LIKE '%127.0.0.1%'").await == 1
        })
        .await;
        assert_eq!(receiver.seen().len(), 1);
    }
}
