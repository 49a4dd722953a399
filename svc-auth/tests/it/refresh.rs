use std::collections::HashSet;
use std::time::Duration;

use contracts::tradewind::auth::v1::{CreateTicketRequest, RedeemTicketRequest};
use contracts::tradewind::users::v1::UserState;
use runtime::identity::VerifyError;
use runtime::status::Reason;
use store::testing::{eventually, refused};
use tonic::Code;

use crate::bed::{Bed, Common, PASSWORD};

const ADA: &str = "ada@example.com";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

store::on_both! {
    async fn each_refresh_gives_the_next_token_and_the_roles_of_the_moment(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let first = bed.register(ADA).await.unwrap();
        bed.users.change(&first.user_id, |user| user.roles.push("admin".into()));
        let second = bed.refresh(&first.refresh_token).await.unwrap();
        let third = bed.refresh(&second.refresh_token).await.unwrap();
        let tokens =
            HashSet::from([&first.refresh_token, &second.refresh_token, &third.refresh_token]);
        assert_eq!(tokens.len(), 3);
        assert_eq!(third.user_id, first.user_id);
        let before = bed.verify(&first.access_token).await.unwrap();
        let after = bed.verify(&third.access_token).await.unwrap();
        assert_eq!(before.session_id, after.session_id);
        assert!(!before.has_role("admin") && after.has_role("admin"));
    }

    async fn many_at_once_get_the_same_successor(database: TestDatabase) {
        let common = Common::new();
        let one = Bed::replica(&database, common.clone(), |_| {}).await.unwrap();
        let two = Bed::replica(&database, common, |_| {}).await.unwrap();
        let ada = one.register(ADA).await.unwrap();
        let calls = (0..16).map(|n| if n % 2 == 0 { &one } else { &two })
            .map(|bed| bed.refresh(&ada.refresh_token));
        let replies = futures::future::join_all(calls).await;
        let tokens: HashSet<String> =
            replies.into_iter().map(|reply| reply.unwrap().refresh_token).collect();
        assert_eq!(tokens.len(), 1);
        let next = tokens.into_iter().next().unwrap();
        one.refresh(&next).await.unwrap();
    }

    async fn the_previous_token_repeats_for_ten_seconds(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let next = bed.refresh(&ada.refresh_token).await.unwrap();
        bed.time.advance(Duration::from_secs(10));
        let again = bed.refresh(&ada.refresh_token).await.unwrap();
        assert_eq!(again.refresh_token, next.refresh_token);
        bed.refresh(&next.refresh_token).await.unwrap();
    }

    async fn a_reused_refresh_token_ends_the_session(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let other = bed.login(ADA, PASSWORD).await.unwrap();
        let next = bed.refresh(&ada.refresh_token).await.unwrap();
        bed.verify(&next.access_token).await.unwrap();
        let reuses = || bed.metric("tradewind_refresh_token_reuses_total", &[]);
        assert_eq!(reuses(), Some(0.0));
        bed.time.advance(Duration::from_secs(11));
        let status = refused(bed.refresh(&ada.refresh_token).await, Reason::RefreshTokenInvalid);
        assert_eq!(status.code(), Code::Unauthenticated);
        refused(bed.refresh(&next.refresh_token).await, Reason::RefreshTokenInvalid);
        assert_eq!(reuses(), Some(1.0));
        let logins = [("action", "LOGIN"), ("outcome", "DONE")];
        assert_eq!(bed.metric("tradewind_auth_actions_total", &logins), Some(1.0));
        eventually("the access token is revoked", async || {
            bed.verify(&next.access_token).await == Err(VerifyError::Revoked)
        }).await;
        // The account's other sessions go on.
        bed.refresh(&other.refresh_token).await.unwrap();
    }

    async fn an_older_token_ends_the_session_at_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let first = bed.register(ADA).await.unwrap();
        let second = bed.refresh(&first.refresh_token).await.unwrap();
        let third = bed.refresh(&second.refresh_token).await.unwrap();
        refused(bed.refresh(&first.refresh_token).await, Reason::RefreshTokenInvalid);
        refused(bed.refresh(&third.refresh_token).await, Reason::RefreshTokenInvalid);
    }

    async fn a_session_ends_when_it_is_not_used_for_30_days(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.advance(Duration::from_secs(29 * 24 * 60 * 60)).await;
        let next = bed.refresh(&ada.refresh_token).await.unwrap();
        bed.advance(Duration::from_secs(30 * 24 * 60 * 60)).await;
        refused(bed.refresh(&next.refresh_token).await, Reason::RefreshTokenInvalid);
    }

    async fn a_session_ends_90_days_after_sign_in_however_it_is_used(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.rounds.purge = 1000 * DAY).await;
        let mut token = bed.register(ADA).await.unwrap().refresh_token;
        for _ in 0..3 {
            bed.advance(29 * DAY).await;
            token = bed.refresh(&token).await.unwrap().refresh_token;
        }
        bed.advance(3 * DAY - Duration::from_secs(60)).await;
        let last = bed.refresh(&token).await.unwrap();
        assert_eq!(last.expires_in, 60);
        let sessions = bed.sessions(&last.access_token).await.unwrap();
        let [session] = sessions.as_slice() else { panic!("there is one: {sessions:?}") };
        let (begin, end) = (session.create_time.unwrap(), session.expire_time.unwrap());
        assert_eq!(end.seconds - begin.seconds, 90 * 24 * 60 * 60);

        // A ticket gives no longer right than the session has.
        let request = CreateTicketRequest {
            path: "/v1/orders/1:watch".into(),
            reconnects: false,
        };
        let ticket = bed.holder(&last.access_token).create_ticket(request.clone()).await.unwrap();
        let redeem = RedeemTicketRequest {
            server_sent_events: true,
            ticket: ticket.into_inner().ticket,
            path: request.path.clone(),
        };
        let redeemed = bed.edge().await.redeem_ticket(redeem).await.unwrap().into_inner();

        bed.advance(Duration::from_secs(60)).await;
        for access_token in [&last.access_token, &redeemed.access_token] {
            assert_eq!(bed.verify(access_token).await, Err(VerifyError::Expired));
        }
        // It stays the same when the row is gone.
        for _ in 0..2 {
            let status = refused(bed.refresh(&last.refresh_token).await, Reason::SessionExpired);
            assert_eq!(status.code(), Code::Unauthenticated);
        }
        assert_eq!(bed.count("sessions").await, 0);
        let ended = "audit_events WHERE action = 'EXPIRE_SESSION'";
        assert_eq!(bed.count(ended).await, 1);
        bed.login(ADA, PASSWORD).await.unwrap();
    }

    async fn a_shorter_lifetime_holds_for_sessions_that_are_there(database: TestDatabase) {
        let common = Common::new();
        let bed = Bed::replica(&database, common.clone(), |_| {}).await.unwrap();
        let ada = bed.register(ADA).await.unwrap();
        bed.stop().await;
        let week = |config: &mut svc_auth::Config| config.lifetimes.session_lifetime = 7 * DAY;
        let bed = Bed::replica(&database, common, week).await.unwrap();
        let ada = bed.refresh(&ada.refresh_token).await.unwrap();
        let session = bed.sessions(&ada.access_token).await.unwrap().remove(0);
        let (begin, end) = (session.create_time.unwrap(), session.expire_time.unwrap());
        assert_eq!(end.seconds - begin.seconds, 7 * 24 * 60 * 60);
        bed.advance(7 * DAY).await;
        refused(bed.refresh(&ada.refresh_token).await, Reason::SessionExpired);
    }

    async fn what_was_not_given_here_is_refused(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let mut forged = ada.refresh_token.clone();
        forged.replace_range(40..41, if &forged[40..41] == "A" { "B" } else { "A" });
        for token in ["x", forged.as_str(), ada.access_token.as_str()] {
            refused(bed.refresh(token).await, Reason::RefreshTokenInvalid);
        }
        bed.refresh(&ada.refresh_token).await.unwrap();
    }

    async fn with_accounts_away_the_token_is_not_used_up(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.users.set_away(true);
        refused(bed.refresh(&ada.refresh_token).await, Reason::DependencyUnavailable);
        bed.advance(Duration::from_secs(3600)).await;
        bed.users.set_away(false);
        bed.refresh(&ada.refresh_token).await.unwrap();
    }

    async fn a_machine_that_slept_for_hours_goes_on_at_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.time.advance(Duration::from_secs(3 * 3600));
        bed.refresh(&ada.refresh_token).await.unwrap();
    }

    async fn a_closed_account_is_not_refreshed(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.users.change(&ada.user_id, |user| user.state = UserState::Deactivated.into());
        refused(bed.refresh(&ada.refresh_token).await, Reason::AccountInactive);
    }
}
