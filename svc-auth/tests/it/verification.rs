//! An address is proved to be its owner's by a link that is mailed to it.

use std::time::Duration;

use contracts::tradewind::auth::v1::{
    AccountMailKind, RequestEmailVerificationRequest, ResetPasswordRequest, VerifyEmailRequest,
};
use runtime::email_verification::EmailVerification;
use runtime::status::{Reason, retry_delay};
use store::testing::{eventually, refused};
use svc_auth::Config;
use tonic::{Code, Status};

use crate::bed::{Bed, PASSWORD};
use crate::mails::{count, fetch, nth, token};

const ADA: &str = "ada@example.com";
const PROOF: AccountMailKind = AccountMailKind::EmailVerification;

fn before_order(config: &mut Config) {
    config.email_verification = EmailVerification::BeforeOrder;
}

fn before_login(config: &mut Config) {
    config.email_verification = EmailVerification::BeforeLogin;
}

/// The owner of an access token wants to prove the account's address.
pub(crate) async fn request(bed: &Bed, access_token: &str) -> Result<(), Status> {
    let request = RequestEmailVerificationRequest {};
    let mut holder = bed.holder(access_token);
    holder.request_email_verification(request).await.map(drop)
}

/// A link is opened.
pub(crate) async fn verify(bed: &Bed, token: &str) -> Result<(), Status> {
    let request = VerifyEmailRequest {
        token: token.into(),
    };
    bed.anybody().verify_email(request).await.map(drop)
}

fn is_verified(bed: &Bed, email: &str) -> bool {
    bed.users.of(email).is_some_and(|user| user.email_verified)
}

/// The id of an account that was opened by a registration which gave no session.
fn opened(bed: &Bed, email: &str) -> String {
    bed.users.of(email).expect("the account is there").user_id
}

store::on_both! {
    async fn whoever_registers_proves_the_address_by_a_link_once(database: TestDatabase) {
        let bed = Bed::with(&database, before_order).await;
        let ada = bed.register(ADA).await.unwrap();
        let mail_id = nth(&bed, &ada.user_id, PROOF, 1).await;
        let mail = fetch(&bed, &mail_id).await.unwrap();
        assert_eq!((mail.recipient.as_str(), mail.display_name.as_str()), (ADA, "Ada"));
        assert!(!is_verified(&bed, ADA));
        verify(&bed, &mail.token).await.unwrap();
        assert!(is_verified(&bed, ADA));

        let again = refused(verify(&bed, &mail.token).await, Reason::EmailTokenInvalid);
        assert_eq!(again.code(), Code::Unauthenticated);
        refused(fetch(&bed, &mail_id).await, Reason::ResourceNotFound);
        refused(verify(&bed, "a guess").await, Reason::EmailTokenInvalid);
        let written = |outcome| format!(
            "audit_events WHERE action = 'VERIFY_EMAIL' AND outcome = '{outcome}'"
        );
        assert_eq!(bed.count(&written("DONE")).await, 1);
        assert_eq!(bed.count(&written("BAD_TOKEN")).await, 2);
        // Whoever has proved it is sent nothing more.
        request(&bed, &ada.access_token).await.unwrap();
        assert_eq!(count(&bed, &ada.user_id, PROOF).await, 1);
    }

    async fn where_it_is_off_a_link_is_sent_to_whoever_asks(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        assert_eq!(count(&bed, &ada.user_id, PROOF).await, 0);
        request(&bed, &ada.access_token).await.unwrap();
        let token = token(&bed, &ada.user_id, PROOF, 1).await;
        verify(&bed, &token).await.unwrap();
        assert!(is_verified(&bed, ADA));
        let anybodys = RequestEmailVerificationRequest {};
        let asked = bed.anybody().request_email_verification(anybodys).await;
        refused(asked, Reason::TokenMissing);
    }

    async fn a_newer_link_to_prove_ends_the_older_one(database: TestDatabase) {
        let bed = Bed::with(&database, before_order).await;
        let ada = bed.register(ADA).await.unwrap();
        let first = token(&bed, &ada.user_id, PROOF, 1).await;
        bed.time.advance(Duration::from_secs(1));
        request(&bed, &ada.access_token).await.unwrap();
        let second = token(&bed, &ada.user_id, PROOF, 2).await;
        refused(verify(&bed, &first).await, Reason::EmailTokenInvalid);
        verify(&bed, &second).await.unwrap();
    }

    async fn a_link_to_prove_is_good_for_an_hour(database: TestDatabase) {
        let bed = Bed::with(&database, before_order).await;
        let ada = bed.register(ADA).await.unwrap();
        let token = token(&bed, &ada.user_id, PROOF, 1).await;
        bed.advance(Duration::from_secs(60 * 60)).await;
        refused(verify(&bed, &token).await, Reason::EmailTokenInvalid);
        eventually("it is removed", async || bed.count("email_proofs").await == 0).await;
        assert!(!is_verified(&bed, ADA));
    }

    async fn links_and_guesses_are_throttled(database: TestDatabase) {
        let bed = Bed::with(&database, |config| {
            config.throttle.account_mail_burst = 1;
            config.throttle.login_address_burst = 2;
        }).await;
        let ada = bed.register(ADA).await.unwrap();
        request(&bed, &ada.access_token).await.unwrap();
        let status = refused(request(&bed, &ada.access_token).await, Reason::RateLimited);
        assert_eq!(retry_delay(&status), Some(Duration::from_secs(10 * 60)));
        for _ in 0..2 {
            refused(verify(&bed, "a guess").await, Reason::EmailTokenInvalid);
        }
        refused(verify(&bed, "a guess").await, Reason::RateLimited);
    }

    async fn a_link_that_is_opened_many_times_at_once_proves_once(database: TestDatabase) {
        let bed = Bed::with(&database, before_order).await;
        let ada = bed.register(ADA).await.unwrap();
        let token = token(&bed, &ada.user_id, PROOF, 1).await;
        let attempts = (0..6).map(|_| verify(&bed, &token));
        let outcomes = futures::future::join_all(attempts).await;
        assert!(outcomes.iter().any(Result::is_ok));
        let done = "audit_events WHERE action = 'VERIFY_EMAIL' AND outcome = 'DONE'";
        assert_eq!(bed.count(done).await, 1);
        assert_eq!(bed.count("email_proofs").await, 0);
    }

    async fn a_proof_that_breaks_off_is_finished_once_accounts_are_there(database: TestDatabase) {
        let bed = Bed::with(&database, before_order).await;
        let ada = bed.register(ADA).await.unwrap();
        let token = token(&bed, &ada.user_id, PROOF, 1).await;
        bed.users.set_away(true);
        refused(verify(&bed, &token).await, Reason::DependencyUnavailable);
        // Nobody need come again.
        bed.users.set_away(false);
        let done = async || {
            bed.time.advance(Duration::from_secs(1));
            is_verified(&bed, ADA)
        };
        eventually("it is proved", done).await;
        eventually("it is over", async || bed.count("email_proofs").await == 0).await;
        refused(verify(&bed, &token).await, Reason::EmailTokenInvalid);
    }

    async fn whoever_comes_again_meanwhile_goes_on_with_it(database: TestDatabase) {
        let bed = Bed::with(&database, before_order).await;
        let ada = bed.register(ADA).await.unwrap();
        let token = token(&bed, &ada.user_id, PROOF, 1).await;
        bed.users.set_away(true);
        refused(verify(&bed, &token).await, Reason::DependencyUnavailable);
        bed.users.set_away(false);
        verify(&bed, &token).await.unwrap();
        assert!(is_verified(&bed, ADA));
    }

    async fn where_it_comes_before_a_login_there_is_no_session_without_it(database: TestDatabase) {
        let bed = Bed::with(&database, before_login).await;
        let status = refused(bed.register(ADA).await, Reason::EmailNotVerified);
        assert_eq!(status.code(), Code::FailedPrecondition);
        let id = opened(&bed, ADA);
        let first = token(&bed, &id, PROOF, 1).await;
        refused(bed.login(ADA, "a guess").await, Reason::CredentialsInvalid);
        assert_eq!(count(&bed, &id, PROOF).await, 1);
        bed.time.advance(Duration::from_secs(1));
        refused(bed.login(ADA, PASSWORD).await, Reason::EmailNotVerified);
        assert_eq!(bed.count("sessions").await, 0);
        // Another link was sent.
        let second = token(&bed, &id, PROOF, 2).await;
        refused(verify(&bed, &first).await, Reason::EmailTokenInvalid);
        verify(&bed, &second).await.unwrap();
        bed.login(ADA, PASSWORD).await.unwrap();
        // So does who registers once more, as the reply was lost.
        bed.register(ADA).await.unwrap();
        for action in ["REGISTER", "LOGIN"] {
            let written =
                format!("audit_events WHERE action = '{action}' AND outcome = 'UNVERIFIED'");
            assert_eq!(bed.count(&written).await, 1, "{action}");
        }
    }

    async fn logins_send_a_few_links_of_which_the_newest_stays_good(database: TestDatabase) {
        let bed = Bed::with(&database, |config| {
            before_login(config);
            config.throttle.account_mail_burst = 1;
        }).await;
        refused(bed.register(ADA).await, Reason::EmailNotVerified);
        for _ in 0..3 {
            bed.time.advance(Duration::from_secs(1));
            refused(bed.login(ADA, PASSWORD).await, Reason::EmailNotVerified);
        }
        // That of the registration, and one more.
        let token = token(&bed, &opened(&bed, ADA), PROOF, 2).await;
        verify(&bed, &token).await.unwrap();
        bed.login(ADA, PASSWORD).await.unwrap();
    }

    async fn a_new_password_by_mail_proves_the_address_too(database: TestDatabase) {
        let bed = Bed::with(&database, before_login).await;
        refused(bed.register(ADA).await, Reason::EmailNotVerified);
        crate::recovery::request(&bed, ADA).await.unwrap();
        let kind = AccountMailKind::PasswordReset;
        let token = token(&bed, &opened(&bed, ADA), kind, 1).await;
        let new_password = "seven green lamps".to_owned();
        let request = ResetPasswordRequest { token, new_password };
        bed.anybody().reset_password(request).await.unwrap();
        bed.login(ADA, "seven green lamps").await.unwrap();
    }

    async fn the_operator_answers_for_the_address_of_the_first_administrator(
        database: TestDatabase
    ) {
        let root = "root@example.com";
        let bed = Bed::with(&database, |config| {
            before_login(config);
            config.admin_email = Some(root.into());
            config.admin_password = Some("first password".into());
        }).await;
        let proved = async || {
            bed.time.advance(Duration::from_secs(1));
            is_verified(&bed, root)
        };
        eventually("it is proved", proved).await;
        assert_eq!(count(&bed, &opened(&bed, root), PROOF).await, 0);
        bed.login(root, "first password").await.unwrap();
    }
}
