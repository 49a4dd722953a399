//! A mail server that does not take what it is given.

use std::time::Duration;

use contracts::tradewind::notify::v1::{
    LiftMailSuppressionRequest, ListMailSuppressionsRequest, MailState, MailSuppression,
};
use store::testing::eventually;
use tonic::Code;

use crate::mailroom::Mailroom;
use crate::post_office::Fault::{Aborts, Says, Stalls};
use crate::post_office::Step;

/// The first pause, with all of its jitter.
const FIRST_PAUSE: Duration = Duration::from_secs(36);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn suppressions(mailroom: &Mailroom) -> Vec<MailSuppression> {
    let request = ListMailSuppressionsRequest::default();
    let listed = mailroom.admin().list_mail_suppressions(request).await;
    listed.unwrap().into_inner().suppressions
}

store::on_both! {
    async fn what_a_server_does_not_take_now_it_is_given_again_later(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        for fault in [
            Says(Step::Rcpt, "452 4.2.2 too much for ada@example.com"),
            Says(Step::Mail, "451 4.3.0 later"),
            Says(Step::End, "451 4.3.0 later"),
            Aborts(Step::Rcpt),
        ] {
            mailroom.post.fault([fault]);
            let sent = mailroom.post.received().len();
            mailroom.confirmed(mailroom.ada()).await;
            let waiting = mailroom.newest_that("it was tried", |it| {
                it.attempts == 1 && !it.detail.is_empty()
            }).await;
            assert_eq!(waiting.state(), MailState::Pending, "{fault:?}");
            assert!(!waiting.detail.contains("ada"), "{}", waiting.detail);
            let next = waiting.next_attempt_time.unwrap();
            let pause = next.seconds - mailroom.node.clock.now().timestamp();
            assert!((30..=36).contains(&pause), "{pause}");
            mailroom.hands.advance(FIRST_PAUSE);
            let message = mailroom.newest(MailState::Sent).await;
            assert_eq!(message.attempts, 2);
            assert_eq!(mailroom.post.received().len(), sent + 1);
        }
    }

    async fn a_mail_that_no_server_takes_within_a_day_has_failed(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let later = Says(Step::Mail, "451 4.3.0 later");
        mailroom.post.fault([later, later]);
        mailroom.confirmed(mailroom.ada()).await;
        mailroom.newest_that("it was tried", |it| it.detail.contains("451")).await;
        mailroom.hands.advance(DAY);
        let failed = mailroom.newest(MailState::Failed).await;
        assert_eq!((failed.attempts, failed.next_attempt_time), (2, None));
        assert!(failed.detail.starts_with("MAIL: "), "{}", failed.detail);
        // Somebody has it sent again: it is tried as long once more, and known to be another copy.
        mailroom.resend(&failed, "again").await;
        let sent = mailroom.newest(MailState::Sent).await;
        assert_eq!(sent.attempts, 1);
        let received = mailroom.post.received();
        let message_id = received[0].head("Message-ID").unwrap();
        assert!(message_id.ends_with(".order-confirmed.1@shop.example>"), "{message_id}");
    }

    async fn a_mail_that_the_server_refuses_is_tried_a_few_times_only(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let refused = Says(Step::Data, "554 5.6.0 not such a mail");
        let policy = Says(Step::Rcpt, "550 5.7.1 relaying denied");
        mailroom.post.fault([refused, policy, refused]);
        mailroom.confirmed(mailroom.ada()).await;
        for said in ["DATA: permanent", "RCPT: permanent"] {
            mailroom.newest_that("it was tried", |it| it.detail.starts_with(said)).await;
            mailroom.hands.advance(2 * FIRST_PAUSE);
        }
        assert_eq!(mailroom.newest(MailState::Failed).await.attempts, 3);
        assert_eq!(suppressions(&mailroom).await, []);
    }

    async fn to_an_address_that_was_refused_nothing_is_sent_until_it_is_lifted(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let (ada, same) = (mailroom.ada(), mailroom.buyer("Ada", "ADA@example.com"));
        mailroom.post.fault([Says(Step::Rcpt, "550 5.1.1 <ada@example.com>: no ada here")]);
        mailroom.confirmed(ada).await;
        let refused = mailroom.newest(MailState::Refused).await;
        assert_eq!(refused.attempts, 1);
        let suppressed = suppressions(&mailroom).await.remove(0);
        assert_eq!(suppressed.user_id, ada.id.to_string());
        assert_eq!(suppressed.message_id, refused.message_id);
        assert!(suppressed.detail.contains("550") && !suppressed.detail.contains("ada"), "{}", suppressed.detail);

        mailroom.confirmed(same).await;
        let order = same.order.to_string();
        let later = mailroom.newest_that("it is refused", |it| {
            it.order_id == order && it.state() == MailState::Refused
        }).await;
        assert_eq!(later.detail, "the address was refused before");
        mailroom.confirmed(mailroom.buyer("Bob", "bob@example.com")).await;
        mailroom.newest(MailState::Sent).await;
        assert_eq!(mailroom.post.received().len(), 1);
        assert_eq!(suppressions(&mailroom).await.len(), 1);

        let lift = LiftMailSuppressionRequest { suppression_id: suppressed.suppression_id };
        mailroom.admin().lift_mail_suppression(lift.clone()).await.unwrap();
        let gone = mailroom.admin().lift_mail_suppression(lift).await.unwrap_err();
        assert_eq!(gone.code(), Code::NotFound);
        mailroom.resend(&later, "now").await;
        eventually("it is sent", async || mailroom.post.received().len() == 2).await;
        assert_eq!(mailroom.post.received()[1].to, "ADA@example.com");
    }

    async fn a_server_that_does_not_answer_is_not_waited_for_long_and_holds_nobody_up(database: TestDatabase) {
        let mailroom = Mailroom::with(&database, |mail| {
            mail.mail_timeout = Duration::from_millis(300);
        }).await;
        for step in [Step::Mail, Step::Rcpt, Step::Data, Step::End] {
            mailroom.post.fault([Stalls(step)]);
            mailroom.confirmed(mailroom.ada()).await;
            let order = mailroom.messages().await[0].order_id.clone();
            mailroom.newest_that("it was given up", |it| {
                it.order_id == order && it.detail == "the server did not answer in time"
            }).await;
        }
        mailroom.confirmed(mailroom.buyer("Bob", "bob@example.com")).await;
        mailroom.newest(MailState::Sent).await;
        // The last one was there before the server fell silent.
        let to = mailroom.post.received().into_iter().map(|it| it.to);
        assert_eq!(to.collect::<Vec<_>>(), ["ada@example.com", "bob@example.com"]);
    }

    async fn a_mail_whose_answer_was_lost_is_sent_twice_and_said_to_be_the_same(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        mailroom.post.fault([Aborts(Step::End)]);
        mailroom.confirmed(mailroom.ada()).await;
        mailroom.newest_that("it was tried", |it| it.attempts == 1 && !it.detail.is_empty()).await;
        mailroom.hands.advance(FIRST_PAUSE);
        mailroom.newest(MailState::Sent).await;
        let received = mailroom.post.received();
        let ids: Vec<_> = received.iter().map(|it| it.head("Message-ID").unwrap()).collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[0], ids[1]);
    }

    async fn a_crash_between_the_row_and_its_sending_loses_nothing_and_is_told_from_a_second_mail(database: TestDatabase) {
        let mut mailroom = Mailroom::open(&database).await;
        // The server has the mail already.
        mailroom.post.fault([Stalls(Step::End)]);
        let ada = mailroom.ada();
        mailroom.confirmed(ada).await;
        mailroom.post.stalled().await;
        mailroom.crash(&database).await;
        assert_eq!(mailroom.newest(MailState::Pending).await.attempts, 1);
        mailroom.hands.advance(Duration::from_secs(60));
        let message = mailroom.newest(MailState::Sent).await;
        assert_eq!((message.attempts, mailroom.messages().await.len()), (2, 1));
        let received = mailroom.post.received();
        let ids: Vec<_> = received.iter().map(|it| it.head("Message-ID").unwrap()).collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[0], ids[1]);
    }

    async fn a_mail_waits_for_services_that_are_away(database: TestDatabase) {
        let mut mailroom = Mailroom::open(&database).await;
        mailroom.neighbours.known().away = true;
        mailroom.confirmed(mailroom.ada()).await;
        let waiting = mailroom.newest_that("it was tried", |it| !it.detail.is_empty()).await;
        assert_eq!(waiting.detail, "a service did not answer: Unavailable");
        // Whoever starts looks at once.
        mailroom.crash(&database).await;
        eventually("what waits is told", async || {
            mailroom.metric("tradewind_mail_waiting", &[]) == Some(1.0)
        }).await;
        mailroom.neighbours.known().away = false;
        mailroom.hands.advance(FIRST_PAUSE);
        mailroom.newest(MailState::Sent).await;
    }

    async fn metrics_tell_what_attempts_came_to(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let tried = |outcome: &str| {
            let labels = [("template", "order-confirmed"), ("outcome", outcome)];
            mailroom.metric("tradewind_mail_attempts_total", &labels)
        };
        let outcomes = ["sent", "again", "failed", "refused", "discarded"];
        assert_eq!(outcomes.map(tried), [Some(0.0); 5]);
        mailroom.post.fault([Says(Step::Mail, "451 later")]);
        mailroom.confirmed(mailroom.ada()).await;
        mailroom.newest_that("it was tried", |it| !it.detail.is_empty()).await;
        mailroom.hands.advance(FIRST_PAUSE);
        mailroom.newest(MailState::Sent).await;
        assert_eq!(outcomes.map(tried), [1.0, 1.0, 0.0, 0.0, 0.0].map(Some));
    }
}
