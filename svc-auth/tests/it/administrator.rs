//! The first administrator, and the one-time token that sets a password.

use std::time::Duration;

use contracts::tradewind::auth::v1::{
    ChangePasswordRequest, LoginOperatorRequest, ResetPasswordRequest,
};
use runtime::identity::{AssertionClaims, Signer};
use runtime::status::{Reason, retry_delay};
use secrecy::ExposeSecret as _;
use store::testing::{TestDatabase, eventually, refused};
use svc_auth::{Config, Invitation, OPERATOR};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::bed::{Bed, Common};

const ROOT: &str = "root@example.com";
const NEW: &str = "seven green lamps";

/// A process that shows the link; its token, if there is one.
async fn start(database: &TestDatabase, common: Common, invitation: Invitation) -> Bed {
    let change = |config: &mut Config| {
        config.admin_email = Some(ROOT.into());
        config.invitation = Some(invitation);
    };
    let bed = Bed::replica(database, common, change)
        .await
        .expect("the service starts");
    let opened = || async {
        bed.time.advance(Duration::from_secs(1));
        bed.users.of(ROOT).is_some()
    };
    eventually("the account is opened", opened).await;
    bed
}

fn token(invitation: &Invitation) -> String {
    let token = invitation.token().expect("there is a link");
    token.expose_secret().to_owned()
}

async fn reset(bed: &Bed, token: &str, password: &str) -> Result<(), Status> {
    let request = ResetPasswordRequest {
        token: token.into(),
        new_password: password.into(),
    };
    bed.anybody().reset_password(request).await.map(drop)
}

fn assertion(common: &Common, name: &str, signer: &Signer) -> LoginOperatorRequest {
    let now = common.mesh.clock.now().timestamp();
    let client_assertion = signer.sign(&AssertionClaims {
        iss: name.into(),
        sub: name.into(),
        aud: "tradewind".into(),
        iat: now,
        exp: now + 60,
        jti: Uuid::now_v7(),
    });
    LoginOperatorRequest { client_assertion }
}

store::on_both! {
    async fn the_first_administrator_chooses_a_password_by_a_link_once(database: TestDatabase) {
        let invitation = Invitation::default();
        let bed = start(&database, Common::new(), invitation.clone()).await;
        let token = token(&invitation);
        assert!(token.len() >= 22, "128 bits at least");
        assert!(!format!("{invitation:?}").contains(&token));
        for guess in ["", &token, NEW] {
            bed.login(ROOT, guess).await.unwrap_err();
        }
        let status = refused(reset(&bed, &token[1..], NEW).await, Reason::ResetTokenInvalid);
        assert_eq!(status.code(), Code::Unauthenticated);

        reset(&bed, &token, NEW).await.unwrap();
        let root = bed.login(ROOT, NEW).await.unwrap();
        assert!(bed.verify(&root.access_token).await.unwrap().has_role("admin"));
        refused(reset(&bed, &token, "another password").await, Reason::ResetTokenInvalid);
        bed.login(ROOT, NEW).await.unwrap();
        let written = "audit_events WHERE action = 'RESET_PASSWORD'";
        assert_eq!(bed.count(written).await, 3);
    }

    async fn a_weak_password_by_link_is_told_and_the_link_stays_good(database: TestDatabase) {
        let invitation = Invitation::default();
        let bed = start(&database, Common::new(), invitation.clone()).await;
        let token = token(&invitation);
        for weak in ["password", ROOT, "tradewind 1", "        "] {
            let status = refused(reset(&bed, &token, weak).await, Reason::InvalidField);
            assert!(status.message().starts_with("newPassword: is "), "{status:?}");
        }
        reset(&bed, &token, NEW).await.unwrap();
        bed.login(ROOT, NEW).await.unwrap();
    }

    async fn each_start_gives_a_new_link_until_one_is_used(database: TestDatabase) {
        let (first, second, third) =
            (Invitation::default(), Invitation::default(), Invitation::default());
        let common = Common::new();
        start(&database, common.clone(), first.clone()).await.stop().await;
        let bed = start(&database, common.clone(), second.clone()).await;
        refused(reset(&bed, &token(&first), NEW).await, Reason::ResetTokenInvalid);
        reset(&bed, &token(&second), NEW).await.unwrap();
        bed.stop().await;
        start(&database, common, third.clone()).await;
        assert!(third.token().is_none());
    }

    async fn a_link_is_good_for_a_day(database: TestDatabase) {
        let invitation = Invitation::default();
        let bed = start(&database, Common::new(), invitation.clone()).await;
        bed.advance(Duration::from_secs(24 * 60 * 60)).await;
        refused(reset(&bed, &token(&invitation), NEW).await, Reason::ResetTokenInvalid);
        let gone = || async { bed.count("password_resets").await == 0 };
        eventually("it is removed", gone).await;
    }

    async fn of_many_that_use_a_link_one_succeeds(database: TestDatabase) {
        let invitation = Invitation::default();
        let bed = start(&database, Common::new(), invitation.clone()).await;
        let token = token(&invitation);
        let passwords: Vec<String> = (0..6).map(|n| format!("green lamps no. {n}")).collect();
        let attempts = passwords.iter().map(|password| reset(&bed, &token, password));
        let outcomes = futures::future::join_all(attempts).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let winner = outcomes.iter().position(Result::is_ok).unwrap();
        bed.login(ROOT, &passwords[winner]).await.unwrap();
    }

    async fn a_new_password_by_link_ends_all_sessions(database: TestDatabase) {
        let common = Common::new();
        let given = |config: &mut Config| {
            config.admin_email = Some(ROOT.into());
            config.admin_password = Some("first password".into());
        };
        let bed = Bed::replica(&database, common.clone(), given).await.unwrap();
        let opened = || async {
            bed.time.advance(Duration::from_secs(1));
            bed.users.of(ROOT).is_some()
        };
        eventually("the account is opened", opened).await;
        bed.stop().await;

        // Whoever has a password is asked for another one only on demand.
        let invitation = Invitation::default();
        start(&database, common.clone(), invitation.clone()).await.stop().await;
        assert!(invitation.token().is_none());
        let invitation = Invitation::always();
        let bed = start(&database, common, invitation.clone()).await;
        let session = bed.login(ROOT, "first password").await.unwrap();
        reset(&bed, &token(&invitation), NEW).await.unwrap();
        refused(bed.refresh(&session.refresh_token).await, Reason::RefreshTokenInvalid);
        refused(bed.login(ROOT, "first password").await, Reason::CredentialsInvalid);
        bed.login(ROOT, NEW).await.unwrap();
    }

    async fn a_password_that_is_given_later_takes_the_place_of_the_link(database: TestDatabase) {
        let invitation = Invitation::default();
        let common = Common::new();
        start(&database, common.clone(), invitation.clone()).await.stop().await;
        let given = |config: &mut Config| {
            config.admin_email = Some(ROOT.into());
            config.admin_password = Some("first password".into());
        };
        let bed = Bed::replica(&database, common, given).await.unwrap();
        refused(reset(&bed, &token(&invitation), NEW).await, Reason::ResetTokenInvalid);
        bed.login(ROOT, "first password").await.unwrap();
    }

    async fn a_password_that_its_owner_changes_takes_the_place_of_the_link(
        database: TestDatabase
    ) {
        let invitation = Invitation::always();
        let change = |config: &mut Config| {
            config.admin_email = Some(ROOT.into());
            config.admin_password = Some("first password".into());
            config.invitation = Some(invitation.clone());
        };
        let bed = Bed::with(&database, change).await;
        let opened = || async {
            bed.time.advance(Duration::from_secs(1));
            bed.users.of(ROOT).is_some()
        };
        eventually("the account is opened", opened).await;
        let root = bed.login(ROOT, "first password").await.unwrap();
        let request = ChangePasswordRequest {
            current_password: "first password".into(),
            new_password: NEW.into(),
        };
        bed.holder(&root.access_token).change_password(request).await.unwrap();

        let late = reset(&bed, &token(&invitation), "another password").await;
        refused(late, Reason::ResetTokenInvalid);
        bed.login(ROOT, NEW).await.unwrap();
    }

    async fn guesses_of_an_address_are_throttled(database: TestDatabase) {
        let bed = Bed::with(&database, |config| {
            config.throttle.login_address_burst = 2;
            config.throttle.login_address_interval = Duration::from_secs(60);
        }).await;
        for _ in 0..2 {
            refused(reset(&bed, "guess", NEW).await, Reason::ResetTokenInvalid);
        }
        let status = refused(reset(&bed, "guess", NEW).await, Reason::RateLimited);
        assert_eq!(retry_delay(&status), Some(Duration::from_secs(60)));
    }

    async fn the_operator_signs_in_as_the_first_administrator(database: TestDatabase) {
        let common = Common::new();
        let operator = svc_auth::operator(&common.key);
        let (invitation, jwk) = (Invitation::default(), operator.jwk());
        let change = |config: &mut Config| {
            config.admin_email = Some(ROOT.into());
            config.invitation = Some(invitation);
            config.workload_keys = config.workload_keys.clone().with(OPERATOR, &[jwk]);
        };
        let bed = Bed::replica(&database, common.clone(), change).await.unwrap();
        let request = assertion(&common, OPERATOR, &operator);
        let session = bed.anybody().login_operator(request.clone()).await.unwrap().into_inner();
        assert!(bed.verify(&session.access_token).await.unwrap().has_role("admin"));
        bed.refresh(&session.refresh_token).await.unwrap();

        // An assertion is good once, and only the operator's.
        let result = bed.anybody().login_operator(request).await;
        assert_eq!(refused(result, Reason::TokenInvalid).code(), Code::Unauthenticated);
        let edge = common.edge.clone();
        for (name, signer) in [("edge", &edge), (OPERATOR, &edge)] {
            let result = bed.anybody().login_operator(assertion(&common, name, signer)).await;
            refused(result, Reason::TokenInvalid);
        }
    }

    async fn without_an_operator_nobody_signs_in_as_one(database: TestDatabase) {
        let common = Common::new();
        let bed = start(&database, common.clone(), Invitation::default()).await;
        let request = assertion(&common, OPERATOR, &svc_auth::operator(&common.key));
        refused(bed.anybody().login_operator(request).await, Reason::TokenInvalid);
    }
}
