//! An account gets another e-mail address, once that is proved.

use std::time::Duration;

use contracts::tradewind::auth::v1::{AccountMailKind, ChangeEmailRequest, ResetPasswordRequest};
use runtime::status::Reason;
use store::testing::{eventually, refused};
use tonic::{Code, Status};

use crate::bed::{Bed, PASSWORD};
use crate::mails::{count, fetch, nth, token};
use crate::recovery;
use crate::second_factor::set_up;
use crate::verification::{request, verify};

const ADA: &str = "ada@example.com";
const LACE: &str = "lace@example.com";
const PROOF: AccountMailKind = AccountMailKind::EmailVerification;
const CHANGED: AccountMailKind = AccountMailKind::EmailChanged;

async fn change(
    bed: &Bed,
    access_token: &str,
    new_email: &str,
    password: &str,
) -> Result<(), Status> {
    let request = ChangeEmailRequest {
        new_email: new_email.into(),
        password: password.into(),
        ..ChangeEmailRequest::default()
    };
    bed.holder(access_token)
        .change_email(request)
        .await
        .map(drop)
}

/// How many requests for another address came to this end.
async fn ended(bed: &Bed, outcome: &str) -> i64 {
    let action = "action = 'REQUEST_EMAIL_CHANGE'";
    bed.count(&format!(
        "audit_events WHERE {action} AND outcome = '{outcome}'"
    ))
    .await
}

store::on_both! {
    async fn an_address_changes_when_the_new_one_is_proved_and_the_old_one_is_told(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        change(&bed, &ada.access_token, LACE, PASSWORD).await.unwrap();
        let mail = fetch(&bed, &nth(&bed, &ada.user_id, PROOF, 1).await).await.unwrap();
        assert_eq!((mail.recipient.as_str(), mail.display_name.as_str()), (LACE, "Ada"));
        // Nothing has changed yet, and a link to the address of now may be on its way.
        bed.login(ADA, PASSWORD).await.unwrap();
        refused(bed.login(LACE, PASSWORD).await, Reason::CredentialsInvalid);
        recovery::request(&bed, ADA).await.unwrap();
        let reset = token(&bed, &ada.user_id, AccountMailKind::PasswordReset, 1).await;
        assert_eq!(count(&bed, &ada.user_id, CHANGED).await, 0);

        verify(&bed, &mail.token).await.unwrap();
        let user = bed.users.of(LACE).unwrap();
        assert_eq!((user.user_id.as_str(), user.email_verified), (ada.user_id.as_str(), true));
        bed.login(LACE, PASSWORD).await.unwrap();
        refused(bed.login(ADA, PASSWORD).await, Reason::CredentialsInvalid);
        let news = fetch(&bed, &nth(&bed, &ada.user_id, CHANGED, 1).await).await.unwrap();
        assert_eq!((news.recipient.as_str(), news.token.as_str()), (ADA, ""));
        // What was sent to the address before opens nothing any more.
        let request = ResetPasswordRequest {
            token: reset,
            new_password: "seven green lamps".into(),
        };
        refused(bed.anybody().reset_password(request).await, Reason::ResetTokenInvalid);
        refused(verify(&bed, &mail.token).await, Reason::EmailTokenInvalid);
        let done = "audit_events WHERE action = 'CHANGE_EMAIL' AND outcome = 'DONE'";
        assert_eq!((bed.count(done).await, ended(&bed, "DONE").await), (1, 1));
        // The one before is free.
        bed.register(ADA).await.unwrap();
    }

    async fn whoever_does_not_know_the_password_changes_no_address(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 2).await;
        let ada = bed.register(ADA).await.unwrap();
        for _ in 0..2 {
            let wrong = change(&bed, &ada.access_token, LACE, "a guess").await;
            let status = refused(wrong, Reason::CredentialsInvalid);
            assert_eq!(status.code(), Code::PermissionDenied);
        }
        refused(change(&bed, &ada.access_token, LACE, PASSWORD).await, Reason::RateLimited);
        assert_eq!(ended(&bed, "WRONG_PASSWORD").await, 2);
        assert_eq!(bed.count("account_mails").await, 0);
        let request = ChangeEmailRequest {
            new_email: LACE.into(),
            password: PASSWORD.into(),
            ..ChangeEmailRequest::default()
        };
        refused(bed.anybody().change_email(request).await, Reason::TokenMissing);
    }

    async fn whoever_has_a_second_factor_is_asked_for_it(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let (app, codes) = set_up(&bed, &ada.access_token).await;
        refused(change(&bed, &ada.access_token, LACE, PASSWORD).await, Reason::InvalidField);
        let request = |code: &str, recovery_code: &str| ChangeEmailRequest {
            new_email: LACE.into(),
            password: PASSWORD.into(),
            code: code.into(),
            recovery_code: recovery_code.into(),
        };
        let mut holder = bed.holder(&ada.access_token);
        let wrong = holder.change_email(request("000", "")).await;
        refused(wrong, Reason::SecondFactorInvalid);
        assert_eq!((ended(&bed, "WRONG_CODE").await, ended(&bed, "DONE").await), (1, 0));
        holder.change_email(request(&app.fresh(&bed).await, "")).await.unwrap();
        let first = token(&bed, &ada.user_id, PROOF, 1).await;
        bed.time.advance(Duration::from_secs(1));
        holder.change_email(request("", &codes[0])).await.unwrap();
        let second = token(&bed, &ada.user_id, PROOF, 2).await;
        refused(verify(&bed, &first).await, Reason::EmailTokenInvalid);
        verify(&bed, &second).await.unwrap();
        assert!(bed.users.of(LACE).is_some());
    }

    async fn an_address_that_has_an_account_is_answered_alike_and_gets_no_link(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.register(LACE).await.unwrap();
        change(&bed, &ada.access_token, "LACE@example.com", PASSWORD).await.unwrap();
        eventually("it is found to be taken", async || ended(&bed, "TAKEN").await == 1).await;
        assert_eq!(bed.count("account_mails").await, 0);
    }

    async fn an_address_that_another_account_came_to_meanwhile_stays_there(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        change(&bed, &ada.access_token, LACE, PASSWORD).await.unwrap();
        let token = token(&bed, &ada.user_id, PROOF, 1).await;
        // By an administrator, without a password.
        bed.users.open(LACE);
        let status = refused(verify(&bed, &token).await, Reason::ResourceExists);
        assert_eq!(status.code(), Code::AlreadyExists);
        refused(verify(&bed, &token).await, Reason::EmailTokenInvalid);
        bed.login(ADA, PASSWORD).await.unwrap();
        assert_eq!(count(&bed, &ada.user_id, CHANGED).await, 0);
        let taken = "audit_events WHERE action = 'CHANGE_EMAIL' AND outcome = 'TAKEN'";
        assert_eq!(bed.count(taken).await, 1);
    }

    async fn a_change_that_breaks_off_is_driven_to_its_end(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        change(&bed, &ada.access_token, LACE, PASSWORD).await.unwrap();
        let token = token(&bed, &ada.user_id, PROOF, 1).await;
        bed.users.set_away(true);
        refused(verify(&bed, &token).await, Reason::DependencyUnavailable);
        // svc-users has done its part, and its answer was lost.
        bed.users.change(&ada.user_id, |user| {
            user.email = LACE.into();
            user.email_verified = true;
        });
        bed.users.set_away(false);
        let done = async || {
            bed.time.advance(Duration::from_secs(1));
            bed.login(LACE, PASSWORD).await.is_ok()
        };
        eventually("the new address signs in", done).await;
        nth(&bed, &ada.user_id, CHANGED, 1).await;
    }

    async fn what_is_asked_for_last_counts(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        change(&bed, &ada.access_token, LACE, PASSWORD).await.unwrap();
        let first = token(&bed, &ada.user_id, PROOF, 1).await;
        bed.time.advance(Duration::from_secs(1));
        change(&bed, &ada.access_token, "byron@example.com", PASSWORD).await.unwrap();
        let second = token(&bed, &ada.user_id, PROOF, 2).await;
        refused(verify(&bed, &first).await, Reason::EmailTokenInvalid);
        bed.time.advance(Duration::from_secs(1));
        request(&bed, &ada.access_token).await.unwrap();
        let third = token(&bed, &ada.user_id, PROOF, 3).await;
        refused(verify(&bed, &second).await, Reason::EmailTokenInvalid);
        verify(&bed, &third).await.unwrap();
        assert!(bed.users.of(ADA).unwrap().email_verified);
    }

    async fn the_address_that_the_operator_gave_is_the_operators_to_change(
        database: TestDatabase
    ) {
        let root = "root@example.com";
        let bed = Bed::with(&database, |config| {
            config.admin_email = Some(root.into());
            config.admin_password = Some("first password".into());
        }).await;
        let opened = async || {
            bed.time.advance(Duration::from_secs(1));
            bed.users.of(root).is_some()
        };
        eventually("the account is opened", opened).await;
        let admin = bed.login(root, "first password").await.unwrap();
        let refusal = change(&bed, &admin.access_token, LACE, "first password").await;
        let status = refused(refusal, Reason::InvalidState);
        assert!(status.message().contains("ADMIN_EMAIL"), "{status:?}");
    }
}
