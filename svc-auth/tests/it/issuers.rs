//! Access tokens of issuers that are trusted.

use std::time::Duration;

use contracts::Event as _;
use contracts::tradewind::users::v1::{UserRolesTaken, UserState};
use runtime::call::Token;
use runtime::email_verification::EmailVerification;
use runtime::status::Reason;
use serde_json::{Value, json};
use store::testing::{TestDatabase, refused};
use tonic::Code;

use crate::access_tokens::{is_revoked, redeem};
use crate::bed::{Bed, Common};
use crate::external::{identities, link, unlink, with_password};
use crate::provider::Provider;
use crate::second_factor::ADA;

/// A service beside an issuer that it trusts so, and that people sign in with.
async fn start(database: &TestDatabase, trust: &Value) -> (Bed, Provider) {
    let common = Common::new();
    let provider = Provider::start(&common.mesh.clock).await;
    let bed = Bed::replica(database, common, |config| {
        config.identity_providers = provider.settings();
        config.trusted_issuers = provider.trusted(trust);
        config.email_verification = EmailVerification::BeforeLogin;
    });
    (bed.await.expect("the service starts"), provider)
}

/// What is said of Ada, and nobody has to doubt.
fn ada() -> Value {
    json!({"sub": "4711", "email": ADA, "email_verified": true, "name": "Ada Lovelace"})
}

/// What is said of her, and this besides or instead.
fn ada_with(name: &str, value: impl Into<Value>) -> Value {
    let mut said = ada();
    said[name] = value.into();
    said
}

store::on_both! {
    async fn a_token_of_a_trusted_issuer_stands_for_the_account_that_its_subject_has_opened(
        database: TestDatabase
    ) {
        let (bed, issuer) = start(&database, &json!({"openAccounts": true})).await;
        let unverified = issuer.access_token(&ada_with("email_verified", false));
        refused(redeem(&bed, &unverified).await, Reason::TokenInvalid);

        let given = redeem(&bed, &issuer.access_token(&ada())).await.unwrap();
        let user = bed.verify(&given).await.unwrap();
        assert!(user.is_script, "it opens what is for scripts alone");
        assert_eq!(user.roles.to_vec(), ["user"]);
        let account = bed.users.of(ADA).unwrap();
        assert_eq!((account.user_id, account.email_verified), (user.id.to_string(), true));

        // Whatever is said of the address by then, and for no longer than theirs.
        let now = bed.common.mesh.clock.now();
        let brief = json!({"sub": "4711", "exp": now.timestamp() + 20});
        let given = redeem(&bed, &issuer.access_token(&brief)).await.unwrap();
        assert_eq!(bed.verify(&given).await.unwrap().id, user.id);
        assert_eq!(Token::from(given).expire_time(), Some(now + Duration::from_secs(20)));
        assert_eq!(issuer.looks(), 1);

        // An account that has the address is nobody's but its owner's.
        let (_, access_token) = with_password(&bed, "eve@example.com").await;
        let eve = json!({"sub": "7", "email": "eve@example.com", "email_verified": true});
        refused(redeem(&bed, &issuer.access_token(&eve)).await, Reason::TokenInvalid);
        assert!(identities(&bed, &access_token).await.is_empty());
    }

    async fn a_token_that_proves_nothing_stands_for_nobody(database: TestDatabase) {
        let trust = json!({"openAccounts": true, "algorithms": ["EdDSA", "ES256"]});
        let (bed, issuer) = start(&database, &trust).await;
        let now = bed.common.mesh.clock.now().timestamp();
        for (name, value) in [
            ("iss", json!("https://id.example")),
            ("aud", json!("shop")),
            ("aud", json!([])),
            ("sub", json!("")),
            ("sub", json!(7)),
            ("typ", json!("logout+jwt")),
            ("nbf", json!(now + 120)),
            ("exp", json!(null)),
            ("kid", json!("2")),
        ] {
            let token = issuer.access_token(&ada_with(name, value.clone()));
            let status = refused(redeem(&bed, &token).await, Reason::TokenInvalid);
            assert_eq!(status.code(), Code::Unauthenticated, "{name}: {value}");
        }
        // A key that is not known makes the keys be read again, and not each time.
        let unknown = issuer.access_token(&ada_with("kid", "3"));
        refused(redeem(&bed, &unknown).await, Reason::TokenInvalid);
        assert!(issuer.looks() <= 2, "{}", issuer.looks());
        let expired = issuer.access_token(&ada_with("exp", now));
        refused(redeem(&bed, &expired).await, Reason::TokenExpired);
        refused(redeem(&bed, "no token").await, Reason::TokenInvalid);

        let good = issuer.access_token(&ada());
        let (head, signature) = good.rsplit_once('.').unwrap();
        refused(redeem(&bed, &format!("{head}.")).await, Reason::TokenInvalid);
        let cut = &signature[..signature.len() - 4];
        refused(redeem(&bed, &format!("{head}.{cut}AAAA")).await, Reason::TokenInvalid);
        issuer.lose_its_key();
        let forged = issuer.access_token(&ada());
        refused(redeem(&bed, &forged).await, Reason::TokenInvalid);
        assert!(bed.users.of(ADA).is_none());
        redeem(&bed, &good).await.unwrap();
    }

    async fn roles_are_those_that_the_account_holds_and_the_issuers_words_are_made_to_mean(
        database: TestDatabase
    ) {
        let trust = json!({
            "openAccounts": true,
            "rolesClaim": "/realm/roles",
            "roles": {"boss": "admin"},
        });
        let (bed, issuer) = start(&database, &trust).await;
        let (boss, other) = (json!({"roles": ["boss"]}), json!({"roles": ["admin", "clerk"]}));
        let [boss, other] = [boss, other].map(|realm| issuer.access_token(&ada_with("realm", realm)));
        let roles = async |token: &str| {
            let given = redeem(&bed, token).await.unwrap();
            bed.verify(&given).await.unwrap().roles.to_vec()
        };
        assert_eq!(roles(&boss).await, ["user"], "nobody becomes one by it");
        let user_id = bed.users.of(ADA).unwrap().user_id;
        bed.users.change(&user_id, |user| user.roles.push("admin".into()));
        assert_eq!(roles(&boss).await, ["user", "admin"]);
        assert_eq!(roles(&other).await, ["user"]);
    }

    async fn what_was_given_for_a_token_ends_with_the_link_and_with_a_role_and_the_account(
        database: TestDatabase
    ) {
        let (bed, issuer) = start(&database, &json!({})).await;
        let token = issuer.access_token(&ada());
        refused(redeem(&bed, &token).await, Reason::TokenInvalid);
        let (user_id, access_token) = with_password(&bed, ADA).await;
        let linked = link(&bed, &issuer, &access_token, ada()).await.unwrap();

        // There is another one after a role was taken.
        let first = redeem(&bed, &token).await.unwrap();
        let again = redeem(&bed, &token).await.unwrap();
        let session = bed.verify(&first).await.unwrap().session_id;
        assert_eq!(bed.verify(&again).await.unwrap().session_id, session);
        let taken = UserRolesTaken {
            user_id: user_id.clone(),
            version: 3,
            ..UserRolesTaken::default()
        };
        bed.tell(UserRolesTaken::SUBJECT, &user_id, &taken).await;
        is_revoked(&bed, &first).await;
        let second = redeem(&bed, &token).await.unwrap();
        bed.verify(&second).await.unwrap();

        bed.users.change(&user_id, |user| user.state = UserState::Deactivated.into());
        refused(redeem(&bed, &token).await, Reason::AccountInactive);
        bed.users.change(&user_id, |user| user.state = UserState::Active.into());

        let session = bed.login(ADA, crate::bed::PASSWORD).await.unwrap();
        unlink(&bed, &session.access_token, &linked.external_identity_id).await.unwrap();
        is_revoked(&bed, &second).await;
        refused(redeem(&bed, &token).await, Reason::TokenInvalid);
    }

    async fn an_issuer_that_does_not_answer_is_unavailable_and_takes_nothing_else_down(
        database: TestDatabase
    ) {
        let nowhere = json!({"jwksUri": "http://127.0.0.1:1/keys"});
        let (bed, issuer) = start(&database, &nowhere).await;
        let status = refused(
            redeem(&bed, &issuer.access_token(&ada())).await,
            Reason::DependencyUnavailable
        );
        assert_eq!(status.code(), Code::Unavailable);
        with_password(&bed, ADA).await;
    }
}
