//! Webhooks, from the first to the last day.

use contracts::tradewind::notify::v1::{
    CreateWebhookRequest, DeleteWebhookRequest, DisableWebhookRequest, EnableWebhookRequest,
    GetWebhookRequest, ListWebhooksRequest, UpdateWebhookRequest, Webhook, WebhookDisabledReason,
    WebhookState,
};
use prost_types::FieldMask;
use runtime::status::Reason;
use store::testing::{fields, keyed, refused};
use uuid::Uuid;

use crate::bed::{Bed, Client, DELIVERED};

const URL: &str = "http://127.0.0.1:9/hooks";

store::on_both! {
    async fn a_webhook_is_made_listed_changed_and_deleted(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let (made, secret) = bed.create(URL, &["orders.v1.*"]).await.unwrap();
        assert_eq!((made.url.as_str(), made.state()), (URL, WebhookState::Enabled));
        assert!(secret.starts_with("whsec_"), "its owner is told the secret");
        let (second, _) = bed.create(URL, &["*"]).await.unwrap();

        let page = async |page_token: String| {
            let request = ListWebhooksRequest { page_size: 1, page_token };
            bed.admin().list_webhooks(request).await.unwrap().into_inner()
        };
        let first = page(String::new()).await;
        assert_eq!(first.webhooks, [second]);
        let last = page(first.next_page_token).await;
        assert_eq!((last.webhooks, last.next_page_token.as_str()), (vec![made.clone()], ""));

        let changed = Webhook { description: "books".into(), url: "no".into(), ..made.clone() };
        let update = |etag: &str| UpdateWebhookRequest {
            webhook: Some(Webhook { etag: etag.into(), ..changed.clone() }),
            update_mask: Some(FieldMask { paths: vec!["description".into()] }),
        };
        let reply = bed.admin().update_webhook(keyed(update(&made.etag), "one")).await.unwrap();
        let updated = reply.into_inner().webhook.unwrap();
        assert_eq!((updated.description.as_str(), updated.url.as_str()), ("books", URL));
        let again = bed.admin().update_webhook(keyed(update(&made.etag), "one")).await.unwrap();
        assert_eq!(again.into_inner().webhook.unwrap(), updated, "a repetition is answered the same");
        let stale = bed.admin().update_webhook(update(&made.etag)).await;
        refused(stale, Reason::EtagMismatch);

        let id = made.webhook_id.clone();
        let delete = DeleteWebhookRequest { webhook_id: id.clone() };
        bed.admin().delete_webhook(delete.clone()).await.unwrap();
        let gone = bed.admin().get_webhook(GetWebhookRequest { webhook_id: id.clone() }).await;
        refused(gone, Reason::ResourceNotFound);
        refused(bed.admin().delete_webhook(delete).await, Reason::ResourceNotFound);
        assert_eq!(page(String::new()).await.webhooks.len(), 1);
        assert_eq!(bed.count("webhook_secrets").await, 1, "its secret is forgotten");
    }

    async fn a_secret_is_stored_sealed_and_told_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let (made, secret) = bed.create(URL, &["*"]).await.unwrap();
        let mut tx = bed.read().await;
        let sql = "SELECT sealed FROM webhook_secrets";
        let (sealed,) = store::fetch_one!(tx, (Vec<u8>,), sql).unwrap();
        drop(tx);
        let shown = format!("{:?} {sealed:?}", bed.webhook(&made.webhook_id).await);
        assert!(!shown.contains(&secret["whsec_".len()..]), "{shown}");
        let bytes = crate::signing::bytes(&secret);
        assert!(!sealed.windows(bytes.len()).any(|window| window == bytes));
    }

    async fn what_names_no_event_is_refused(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        for wrong in [&["orders.v1.OrderLost"][..], &["order*"], &["auth.v1.SessionsRevoked"], &[]] {
            let status = refused(bed.create(URL, wrong).await, Reason::InvalidField);
            assert_eq!(fields(&status), ["webhook.eventTypes"], "{wrong:?}");
        }
        let none = bed.admin().create_webhook(CreateWebhookRequest::default()).await;
        refused(none, Reason::InvalidField);
        assert_eq!(bed.count("webhooks").await, 0);
    }

    async fn nobody_but_administrators_sees_or_makes_one(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let mut user = Client::new(bed.as_user(Uuid::from_u128(8), &["user"]));
        let list = user.list_webhooks(ListWebhooksRequest::default()).await;
        refused(list, Reason::AccessDenied);
        let create = user.create_webhook(CreateWebhookRequest::default()).await;
        refused(create, Reason::AccessDenied);
    }

    async fn one_that_is_disabled_is_enabled_again(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.create(URL, &[DELIVERED]).await.unwrap().0.webhook_id;
        let disable = DisableWebhookRequest { webhook_id: id.clone() };
        for _ in 0..2 {
            let reply = bed.admin().disable_webhook(disable.clone()).await.unwrap();
            let webhook = reply.into_inner().webhook.unwrap();
            assert_eq!(webhook.state(), WebhookState::Disabled);
            assert_eq!(webhook.disabled_reason(), WebhookDisabledReason::Requested);
        }
        let enable = EnableWebhookRequest { webhook_id: id.clone() };
        for _ in 0..2 {
            let reply = bed.admin().enable_webhook(enable.clone()).await.unwrap();
            let webhook = reply.into_inner().webhook.unwrap();
            assert_eq!(webhook.state(), WebhookState::Enabled);
            assert_eq!(webhook.disabled_reason(), WebhookDisabledReason::Unspecified);
        }
        assert_eq!(bed.events("notify.v1.WebhookDisabled", &id).await, 0, "who asked for it knows");
    }
}
