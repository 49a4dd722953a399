//! Mails to accounts, whose links are known to nobody but svc-auth and the recipient.

use contracts::tradewind::auth::v1::{
    AccountMailKind, AccountMailRequested, GetAccountMailResponse,
};
use contracts::tradewind::notify::v1::MailState;
use prost_types::Timestamp;
use uuid::Uuid;

use crate::mailroom::Mailroom;

const TOKEN: &str = "AZzv3kVYd0-SqNh1yCv3pQAAAAAAAAABx2m9o7Zc4Lw";

/// svc-auth asks for a mail of this kind; the account.
async fn requested(mailroom: &Mailroom, kind: AccountMailKind, token: &str) -> Uuid {
    let (mail_id, user_id) = (mailroom.new_id().to_string(), mailroom.new_id());
    let time = Timestamp {
        seconds: 1_700_000_000,
        nanos: 0,
    };
    let mail = GetAccountMailResponse {
        kind: kind.into(),
        recipient: "ada@new.example".to_owned(),
        display_name: "Ada".to_owned(),
        expire_time: Some(time),
        token: token.to_owned(),
        create_time: Some(time),
        device: "Firefox on Linux".to_owned(),
        ip_address: "192.0.2.7".to_owned(),
        language: String::new(),
    };
    if kind != AccountMailKind::Unspecified {
        let mut known = mailroom.neighbours.known();
        known.account_mails.insert(mail_id.clone(), mail);
    }
    let message = AccountMailRequested {
        mail_id,
        user_id: user_id.to_string(),
        kind: kind.into(),
        version: 1,
    };
    let event = mailroom.told(&user_id.to_string(), &message);
    mailroom.publish(&event).await;
    user_id
}

store::on_both! {
    async fn a_link_is_in_the_mail_and_nowhere_else(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        for (kind, template, path) in [
            (AccountMailKind::PasswordReset, "password-reset", "reset-password"),
            (AccountMailKind::EmailVerification, "email-verification", "verify-email"),
        ] {
            let user = requested(&mailroom, kind, TOKEN).await;
            let message = mailroom.newest_that("it is sent", |it| {
                it.template == template && it.state() == MailState::Sent
            }).await;
            assert_eq!((message.user_id, message.order_id), (user.to_string(), String::new()));
            let mail = mailroom.post.received().pop().unwrap();
            assert_eq!(mail.to, "ada@new.example");
            let link = format!("https://shop.example/{path}#token=3D{TOKEN}");
            let text = mail.text.replace("=\r\n", "");
            let plain = link.replace("=3D", "=");
            assert!(text.contains(&link) || text.contains(&plain), "{text}");
            assert!(!text.contains("192.0.2.7"), "{text}");
        }
        for column in ["detail", "recipient", "template"] {
            assert_eq!(mailroom.count(&format!("messages WHERE {column} LIKE '%{TOKEN}%'")).await, 0);
        }
    }

    async fn news_of_an_account_say_when_and_by_what(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        for kind in [
            AccountMailKind::NewSignIn,
            AccountMailKind::EmailChanged,
            AccountMailKind::PasswordChanged,
            AccountMailKind::SecondFactorEnabled,
            AccountMailKind::SecondFactorDisabled,
            AccountMailKind::SecondFactorRemoved,
            AccountMailKind::RecoveryCodeUsed,
            AccountMailKind::AccessTokenCreated,
            AccountMailKind::IdentityLinked,
        ] {
            requested(&mailroom, kind, "").await;
            mailroom.newest(MailState::Sent).await;
            let mail = mailroom.post.received().pop().unwrap();
            for said in ["Firefox on Linux", "192.0.2.7", "2023-11-14 22:13 UTC", "Hello Ada,"] {
                assert!(mail.text.contains(said), "{said}\n{}", mail.text);
            }
            assert!(!mail.text.contains("#token"), "{}", mail.text);
        }
    }

    async fn a_mail_that_is_over_is_not_sent(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        mailroom.neighbours.known().away = true;
        requested(&mailroom, AccountMailKind::PasswordReset, TOKEN).await;
        mailroom.newest_that("it was tried", |it| !it.detail.is_empty()).await;
        {
            let mut known = mailroom.neighbours.known();
            known.away = false;
            known.account_mails.clear();
        }
        mailroom.hands.advance(std::time::Duration::from_secs(36));
        let message = mailroom.newest(MailState::Discarded).await;
        assert_eq!(message.detail, "what it tells of is not there any more");
        assert_eq!(mailroom.post.received(), []);
    }

    async fn a_mail_of_no_kind_waits_for_who_knows_it(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        requested(&mailroom, AccountMailKind::Unspecified, "").await;
        assert_eq!(mailroom.count("messages").await, 0);
    }
}
