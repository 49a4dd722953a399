use std::collections::HashSet;
use std::time::Duration;

use contracts::tradewind::auth::v1::{
    ChangePasswordRequest, ListRevocationsRequest, ListSessionsRequest, LoginRequest,
    LogoutRequest, RefreshRequest, RevokeSessionRequest,
};
use contracts::tradewind::users::v1::{UserDeactivated, UserDeleted, UserRolesTaken};
use net::metadata::{CLIENT_ADDRESS, CLIENT_USER_AGENT};
use runtime::identity::VerifyError;
use runtime::status::Reason;
use store::testing::{eventually, refused};
use svc_auth::Config;
use tonic::{Code, Request};

use crate::bed::{Bed, Common, PASSWORD};

const ADA: &str = "ada@example.com";

async fn session_of(bed: &Bed, access_token: &str) -> String {
    bed.verify(access_token)
        .await
        .unwrap()
        .session_id
        .to_string()
}

async fn is_revoked(bed: &Bed, access_token: &str) -> bool {
    bed.verify(access_token).await == Err(VerifyError::Revoked)
}

fn change(current: &str, new: &str) -> ChangePasswordRequest {
    ChangePasswordRequest {
        current_password: current.into(),
        new_password: new.into(),
    }
}

/// A request that the edge passes on for a client.
fn from<T>(address: &str, user_agent: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut().as_mut();
    metadata.insert(CLIENT_ADDRESS, address.parse().unwrap());
    metadata.insert(CLIENT_USER_AGENT, user_agent.parse().unwrap());
    request
}

store::on_both! {
    async fn sessions_are_listed_the_newest_first(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let first = bed.register(ADA).await.unwrap();
        bed.register("eve@example.com").await.unwrap();
        for _ in 0..2 {
            bed.time.advance(Duration::from_secs(1));
            bed.login(ADA, PASSWORD).await.unwrap();
        }
        let mut ada = bed.holder(&first.access_token);
        let mut request = ListSessionsRequest { page_size: 2, page_token: String::new() };
        let page = ada.list_sessions(request.clone()).await.unwrap().into_inner();
        assert_eq!(page.sessions.iter().map(|one| one.current).collect::<Vec<_>>(), [false, false]);
        let created = |index: usize| page.sessions[index].create_time.unwrap().seconds;
        assert!(created(0) > created(1));
        request.page_token = page.next_page_token;
        let page = ada.list_sessions(request).await.unwrap().into_inner();
        assert!(page.next_page_token.is_empty());
        let [session] = page.sessions.as_slice() else { panic!("one is left: {page:?}") };
        assert!(session.current);
        assert_eq!(session.session_id, session_of(&bed, &first.access_token).await);
    }

    async fn a_session_tells_device_and_addresses_until_it_ends(database: TestDatabase) {
        const FIREFOX: &str =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let bed = Bed::start(&database).await;
        bed.register(ADA).await.unwrap();
        let mut edge = bed.edge().await;
        let login = LoginRequest { email: ADA.into(), password: PASSWORD.into() };
        let login = edge.login(from("192.0.2.7", FIREFOX, login)).await.unwrap().into_inner();
        let refresh = RefreshRequest { refresh_token: login.refresh_token };
        let refresh = from("2001:db8::1", FIREFOX, refresh);
        let ada = edge.refresh(refresh).await.unwrap().into_inner();

        let sessions = bed.sessions(&ada.access_token).await.unwrap();
        let current = sessions.iter().find(|session| session.current).unwrap();
        assert_eq!(current.device, "Firefox on Windows");
        assert_eq!(current.user_agent, FIREFOX);
        assert_eq!(current.ip_address, "192.0.2.7");
        assert_eq!(current.last_ip_address, "2001:db8::1");
        assert_eq!(current.last_used_time, current.create_time);

        let request = LogoutRequest { refresh_token: ada.refresh_token };
        bed.anybody().logout(request).await.unwrap();
        let kept = "sessions WHERE address = '192.0.2.7'";
        assert_eq!(bed.count(kept).await, 0);
    }

    async fn a_metric_tells_how_many_sessions_are_open(database: TestDatabase) {
        let common = Common::new();
        let keeps = |config: &mut Config| config.rounds.purge = Duration::from_secs(3600);
        let bed = Bed::replica(&database, common.clone(), keeps).await.unwrap();
        bed.register(ADA).await.unwrap();
        bed.time.advance(bed.config.lifetimes.refresh_token_lifetime);
        let ended = bed.login(ADA, PASSWORD).await.unwrap();
        for _ in 0..2 {
            bed.login(ADA, PASSWORD).await.unwrap();
        }
        let request = LogoutRequest { refresh_token: ended.refresh_token };
        bed.anybody().logout(request).await.unwrap();
        assert_eq!(bed.count("sessions").await, 3);
        let other = Bed::replica(&database, common, keeps).await.unwrap();
        let open = async || other.metric("tradewind_sessions_open", &[]) == Some(2.0);
        eventually("those that have not ended are counted", open).await;
    }

    async fn an_owner_ends_a_session_and_nobody_else_can(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let other = bed.login(ADA, PASSWORD).await.unwrap();
        let eve = bed.register("eve@example.com").await.unwrap();
        let session_id = session_of(&bed, &other.access_token).await;
        let request = RevokeSessionRequest { session_id };

        let result = bed.holder(&eve.access_token).revoke_session(request.clone()).await;
        refused(result, Reason::ResourceNotFound);
        bed.refresh(&other.refresh_token).await.unwrap();

        for _ in 0..2 {
            bed.holder(&ada.access_token).revoke_session(request.clone()).await.unwrap();
        }
        refused(bed.refresh(&other.refresh_token).await, Reason::RefreshTokenInvalid);
        let result = bed.holder(&eve.access_token).revoke_session(request).await;
        refused(result, Reason::ResourceNotFound);
        bed.verify(&ada.access_token).await.unwrap();
    }

    async fn a_session_ends_on_every_replica_and_on_those_that_start_later(database: TestDatabase) {
        let common = Common::new();
        let one = Bed::replica(&database, common.clone(), |_| {}).await.unwrap();
        let two = Bed::replica(&database, common.clone(), |_| {}).await.unwrap();
        let ada = one.register(ADA).await.unwrap();
        two.verify(&ada.access_token).await.unwrap();

        let request = LogoutRequest { refresh_token: ada.refresh_token };
        one.anybody().logout(request).await.unwrap();
        for bed in [&one, &two] {
            eventually("it is revoked", || is_revoked(bed, &ada.access_token)).await;
        }
        let late = Bed::replica(&database, common, |_| {}).await.unwrap();
        assert!(is_revoked(&late, &ada.access_token).await);
        refused(late.sessions(&ada.access_token).await, Reason::SessionRevoked);
    }

    async fn any_refresh_token_of_a_session_signs_it_out(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let next = bed.refresh(&ada.refresh_token).await.unwrap();
        for token in [ada.refresh_token.as_str(), next.refresh_token.as_str(), "unknown"] {
            let request = LogoutRequest { refresh_token: token.into() };
            bed.anybody().logout(request).await.unwrap();
        }
        refused(bed.refresh(&next.refresh_token).await, Reason::RefreshTokenInvalid);
    }

    async fn a_new_password_ends_the_other_sessions(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let other = bed.login(ADA, PASSWORD).await.unwrap();
        let mut holder = bed.holder(&ada.access_token);

        let result = holder.change_password(change("wrong", "a new password")).await;
        let status = refused(result, Reason::CredentialsInvalid);
        assert_eq!(status.code(), Code::PermissionDenied);
        bed.refresh(&other.refresh_token).await.unwrap();

        // A repetition, whose first reply was lost, finds it done.
        for _ in 0..2 {
            holder.change_password(change(PASSWORD, "a new password")).await.unwrap();
        }
        refused(bed.refresh(&other.refresh_token).await, Reason::RefreshTokenInvalid);
        eventually("it is revoked", || is_revoked(&bed, &other.access_token)).await;
        bed.refresh(&ada.refresh_token).await.unwrap();
        refused(bed.login(ADA, PASSWORD).await, Reason::CredentialsInvalid);
        bed.login(ADA, "a new password").await.unwrap();
    }

    async fn guessing_the_current_password_is_throttled(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 2).await;
        let ada = bed.register(ADA).await.unwrap();
        let mut holder = bed.holder(&ada.access_token);
        for _ in 0..2 {
            let result = holder.change_password(change("wrong", "a new password")).await;
            refused(result, Reason::CredentialsInvalid);
        }
        let result = holder.change_password(change(PASSWORD, "a new password")).await;
        refused(result, Reason::RateLimited);
    }

    async fn a_closed_account_loses_its_sessions(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        for (number, subject) in ["UserDeactivated", "UserRolesTaken"].into_iter().enumerate() {
            let ada = bed.register(&format!("{number}@example.com")).await.unwrap();
            let (user_id, version) = (ada.user_id.clone(), 2);
            let subject = format!("users.v1.{subject}");
            if number == 0 {
                bed.tell(&subject, &ada.user_id, &UserDeactivated { user_id, version }).await;
            } else {
                let roles = vec!["user".to_owned()];
                bed.tell(&subject, &ada.user_id, &UserRolesTaken { user_id, version, roles }).await;
            }
            refused(bed.refresh(&ada.refresh_token).await, Reason::RefreshTokenInvalid);
            eventually("it is revoked", || is_revoked(&bed, &ada.access_token)).await;
            // Whether the account may sign in again is svc-users' to say.
            bed.login(&format!("{number}@example.com"), PASSWORD).await.unwrap();
        }
    }

    async fn a_deleted_account_loses_its_password(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.users.forget(ADA);
        let message = UserDeleted { user_id: ada.user_id.clone(), version: 2 };
        bed.tell("users.v1.UserDeleted", &ada.user_id, &message).await;
        refused(bed.login(ADA, PASSWORD).await, Reason::CredentialsInvalid);
        refused(bed.refresh(&ada.refresh_token).await, Reason::RefreshTokenInvalid);
        // The address is free again.
        let again = bed.register(ADA).await.unwrap();
        assert_ne!(again.user_id, ada.user_id);
    }

    async fn revocations_are_listed_until_tokens_have_expired(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let mut edge = bed.edge().await;
        let mut ended = HashSet::new();
        for number in 0..5 {
            let ada = bed.register(&format!("{number}@example.com")).await.unwrap();
            ended.insert(session_of(&bed, &ada.access_token).await);
            let request = LogoutRequest { refresh_token: ada.refresh_token };
            bed.anybody().logout(request).await.unwrap();
        }
        let mut request = ListRevocationsRequest { page_size: 2, ..Default::default() };
        let mut listed = Vec::new();
        loop {
            let page = edge.list_revocations(request.clone()).await.unwrap().into_inner();
            listed.extend(page.revocations);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() { break }
        }
        assert_eq!(listed.len(), 5);
        assert_eq!(listed.iter().map(|one| one.session_id.clone()).collect::<HashSet<_>>(), ended);

        bed.time.advance(Duration::from_secs(10));
        let since = listed[0].revoke_time;
        let page = ListRevocationsRequest { since, ..Default::default() };
        assert_eq!(edge.list_revocations(page).await.unwrap().into_inner().revocations.len(), 5);
        let later = since.map(|time| prost_types::Timestamp { seconds: time.seconds + 1, ..time });
        let page = ListRevocationsRequest { since: later, ..Default::default() };
        assert_eq!(edge.list_revocations(page).await.unwrap().into_inner().revocations.len(), 0);

        // A minute for clocks that differ, and one in which the mesh takes tokens that have expired.
        bed.time.advance(Duration::from_secs(16 * 60));
        let page = ListRevocationsRequest::default();
        let listed = edge.list_revocations(page.clone()).await.unwrap().into_inner();
        assert_eq!(listed.revocations.len(), 5);
        bed.time.advance(Duration::from_secs(60));
        assert_eq!(edge.list_revocations(page).await.unwrap().into_inner().revocations.len(), 0);
    }
}
