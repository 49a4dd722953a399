use std::time::Duration;

use contracts::tradewind::auth::v1::RegisterRequest;
use contracts::tradewind::users::v1::UserState;
use runtime::status::{Reason, retry_delay};
use store::testing::{eventually, refused};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::bed::{Bed, PASSWORD};
use crate::users::BAD;

const ADA: &str = "ada@example.com";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

store::on_both! {
    async fn an_account_is_opened_and_signed_in(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let reply = bed.register(ADA).await.unwrap();
        assert_eq!((reply.token_type.as_str(), reply.expires_in), ("Bearer", 900));
        assert_eq!(bed.users.of(ADA).unwrap().user_id, reply.user_id);

        let user = bed.verify(&reply.access_token).await.unwrap();
        assert_eq!(user.id.to_string(), reply.user_id);
        assert!(user.has_role("user"));
        bed.refresh(&reply.refresh_token).await.unwrap();
        bed.login("ADA@example.com", PASSWORD).await.unwrap();
    }

    async fn an_address_has_one_account(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register(ADA).await.unwrap();
        let status = refused(bed.register("Ada@Example.com").await, Reason::ResourceExists);
        assert_eq!(status.code(), Code::AlreadyExists);
    }

    async fn an_address_without_password_is_not_taken_over(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.users.open(ADA);
        refused(bed.register(ADA).await, Reason::ResourceExists);
        refused(bed.login(ADA, PASSWORD).await, Reason::CredentialsInvalid);
        // Nothing is left of the attempt.
        bed.users.forget(ADA);
        bed.register(ADA).await.unwrap();
    }

    async fn a_name_that_accounts_refuse_is_refused_and_the_address_stays_free(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let request = RegisterRequest {
            email: ADA.into(),
            password: PASSWORD.into(),
            display_name: format!("Ada{BAD}"),
        };
        let status = refused(bed.anybody().register(request).await, Reason::InvalidField);
        assert_eq!(status.code(), Code::InvalidArgument);
        let mistakes = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(mistakes[0].field, "displayName");
        bed.register(ADA).await.unwrap();
    }

    async fn a_name_has_something_to_see(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        for name in [" ", "\u{A0}\u{3000}", "\u{200B}"] {
            let request = RegisterRequest {
                email: ADA.into(),
                password: PASSWORD.into(),
                display_name: name.into(),
            };
            let status = refused(bed.anybody().register(request).await, Reason::InvalidField);
            let mistakes = status.get_details_bad_request().unwrap().field_violations;
            assert_eq!(mistakes[0].field, "displayName", "{name:?}");
        }
    }

    async fn an_address_of_the_world_is_one_account_however_it_is_written(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register("ada@bücher.example").await.unwrap();
        bed.register("søren@example.dk").await.unwrap();
        let again = bed.register("Ada@xn--bcher-kva.example").await;
        refused(again, Reason::ResourceExists);
        for address in ["ada@bu\u{308}cher.example", "ADA@XN--BCHER-KVA.EXAMPLE", "SØREN@example.dk"] {
            bed.login(address, PASSWORD).await.unwrap();
        }
    }

    async fn what_broke_off_is_finished_in_the_background(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.users.set_away(true);
        let status = refused(bed.register(ADA).await, Reason::DependencyUnavailable);
        assert_eq!(status.code(), Code::Unavailable);
        bed.users.set_away(false);
        bed.time.advance(Duration::from_secs(31));
        eventually("the account is opened", async || { bed.users.of(ADA).is_some() }).await;
        bed.login(ADA, PASSWORD).await.unwrap();
    }

    async fn what_broke_off_goes_on_with_the_next_call(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.users.set_away(true);
        refused(bed.register(ADA).await, Reason::DependencyUnavailable);
        refused(bed.register("eve@example.com").await, Reason::DependencyUnavailable);
        bed.users.set_away(false);
        // Whoever knows the password goes on, by either way; somebody else does not.
        let other = RegisterRequest {
            email: ADA.into(),
            password: "another password".into(),
            display_name: "Eve".into(),
        };
        refused(bed.anybody().register(other).await, Reason::ResourceExists);
        bed.register(ADA).await.unwrap();
        bed.login("eve@example.com", PASSWORD).await.unwrap();
    }

    async fn a_registration_whose_reply_was_lost_can_be_repeated(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let lost = bed.register(ADA).await.unwrap();
        let again = bed.register(ADA).await.unwrap();
        assert_eq!(again.user_id, lost.user_id);
        assert_ne!(again.refresh_token, lost.refresh_token);
        assert_eq!(bed.sessions(&again.access_token).await.unwrap().len(), 2);
        bed.refresh(&again.refresh_token).await.unwrap();

        bed.advance(DAY - Duration::from_secs(1)).await;
        bed.register(ADA).await.unwrap();
        bed.advance(Duration::from_secs(1)).await;
        let status = refused(bed.register(ADA).await, Reason::ResourceExists);
        assert_eq!(status.code(), Code::AlreadyExists);
        bed.login(ADA, PASSWORD).await.unwrap();
    }

    async fn only_the_same_registration_is_repeated(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let mut told = Vec::new();
        for (password, name) in [("another password", "Ada"), (PASSWORD, "Eve")] {
            let status = refused(bed.register_as(ADA, password, name).await, Reason::ResourceExists);
            assert_eq!(status.code(), Code::AlreadyExists);
            told.push(status.message().to_owned());
        }
        bed.users.change(&ada.user_id, |user| user.state = UserState::Deactivated.into());
        let status = refused(bed.register(ADA).await, Reason::ResourceExists);
        told.push(status.message().to_owned());
        // Nobody learns which part was another.
        assert!(told.iter().all(|message| message == &told[0]), "{told:?}");
        assert_eq!(bed.count("sessions").await, 1);

        bed.users.change(&ada.user_id, |user| user.state = UserState::Active.into());
        bed.register(ADA).await.unwrap();
    }

    async fn a_wrong_password_to_a_repeated_registration_counts_as_one_to_sign_in(
        database: TestDatabase
    ) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 2).await;
        bed.register(ADA).await.unwrap();
        for _ in 0..2 {
            let guessed = bed.register_as(ADA, "another password", "Ada").await;
            refused(guessed, Reason::ResourceExists);
        }
        refused(bed.register_as(ADA, "another password", "Ada").await, Reason::RateLimited);
        refused(bed.login(ADA, PASSWORD).await, Reason::RateLimited);
        let outcomes = "audit_events WHERE outcome = 'WRONG_PASSWORD'";
        assert_eq!(bed.count(outcomes).await, 2);
        bed.advance(Duration::from_secs(60)).await;
        // Those that are right do not count.
        for _ in 0..3 {
            bed.register(ADA).await.unwrap();
        }
    }

    async fn registrations_of_an_address_are_throttled(database: TestDatabase) {
        let bed = Bed::with(&database, |config| {
            config.throttle.register_burst = 2;
            config.throttle.register_interval = Duration::from_secs(60);
        }).await;
        bed.register("1@example.com").await.unwrap();
        bed.register("2@example.com").await.unwrap();
        let status = refused(bed.register("3@example.com").await, Reason::RateLimited);
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(retry_delay(&status), Some(Duration::from_secs(60)));
        bed.time.advance(Duration::from_secs(60));
        bed.register("3@example.com").await.unwrap();
    }

    async fn the_first_administrator_is_there_as_soon_as_accounts_are(database: TestDatabase) {
        let common = crate::bed::Common::new();
        common.users.set_away(true);
        let admin = |config: &mut svc_auth::Config| {
            config.admin_email = Some("Root@example.com".into());
            config.admin_password = Some("first password".into());
        };
        let bed = Bed::replica(&database, common.clone(), admin).await.unwrap();
        bed.users.set_away(false);
        let opened = || async {
            // Attempts that failed are tried again by the clock.
            bed.time.advance(Duration::from_secs(1));
            bed.users.of("Root@example.com").is_some()
        };
        eventually("the account is opened", opened).await;
        let reply = bed.login("root@example.com", "first password").await.unwrap();
        assert!(bed.verify(&reply.access_token).await.unwrap().has_role("admin"));

        // At the next start the account is left as it is.
        bed.stop().await;
        let other = |config: &mut svc_auth::Config| {
            config.admin_email = Some("root@example.com".into());
            config.admin_password = Some("other password".into());
        };
        let bed = Bed::replica(&database, common, other).await.unwrap();
        bed.login("root@example.com", "first password").await.unwrap();
        refused(bed.login("root@example.com", "other password").await, Reason::CredentialsInvalid);
    }
}
