//! Who has forgotten a password gets another one by a link that is mailed.

use std::time::Duration;

use contracts::tradewind::auth::v1::{
    AccountMailKind, ChangePasswordRequest, RequestPasswordResetRequest, ResetPasswordRequest,
};
use contracts::tradewind::users::v1::UserDeleted;
use runtime::call::CallContext;
use runtime::status::{Reason, retry_delay};
use store::testing::{eventually, refused};
use tonic::Status;

use crate::bed::{Bed, Common, PASSWORD};
use crate::mails::{count, fetch, nth, token};

const ADA: &str = "ada@example.com";
const NEW: &str = "seven green lamps";
const RESET: AccountMailKind = AccountMailKind::PasswordReset;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Somebody has forgotten a password.
pub(crate) async fn request(bed: &Bed, email: &str) -> Result<(), Status> {
    let request = RequestPasswordResetRequest {
        email: email.into(),
    };
    bed.anybody()
        .request_password_reset(request)
        .await
        .map(drop)
}

async fn reset(bed: &Bed, token: &str, password: &str) -> Result<(), Status> {
    let request = ResetPasswordRequest {
        token: token.into(),
        new_password: password.into(),
    };
    bed.anybody().reset_password(request).await.map(drop)
}

/// How many requests came to this end.
async fn ended(bed: &Bed, outcome: &str) -> i64 {
    let action = "action = 'REQUEST_PASSWORD_RESET'";
    bed.count(&format!(
        "audit_events WHERE {action} AND outcome = '{outcome}'"
    ))
    .await
}

store::on_both! {
    async fn a_link_by_mail_sets_the_password_once_and_ends_all_sessions(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        request(&bed, "ADA@Example.com").await.unwrap();
        let mail_id = nth(&bed, &ada.user_id, RESET, 1).await;
        let mail = fetch(&bed, &mail_id).await.unwrap();
        assert_eq!((mail.recipient.as_str(), mail.display_name.as_str()), (ADA, "Ada"));
        let ends = mail.expire_time.unwrap().seconds - bed.node.clock.now().timestamp();
        assert_eq!((ends, mail.ip_address.as_str()), (3600, "127.0.0.1"));
        // A mail that is sent twice has one link.
        assert_eq!(fetch(&bed, &mail_id).await.unwrap(), mail);
        assert!(!format!("{mail:?}").contains(&mail.token));

        refused(reset(&bed, &mail.token, "password").await, Reason::InvalidField);
        reset(&bed, &mail.token, NEW).await.unwrap();
        refused(bed.refresh(&ada.refresh_token).await, Reason::RefreshTokenInvalid);
        refused(bed.login(ADA, PASSWORD).await, Reason::CredentialsInvalid);
        bed.login(ADA, NEW).await.unwrap();
        refused(reset(&bed, &mail.token, "another password").await, Reason::ResetTokenInvalid);
        refused(fetch(&bed, &mail_id).await, Reason::ResourceNotFound);
        // Whoever has the link has the address.
        assert!(bed.users.of(ADA).unwrap().email_verified);
        assert_eq!(ended(&bed, "DONE").await, 1);
    }

    async fn any_address_is_answered_alike(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        for email in [ADA, "nobody@example.com"] {
            request(&bed, email).await.unwrap();
        }
        nth(&bed, &ada.user_id, RESET, 1).await;
        eventually("nobody is looked for", async || ended(&bed, "UNKNOWN_ACCOUNT").await == 1).await;
        assert_eq!(bed.count("mail_requests").await, 0);
        assert_eq!(bed.count("account_mails").await, 1);
        let kept = "audit_events WHERE action = 'REQUEST_PASSWORD_RESET' \
                    AND address = '127.0.0.1' AND actor = 'anonymous'";
        assert_eq!(bed.count(kept).await, 2);
        refused(request(&bed, "no address").await, Reason::InvalidField);
    }

    async fn an_account_that_was_opened_without_a_password_gets_its_first_one(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let user_id = bed.users.open(ADA);
        request(&bed, "ADA@example.com").await.unwrap();
        let mail = fetch(&bed, &nth(&bed, &user_id, RESET, 1).await).await.unwrap();
        assert_eq!(mail.recipient, ADA);
        for guess in ["", NEW] {
            bed.login(ADA, guess).await.unwrap_err();
        }
        reset(&bed, &mail.token, NEW).await.unwrap();
        assert_eq!(bed.login(ADA, NEW).await.unwrap().user_id, user_id);
        assert!(bed.users.of(ADA).unwrap().email_verified);
        // Nothing has changed that its owner would have to be told of.
        assert_eq!(count(&bed, &user_id, AccountMailKind::PasswordChanged).await, 0);
    }

    async fn a_first_password_waits_for_accounts_that_are_away_and_keeps_nobody_waiting(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let (ada, eve) = (bed.users.open(ADA), bed.register("eve@example.com").await.unwrap());
        bed.users.set_away(true);
        request(&bed, ADA).await.unwrap();
        request(&bed, "eve@example.com").await.unwrap();
        nth(&bed, &eve.user_id, RESET, 1).await;
        assert_eq!(count(&bed, &ada, RESET).await, 0);
        bed.users.set_away(false);
        let sent = async || {
            bed.time.advance(Duration::from_secs(5));
            count(&bed, &ada, RESET).await > 0
        };
        eventually("it is sent", sent).await;
        nth(&bed, &ada, RESET, 1).await;
        assert_eq!(bed.count("mail_requests").await, 0);
    }

    async fn with_accounts_away_any_address_is_answered_all_the_same(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.users.set_away(true);
        for email in [ADA, "nobody@example.com"] {
            request(&bed, email).await.unwrap();
        }
        nth(&bed, &ada.user_id, RESET, 1).await;
    }

    async fn a_newer_link_ends_the_older_one(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        request(&bed, ADA).await.unwrap();
        let first_mail = nth(&bed, &ada.user_id, RESET, 1).await;
        let first = token(&bed, &ada.user_id, RESET, 1).await;
        bed.time.advance(Duration::from_secs(1));
        request(&bed, ADA).await.unwrap();
        let second = token(&bed, &ada.user_id, RESET, 2).await;
        refused(fetch(&bed, &first_mail).await, Reason::ResourceNotFound);
        refused(reset(&bed, &first, NEW).await, Reason::ResetTokenInvalid);
        reset(&bed, &second, NEW).await.unwrap();
    }

    async fn a_link_is_good_for_an_hour(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        request(&bed, ADA).await.unwrap();
        let mail_id = nth(&bed, &ada.user_id, RESET, 1).await;
        let token = token(&bed, &ada.user_id, RESET, 1).await;
        bed.advance(HOUR).await;
        refused(reset(&bed, &token, NEW).await, Reason::ResetTokenInvalid);
        refused(fetch(&bed, &mail_id).await, Reason::ResourceNotFound);
        for rows in ["password_resets", "account_mails"] {
            eventually(rows, async || bed.count(rows).await == 0).await;
        }
        bed.login(ADA, PASSWORD).await.unwrap();
    }

    async fn a_password_that_its_owner_changes_ends_the_link(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        request(&bed, ADA).await.unwrap();
        let token = token(&bed, &ada.user_id, RESET, 1).await;
        let change = ChangePasswordRequest {
            current_password: PASSWORD.into(),
            new_password: NEW.into(),
        };
        bed.holder(&ada.access_token).change_password(change).await.unwrap();
        refused(reset(&bed, &token, "another password").await, Reason::ResetTokenInvalid);
    }

    async fn whoever_asks_without_end_gets_a_few_links_of_which_the_newest_stays_good(
        database: TestDatabase
    ) {
        let bed = Bed::with(&database, |config| config.throttle.account_mail_burst = 2).await;
        let ada = bed.register(ADA).await.unwrap();
        for number in 1..=2 {
            bed.time.advance(Duration::from_secs(1));
            request(&bed, ADA).await.unwrap();
            nth(&bed, &ada.user_id, RESET, number).await;
        }
        request(&bed, ADA).await.unwrap();
        eventually("it was too often", async || ended(&bed, "THROTTLED").await == 1).await;
        let labels = [("action", "account_mail"), ("limit", "account")];
        assert_eq!(bed.metric("tradewind_auth_throttled_total", &labels), Some(1.0));
        let token = token(&bed, &ada.user_id, RESET, 2).await;
        reset(&bed, &token, NEW).await.unwrap();

        bed.time.advance(Duration::from_secs(10 * 60));
        request(&bed, ADA).await.unwrap();
        nth(&bed, &ada.user_id, RESET, 3).await;
    }

    async fn a_network_asks_for_so_many_links_whatever_the_addresses(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.register_burst = 2).await;
        for number in 0..2 {
            request(&bed, &format!("{number}@example.com")).await.unwrap();
        }
        let status = refused(request(&bed, ADA).await, Reason::RateLimited);
        assert_eq!(retry_delay(&status), Some(Duration::from_secs(6)));
        let elsewhere = CallContext {
            client_address: Some("203.0.113.9".parse().unwrap()),
            ..CallContext::background("request")
        };
        let again = RequestPasswordResetRequest { email: ADA.into() };
        let mut edge = bed.edge().await;
        elsewhere.scope(edge.request_password_reset(again)).await.unwrap();
    }

    async fn strangers_who_tried_passwords_do_not_keep_the_owner_out(database: TestDatabase) {
        let bed = Bed::with(&database, |config| {
            config.throttle.login_account_burst = 1;
            config.throttle.login_account_total_burst = 1;
        }).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.login_from("203.0.113.9", ADA, "a guess").await.unwrap_err();
        refused(bed.login_from("203.0.113.7", ADA, PASSWORD).await, Reason::RateLimited);
        request(&bed, ADA).await.unwrap();
        let token = token(&bed, &ada.user_id, RESET, 1).await;
        reset(&bed, &token, NEW).await.unwrap();
        bed.login(ADA, NEW).await.unwrap();
    }

    async fn what_was_asked_for_before_a_crash_is_done_after_it(database: TestDatabase) {
        let common = Common::new();
        let bed = Bed::replica(&database, common.clone(), |_| {}).await.unwrap();
        let ada = bed.register(ADA).await.unwrap();
        bed.stop().await;
        let bed = Bed::replica(&database, common, |_| {}).await.unwrap();
        // As a process leaves it that dies when it has answered.
        let mut tx = bed.write().await;
        store::execute!(
            tx,
            "INSERT INTO mail_requests (request_id, action, email, email_key, address, user_agent, \
             request_time) VALUES ($1, 'RESET_PASSWORD', $2, $2, '', '', $3)",
            bed.new_id(),
            ADA,
            bed.node.clock.now()
        ).unwrap();
        tx.commit().await.unwrap();
        token(&bed, &ada.user_id, RESET, 1).await;
    }

    async fn a_deleted_account_leaves_no_mail(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        request(&bed, ADA).await.unwrap();
        let token = token(&bed, &ada.user_id, RESET, 1).await;
        let message = UserDeleted { user_id: ada.user_id.clone(), version: 2 };
        bed.tell("users.v1.UserDeleted", &ada.user_id, &message).await;
        bed.users.forget(ADA);
        assert_eq!(bed.count("account_mails").await, 0);
        refused(reset(&bed, &token, NEW).await, Reason::ResetTokenInvalid);
        request(&bed, ADA).await.unwrap();
        eventually("nobody is found", async || ended(&bed, "UNKNOWN_ACCOUNT").await == 1).await;
        assert_eq!(count(&bed, &ada.user_id, RESET).await, 1);
    }
}
