use std::time::{Duration, Instant};

use contracts::tradewind::users::v1::UserState;
use runtime::status::{Reason, reason, retry_delay};
use store::testing::refused;
use tonic::Code;

use crate::bed::{Bed, PASSWORD};

const ADA: &str = "ada@example.com";

store::on_both! {
    async fn a_wrong_password_and_an_unknown_account_look_the_same(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register(ADA).await.unwrap();
        let wrong = refused(bed.login(ADA, "wrong").await, Reason::CredentialsInvalid);
        let unknown =
            refused(bed.login("nobody@example.com", "wrong").await, Reason::CredentialsInvalid);
        assert_eq!(wrong.code(), Code::Unauthenticated);
        assert_eq!((wrong.code(), wrong.message()), (unknown.code(), unknown.message()));

        // The quickest of some: others run on this machine too.
        let mut quickest = [Duration::MAX; 2];
        for _ in 0..4 {
            for (time, email) in quickest.iter_mut().zip([ADA, "nobody@example.com"]) {
                let start = Instant::now();
                refused(bed.login(email, "wrong").await, Reason::CredentialsInvalid);
                *time = start.elapsed().min(*time);
            }
        }
        assert!(quickest[1] * 3 > quickest[0], "{quickest:?}");
    }

    async fn wrong_passwords_of_an_account_are_throttled(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 3).await;
        bed.register(ADA).await.unwrap();
        for _ in 0..3 {
            refused(bed.login(ADA, "wrong").await, Reason::CredentialsInvalid);
        }
        let status = refused(bed.login(ADA, PASSWORD).await, Reason::RateLimited);
        assert_eq!(retry_delay(&status), Some(Duration::from_secs(30)));
        bed.register("other@example.com").await.unwrap();
        bed.login("other@example.com", PASSWORD).await.unwrap();

        bed.time.advance(Duration::from_secs(30));
        bed.login(ADA, PASSWORD).await.unwrap();
        // The right password starts anew.
        for _ in 0..3 {
            refused(bed.login(ADA, "wrong").await, Reason::CredentialsInvalid);
        }
    }

    async fn an_unknown_account_is_throttled_as_well(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 1).await;
        refused(bed.login(ADA, "wrong").await, Reason::CredentialsInvalid);
        refused(bed.login("ADA@example.com", "wrong").await, Reason::RateLimited);
    }

    async fn wrong_passwords_from_an_address_are_throttled(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_address_burst = 3).await;
        bed.register(ADA).await.unwrap();
        for _ in 0..5 {
            bed.login(ADA, PASSWORD).await.unwrap();
        }
        for number in 0..3 {
            let email = format!("{number}@example.com");
            refused(bed.login(&email, "wrong").await, Reason::CredentialsInvalid);
        }
        refused(bed.login("4@example.com", "wrong").await, Reason::RateLimited);
    }

    async fn many_attempts_at_once_count_as_many(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 3).await;
        bed.register(ADA).await.unwrap();
        let attempts = (0..12).map(|_| bed.login(ADA, "wrong"));
        let results = futures::future::join_all(attempts).await;
        let count = |expected| {
            let refusals = results.iter().filter_map(|result| reason(result.as_ref().err()?));
            refusals.filter(|reason| *reason == expected).count()
        };
        assert_eq!((count(Reason::CredentialsInvalid), count(Reason::RateLimited)), (3, 9));
    }

    async fn a_closed_account_answers_as_a_wrong_password_does(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 4).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.users.change(&ada.user_id, |user| user.state = UserState::Deactivated.into());
        for _ in 0..2 {
            let closed = refused(bed.login(ADA, PASSWORD).await, Reason::CredentialsInvalid);
            let wrong = refused(bed.login(ADA, "wrong").await, Reason::CredentialsInvalid);
            assert_eq!(
                (closed.code(), closed.message(), closed.details()),
                (wrong.code(), wrong.message(), wrong.details())
            );
        }
        // Nor may the right password be tried more often.
        refused(bed.login(ADA, PASSWORD).await, Reason::RateLimited);
        // Who keeps the audit log knows.
        let inactive = "audit_events WHERE outcome = 'INACTIVE'";
        assert_eq!(bed.count(inactive).await, 2);
    }

    async fn with_accounts_away_nobody_signs_in_and_nothing_is_left(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register(ADA).await.unwrap();
        bed.users.set_away(true);
        refused(bed.login(ADA, PASSWORD).await, Reason::DependencyUnavailable);
        bed.users.set_away(false);
        let reply = bed.login(ADA, PASSWORD).await.unwrap();
        assert_eq!(bed.sessions(&reply.access_token).await.unwrap().len(), 2);
    }

    async fn roles_are_those_of_the_moment(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.users.change(&ada.user_id, |user| user.roles.push("admin".into()));
        let reply = bed.login(ADA, PASSWORD).await.unwrap();
        assert!(bed.verify(&reply.access_token).await.unwrap().has_role("admin"));
    }
}
