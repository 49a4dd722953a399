//! Which passwords are taken, and how they are changed.

use contracts::tradewind::auth::v1::{ChangePasswordRequest, RegisterRequest, RegisterResponse};
use runtime::status::Reason;
use store::testing::refused;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::bed::{Bed, PASSWORD};

const ADA: &str = "ada@example.com";

async fn register(bed: &Bed, email: &str, password: &str) -> Result<RegisterResponse, Status> {
    let request = RegisterRequest {
        email: email.into(),
        password: password.into(),
        display_name: "Ada Lovelace".into(),
    };
    bed.anybody()
        .register(request)
        .await
        .map(tonic::Response::into_inner)
}

fn change(current: &str, new: &str) -> ChangePasswordRequest {
    ChangePasswordRequest {
        current_password: current.into(),
        new_password: new.into(),
    }
}

/// The one field that is at fault.
fn field(status: &Status) -> String {
    let details = status.get_error_details();
    let [violation] = details.bad_request().unwrap().field_violations.as_slice() else {
        panic!("not one violation: {status:?}")
    };
    violation.field.clone()
}

store::on_both! {
    async fn common_passwords_own_words_and_blanks_are_refused_and_told_why(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        for weak in [
            "password", "PassWord", "12345678", "qwertyuiop", "        ", "\u{a0}       ", ADA,
            "ADA@example.com1", "example.com", "adalovelace", "tradewind!", "correct\0horse",
        ] {
            let status = refused(register(&bed, ADA, weak).await, Reason::InvalidField);
            assert_eq!(status.code(), Code::InvalidArgument);
            assert_eq!(field(&status), "password", "{weak:?}");
        }
        let one = register(&bed, "1@example.com", "correct horse").await;
        one.unwrap();
        let longest = "0123456 ".repeat(32);
        register(&bed, "2@example.com", &longest).await.unwrap();
        bed.login("2@example.com", &longest).await.unwrap();
        refused(bed.login("2@example.com", &longest[1..]).await, Reason::CredentialsInvalid);
        let longer = format!("{longest}7");
        refused(register(&bed, "3@example.com", &longer).await, Reason::InvalidField);
    }

    async fn the_least_length_is_a_setting(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.passwords.password_min_length = 15).await;
        let status = refused(register(&bed, ADA, "correct horse").await, Reason::InvalidField);
        assert_eq!(field(&status), "password");
        assert!(status.message().contains("at least 15 characters"), "{status:?}");
        register(&bed, ADA, "correct horse battery").await.unwrap();
    }

    async fn a_password_is_the_same_however_it_is_typed(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        register(&bed, ADA, "cafe\u{301}\u{a0}au lait").await.unwrap();
        for typed in ["caf\u{e9} au lait", "cafe\u{301} au\u{2003}lait"] {
            bed.login(ADA, typed).await.unwrap();
        }
        refused(bed.login(ADA, "cafe au lait").await, Reason::CredentialsInvalid);
        refused(bed.login(ADA, "Caf\u{e9} au lait").await, Reason::CredentialsInvalid);
    }

    async fn a_wrong_current_password_is_answered_in_one_way_whatever_the_new_one_is(
        database: TestDatabase
    ) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 6).await;
        let ada = bed.register(ADA).await.unwrap();
        let mut holder = bed.holder(&ada.access_token);
        let mut answers = Vec::new();
        for new in ["a new password", "password", "x", "        ", ADA, PASSWORD] {
            let result = holder.change_password(change("wrong", new)).await;
            let status = refused(result, Reason::CredentialsInvalid);
            answers.push((status.code(), status.message().to_owned(), status.details().to_vec()));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        // Each counted as one.
        let result = holder.change_password(change(PASSWORD, "x")).await;
        refused(result, Reason::RateLimited);
        let wrong = "audit_events \
                     WHERE action = 'CHANGE_PASSWORD' AND outcome = 'WRONG_PASSWORD' \
                     AND user_id IS NOT NULL AND session_id IS NOT NULL";
        assert_eq!(bed.count(wrong).await, 6);
        bed.login(ADA, PASSWORD).await.unwrap();
    }

    async fn a_weak_new_password_is_told_to_who_knows_the_current_one(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = register(&bed, ADA, PASSWORD).await.unwrap();
        let other = bed.login(ADA, PASSWORD).await.unwrap();
        let mut holder = bed.holder(&ada.access_token);
        let weak = ["password", "short", "ada@example.com", "lovelace", "Ada Lovelace 1"];
        for new in weak {
            let result = holder.change_password(change(PASSWORD, new)).await;
            let status = refused(result, Reason::InvalidField);
            assert_eq!((status.code(), field(&status)), (Code::InvalidArgument, "newPassword".into()));
        }
        bed.refresh(&other.refresh_token).await.unwrap();
        holder.change_password(change(PASSWORD, "a new password")).await.unwrap();

        let of = |outcome| match outcome {
            "WEAK_PASSWORD" => {
                "audit_events \
                 WHERE action = 'CHANGE_PASSWORD' AND outcome = 'WEAK_PASSWORD'"
            }
            _ => {
                "audit_events \
                 WHERE action = 'CHANGE_PASSWORD' AND outcome = 'DONE'"
            }
        };
        assert_eq!(bed.count(of("WEAK_PASSWORD")).await, 5);
        assert_eq!(bed.count(of("DONE")).await, 1);
    }

    async fn a_repetition_needs_both_passwords_and_holds_for_a_while(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let mut holder = bed.holder(&ada.access_token);
        let done = change(PASSWORD, "a new password");
        holder.change_password(done.clone()).await.unwrap();
        holder.change_password(done.clone()).await.unwrap();
        for (current, new) in [("wrong", "a new password"), (PASSWORD, "another password")] {
            let result = holder.change_password(change(current, new)).await;
            refused(result, Reason::CredentialsInvalid);
        }
        bed.advance(std::time::Duration::from_secs(11 * 60)).await;
        let result = holder.change_password(done).await;
        refused(result, Reason::CredentialsInvalid);
        let kept = "changed_passwords";
        store::testing::eventually("it is forgotten", async || { bed.count(kept).await == 0 }).await;
    }
}
