use std::time::Duration;

use contracts::tradewind::auth::v1::GetJwksRequest;
use net::random::Random;
use runtime::seal::EncryptionKey;
use runtime::services::AUTHORITY;
use store::testing::{TestDatabase, eventually};

use crate::bed::{Bed, Common, PASSWORD};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn key_ids(bed: &Bed) -> Vec<String> {
    let reply = bed
        .anybody()
        .get_jwks(GetJwksRequest {})
        .await
        .unwrap()
        .into_inner();
    for key in &reply.keys {
        assert_eq!(
            (key.kty.as_str(), key.crv.as_str(), key.alg.as_str()),
            ("OKP", "Ed25519", "EdDSA")
        );
    }
    reply.keys.into_iter().map(|key| key.kid).collect()
}

store::on_both! {
    async fn replicas_share_their_keys_also_with_those_that_start_later(database: TestDatabase) {
        let common = Common::new();
        let one = Bed::replica(&database, common.clone(), |_| {}).await.unwrap();
        let ada = one.register("ada@example.com").await.unwrap();
        let two = Bed::replica(&database, common, |_| {}).await.unwrap();
        assert_eq!(key_ids(&one).await, key_ids(&two).await);
        assert_eq!(two.sessions(&ada.access_token).await.unwrap().len(), 1);
        two.refresh(&ada.refresh_token).await.unwrap();
    }

    async fn keys_turn_and_overlap(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register("ada@example.com").await.unwrap();
        let first = key_ids(&bed).await;
        assert_eq!(first.len(), 1);

        // The successor is published before it signs.
        bed.time.advance(30 * DAY - Duration::from_secs(300));
        eventually("there is a successor", async || { key_ids(&bed).await.len() == 2 }).await;
        let old = bed.login("ada@example.com", PASSWORD).await.unwrap();
        let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        assert_eq!(kid(&old.access_token), first[0]);

        bed.time.advance(Duration::from_secs(600));
        eventually("the successor signs", async || {
            let new = bed.login("ada@example.com", PASSWORD).await.unwrap();
            kid(&new.access_token) != first[0]
        }).await;
        // What the old key signed still holds.
        bed.verify(&old.access_token).await.unwrap();

        bed.time.advance(Duration::from_secs(2 * 60 * 60));
        let gone = || async { !key_ids(&bed).await.contains(&first[0]) };
        eventually("the old key is gone", gone).await;
        assert_eq!(key_ids(&bed).await.len(), 1);
    }

    async fn with_another_encryption_key_the_service_does_not_start(database: TestDatabase) {
        let common = Common::new();
        Bed::replica(&database, common.clone(), |_| {}).await.unwrap().stop().await;
        let other = Common { key: EncryptionKey::generate(AUTHORITY, &Random::system()), ..common };
        let Err(error) = Bed::replica(&database, other, |_| {}).await else { panic!("it starts") };
        assert!(error.to_string().contains("sealed under another key"), "{error}");
    }

    async fn the_encryption_key_is_replaced_without_ending_a_session(database: TestDatabase) {
        let old = Common::new();
        let bed = Bed::replica(&database, old.clone(), |_| {}).await.unwrap();
        let first = bed.register("ada@example.com").await.unwrap();
        bed.stop().await;

        let new = Common { key: EncryptionKey::generate(AUTHORITY, &Random::system()), ..old.clone() };
        let both = |config: &mut svc_auth::Config| {
            config.signing_key_encryption_key_previous = Some(old.key.to_base64());
        };
        let bed = Bed::replica(&database, new.clone(), both).await.unwrap();
        bed.verify(&first.access_token).await.unwrap();
        let second = bed.refresh(&first.refresh_token).await.unwrap();
        bed.stop().await;

        let bed = Bed::replica(&database, new, |_| {}).await.unwrap();
        bed.verify(&second.access_token).await.unwrap();
        bed.refresh(&second.refresh_token).await.unwrap();
    }

    async fn no_private_key_is_stored_in_the_clear(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        // Nonce, sealed seed and tag: 12 + 32 + 16 bytes.
        let sql = "signing_keys WHERE length(sealed_seed) = 60";
        assert_eq!(bed.count(sql).await, 1);
    }
}

/// Of SQLite there is one process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_at_once_make_one_key() {
    let (database, common) = (TestDatabase::postgres(), Common::new());
    let (one, two) = tokio::join!(
        Bed::replica(&database, common.clone(), |_| {}),
        Bed::replica(&database, common, |_| {}),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(key_ids(&one).await.len(), 1);
    assert_eq!(key_ids(&one).await, key_ids(&two).await);
}
