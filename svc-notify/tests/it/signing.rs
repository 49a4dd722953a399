//! Signatures, held against an implementation that is not the service's: RFC 2104 over SHA-256.

use contracts::tradewind::notify::v1::{DeliveryState, RotateWebhookSecretRequest};
use runtime::status::Reason;
use sha2::{Digest as _, Sha256};
use store::testing::refused;

use crate::bed::{Bed, DELIVERED};
use crate::receiver::{FINE, Receiver, Seen};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn from_base64(text: &str) -> Vec<u8> {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for sign in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|one| *one == sign).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

/// The key that a secret stands for.
pub(crate) fn bytes(secret: &str) -> Vec<u8> {
    from_base64(secret.strip_prefix("whsec_").unwrap())
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let pad = |with: u8| {
        let mut padded = [with; 64];
        padded
            .iter_mut()
            .zip(key)
            .for_each(|(byte, key)| *byte ^= key);
        padded
    };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(text)
        .finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner);
    outer.finalize().to_vec()
}

/// Whether one of the signatures of a request is of this secret.
pub(crate) fn is_signed(seen: &Seen, secret: &str) -> bool {
    let (id, time) = (seen.id(), seen.header("webhook-timestamp"));
    let expected = hmac(&bytes(secret), &format!("{id}.{time}.{}", seen.body));
    let signatures = seen.header("webhook-signature").split(' ');
    signatures
        .filter_map(|one| one.strip_prefix("v1,"))
        .any(|one| from_base64(one) == expected)
}

store::on_both! {
    async fn what_is_sent_is_signed_and_tells_nothing_but_ids_and_versions(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let (webhook, secret) = bed.create(&receiver.url(), &[DELIVERED]).await.unwrap();
        let event = bed.arrival().await;
        bed.reaches(&webhook.webhook_id, DeliveryState::Succeeded).await;

        let [seen] = &receiver.seen()[..] else { panic!("{:?}", receiver.seen()) };
        assert_eq!(seen.path, "/hooks?key=1");
        assert_eq!(seen.id(), event.to_string());
        assert_eq!(seen.header("content-type"), "application/json");
        let now = bed.node.clock.now().timestamp().to_string();
        assert_eq!(seen.header("webhook-timestamp"), now);
        assert!(is_signed(seen, &secret), "{seen:?}");
        assert!(!is_signed(seen, "whsec_AAAA"));
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        assert_eq!(body["type"], DELIVERED);
        let mut names: Vec<_> = body["data"].as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["orderId", "shipmentId", "version"]);
    }

    async fn a_secret_that_was_replaced_signs_for_a_day(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let receiver = Receiver::always(FINE).await;
        let (webhook, old) = bed.create(&receiver.url(), &[DELIVERED]).await.unwrap();
        let rotate = RotateWebhookSecretRequest { webhook_id: webhook.webhook_id.clone() };
        let new = bed.admin().rotate_webhook_secret(rotate.clone()).await.unwrap().into_inner();
        let until = bed.node.clock.now().timestamp() + 24 * 3600;
        assert_eq!(new.previous_until.unwrap().seconds, until);

        let last = async |count: usize| {
            bed.arrival().await;
            let arrived = async || receiver.seen().len() == count;
            store::testing::eventually("it arrives", arrived).await;
            receiver.seen().pop().unwrap()
        };
        let seen = last(1).await;
        assert!(is_signed(&seen, &old) && is_signed(&seen, &new.secret));
        bed.hands.advance(std::time::Duration::from_secs(24 * 3600));
        let seen = last(2).await;
        assert!(!is_signed(&seen, &old) && is_signed(&seen, &new.secret));

        for _ in 0..4 {
            bed.admin().rotate_webhook_secret(rotate.clone()).await.unwrap();
        }
        let often = bed.admin().rotate_webhook_secret(rotate).await;
        refused(often, Reason::InvalidState);
    }
}
