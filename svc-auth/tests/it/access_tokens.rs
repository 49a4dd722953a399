//! Personal access tokens.

use std::time::Duration;

use contracts::tradewind::auth::v1::*;
use contracts::tradewind::users::v1::{UserDeactivated, UserDeleted, UserRolesTaken, UserState};
use net::clock::timestamp;
use prost_types::Timestamp;
use runtime::call::User;
use runtime::identity::{VerifyError, personal};
use runtime::status::Reason;
use store::testing::{eventually, refused};
use svc_auth::RequireSecondFactor;
use tonic::{Code, Status};

use crate::bed::{Bed, PASSWORD};
use crate::second_factor::{ADA, set_up};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn after(bed: &Bed, time: Duration) -> Option<Timestamp> {
    Some(timestamp(bed.common.mesh.clock.now() + time))
}

/// What asks for one of 30 days.
pub(crate) fn wish(bed: &Bed, roles: &[&str]) -> CreateAccessTokenRequest {
    CreateAccessTokenRequest {
        name: "nightly report".into(),
        roles: roles.iter().map(ToString::to_string).collect(),
        expire_time: after(bed, 30 * DAY),
        password: PASSWORD.into(),
        ..CreateAccessTokenRequest::default()
    }
}

pub(crate) async fn create(
    bed: &Bed,
    access_token: &str,
    request: CreateAccessTokenRequest,
) -> Result<(PersonalAccessToken, String), Status> {
    let reply = bed
        .access_tokens(access_token)
        .create_access_token(request)
        .await?;
    let reply = reply.into_inner();
    Ok((reply.personal_access_token.unwrap(), reply.token))
}

async fn list(bed: &Bed, access_token: &str) -> Vec<PersonalAccessToken> {
    let request = ListAccessTokensRequest::default();
    let reply = bed
        .access_tokens(access_token)
        .list_access_tokens(request)
        .await;
    reply.unwrap().into_inner().personal_access_tokens
}

async fn revoke(bed: &Bed, access_token: &str, id: &str) -> Result<(), Status> {
    let request = RevokeAccessTokenRequest {
        personal_access_token_id: id.into(),
    };
    bed.access_tokens(access_token)
        .revoke_access_token(request)
        .await
        .map(drop)
}

/// The access token that stands for a personal one.
pub(crate) async fn redeem(bed: &Bed, token: &str) -> Result<String, Status> {
    let request = RedeemAccessTokenRequest {
        token: token.into(),
    };
    let reply = bed.redeemer().await.redeem_access_token(request).await?;
    Ok(reply.into_inner().access_token)
}

async fn user(bed: &Bed, token: &str) -> User {
    let access_token = redeem(bed, token).await.unwrap();
    bed.verify(&access_token).await.unwrap()
}

pub(crate) async fn is_revoked(bed: &Bed, access_token: &str) {
    eventually("everybody hears of it", async || {
        bed.verify(access_token).await == Err(VerifyError::Revoked)
    })
    .await;
}

store::on_both! {
    async fn a_token_is_shown_once_and_stands_for_its_owner(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let (made, token) = create(&bed, &ada.access_token, wish(&bed, &["user"])).await.unwrap();
        assert!(personal::is_whole(&token), "{token}");
        assert_eq!((made.name.as_str(), made.roles.as_slice()), ("nightly report", ["user".to_owned()].as_slice()));
        assert_eq!(list(&bed, &ada.access_token).await, std::slice::from_ref(&made));
        let mut tx = bed.read().await;
        let sql = "SELECT token_hash FROM access_tokens";
        let (hash,) = store::fetch_one!(tx, (Vec<u8>,), sql).unwrap();
        assert_eq!(hash.len(), 32);
        drop(tx);

        let user = user(&bed, &token).await;
        assert_eq!(user.id.to_string(), ada.user_id);
        assert!(user.is_script && user.has_role("user"));
        let used = list(&bed, &ada.access_token).await[0].last_used_time;
        assert_eq!(used, after(&bed, Duration::ZERO));
        // It is known to the hour.
        bed.advance(Duration::from_secs(10 * 60)).await;
        redeem(&bed, &token).await.unwrap();
        assert_eq!(list(&bed, &ada.access_token).await[0].last_used_time, used);
        bed.advance(Duration::from_secs(50 * 60)).await;
        redeem(&bed, &token).await.unwrap();
        let ada = bed.login(ADA, PASSWORD).await.unwrap();
        assert_eq!(
            list(&bed, &ada.access_token).await[0].last_used_time,
            after(&bed, Duration::ZERO)
        );
    }

    async fn what_stands_for_it_lives_for_minutes_and_not_longer_than_it(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let brief = CreateAccessTokenRequest {
            expire_time: after(&bed, Duration::from_secs(7 * 60)),
            ..wish(&bed, &["user"])
        };
        let (_, token) = create(&bed, &ada.access_token, brief).await.unwrap();
        let first = redeem(&bed, &token).await.unwrap();
        bed.advance(Duration::from_secs(5 * 60)).await;
        assert_eq!(bed.verify(&first).await, Err(VerifyError::Expired));
        let second = redeem(&bed, &token).await.unwrap();
        bed.verify(&second).await.unwrap();
        bed.advance(Duration::from_secs(2 * 60)).await;
        assert_eq!(bed.verify(&second).await, Err(VerifyError::Expired));
        let status = refused(redeem(&bed, &token).await, Reason::TokenExpired);
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(list(&bed, &ada.access_token).await, []);
        bed.advance(2 * DAY).await;
        eventually("it is removed", async || { bed.count("access_tokens").await == 0 }).await;
        refused(redeem(&bed, &token).await, Reason::TokenInvalid);
    }

    async fn it_is_asked_for_by_password_and_code_for_roles_that_are_held(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let of = |change: fn(&mut CreateAccessTokenRequest)| {
            let mut request = wish(&bed, &["user"]);
            change(&mut request);
            request
        };
        let wrong = of(|it| it.password = "wrong".into());
        let wrong = create(&bed, &ada.access_token, wrong).await;
        assert_eq!(refused(wrong, Reason::CredentialsInvalid).code(), Code::PermissionDenied);
        for bad in [
            of(|it| it.roles = vec!["admin".into()]),
            of(|it| it.roles = vec!["user".into(), "emperor".into()]),
            of(|it| it.roles.clear()),
            of(|it| it.name = String::new()),
            of(|it| it.expire_time = None),
            of(|it| it.expire_time = Some(Timestamp { seconds: 1_799_999_999, nanos: 0 })),
            of(|it| it.expire_time = Some(Timestamp { seconds: 1_800_000_001 + 365 * 86_400, nanos: 0 })),
            of(|it| it.expire_time = Some(Timestamp { seconds: 253_402_300_799, nanos: 0 })),
        ] {
            let status = refused(create(&bed, &ada.access_token, bad).await, Reason::InvalidField);
            assert_eq!(status.code(), Code::InvalidArgument);
        }
        assert_eq!(bed.count("access_tokens").await, 0);

        let (app, codes) = set_up(&bed, &ada.access_token).await;
        let without = create(&bed, &ada.access_token, wish(&bed, &["user"])).await;
        refused(without, Reason::InvalidField);
        let wrong = CreateAccessTokenRequest { code: "000".into(), ..wish(&bed, &["user"]) };
        let wrong = create(&bed, &ada.access_token, wrong).await;
        refused(wrong, Reason::SecondFactorInvalid);
        let code = app.fresh(&bed).await;
        let good = CreateAccessTokenRequest { code, ..wish(&bed, &["user"]) };
        create(&bed, &ada.access_token, good).await.unwrap();
        let paper = CreateAccessTokenRequest {
            recovery_code: codes[0].clone(),
            ..wish(&bed, &["user"])
        };
        create(&bed, &ada.access_token, paper).await.unwrap();
    }

    async fn roles_are_those_that_both_have_now(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.users.change(&ada.user_id, |user| user.roles.push("admin".into()));
        let asked = wish(&bed, &["user", "admin"]);
        let (_, both) = create(&bed, &ada.access_token, asked).await.unwrap();
        let (_, plain) = create(&bed, &ada.access_token, wish(&bed, &["user"])).await.unwrap();
        assert_eq!(user(&bed, &plain).await.roles.to_vec(), ["user"]);
        assert_eq!(user(&bed, &both).await.roles.to_vec(), ["user", "admin"]);

        // A role that is taken is gone at once; the token goes on without it.
        let access_token = redeem(&bed, &both).await.unwrap();
        bed.users.change(&ada.user_id, |user| user.roles.retain(|role| role != "admin"));
        let message = UserRolesTaken { user_id: ada.user_id.clone(), version: 3, ..Default::default() };
        bed.tell("users.v1.UserRolesTaken", &ada.user_id, &message).await;
        is_revoked(&bed, &access_token).await;
        assert_eq!(user(&bed, &both).await.roles.to_vec(), ["user"]);
        // Given again it is there again.
        bed.users.change(&ada.user_id, |user| user.roles.push("admin".into()));
        assert!(user(&bed, &both).await.has_role("admin"));
    }

    async fn a_revoked_token_is_good_for_nothing_at_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let eve = bed.register("eve@example.com").await.unwrap();
        let (made, token) = create(&bed, &ada.access_token, wish(&bed, &["user"])).await.unwrap();
        let (_, other) = create(&bed, &ada.access_token, wish(&bed, &["user"])).await.unwrap();
        let id = &made.personal_access_token_id;
        let access_token = redeem(&bed, &token).await.unwrap();
        refused(revoke(&bed, &eve.access_token, id).await, Reason::ResourceNotFound);
        revoke(&bed, &ada.access_token, id).await.unwrap();
        is_revoked(&bed, &access_token).await;
        refused(redeem(&bed, &token).await, Reason::TokenInvalid);
        user(&bed, &other).await;
        assert_eq!(list(&bed, &ada.access_token).await.len(), 1);
        // Again, as its reply was lost; nobody else learns of it.
        revoke(&bed, &ada.access_token, id).await.unwrap();
        refused(revoke(&bed, &eve.access_token, id).await, Reason::ResourceNotFound);
        let written = "audit_events WHERE action = 'REVOKE_ACCESS_TOKEN' AND outcome = 'DONE'";
        assert_eq!(bed.count(written).await, 1);
    }

    async fn a_closed_account_has_no_tokens(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        for (email, subject) in [(ADA, "users.v1.UserDeactivated"), ("eve@example.com", "users.v1.UserDeleted")] {
            let owner = bed.register(email).await.unwrap();
            let (_, token) = create(&bed, &owner.access_token, wish(&bed, &["user"])).await.unwrap();
            let access_token = redeem(&bed, &token).await.unwrap();
            bed.users.change(&owner.user_id, |user| user.state = UserState::Deactivated.into());
            // Also before the event is here.
            refused(redeem(&bed, &token).await, Reason::AccountInactive);
            if subject == "users.v1.UserDeleted" {
                let message = UserDeleted { user_id: owner.user_id.clone(), version: 2 };
                bed.tell(subject, &owner.user_id, &message).await;
            } else {
                let message = UserDeactivated { user_id: owner.user_id.clone(), version: 2 };
                bed.tell(subject, &owner.user_id, &message).await;
            }
            is_revoked(&bed, &access_token).await;
            bed.users.change(&owner.user_id, |user| user.state = UserState::Active.into());
            refused(redeem(&bed, &token).await, Reason::TokenInvalid);
        }
    }

    async fn a_token_changes_nothing_of_an_account_nor_makes_another(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let (made, token) = create(&bed, &ada.access_token, wish(&bed, &["user"])).await.unwrap();
        let script = redeem(&bed, &token).await.unwrap();
        refused(create(&bed, &script, wish(&bed, &["user"])).await, Reason::AccessDenied);
        let id = &made.personal_access_token_id;
        refused(revoke(&bed, &script, id).await, Reason::AccessDenied);
        refused(bed.sessions(&script).await, Reason::AccessDenied);
        let request = ChangePasswordRequest {
            current_password: PASSWORD.into(),
            new_password: "seven green lamps".into(),
        };
        let status = refused(
            bed.holder(&script).change_password(request).await,
            Reason::AccessDenied
        );
        assert_eq!(status.code(), Code::PermissionDenied);
        let request = EnrollSecondFactorRequest { password: PASSWORD.into() };
        let result = bed.second_factors(&script).enroll_second_factor(request).await;
        refused(result, Reason::AccessDenied);
        let request = CreateTicketRequest { path: "/v1/orders/1:watch".into(), reconnects: true };
        refused(bed.holder(&script).create_ticket(request).await, Reason::AccessDenied);
    }

    async fn only_the_edge_redeems_one(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let (_, token) = create(&bed, &ada.access_token, wish(&bed, &["user"])).await.unwrap();
        let request = RedeemAccessTokenRequest { token };
        let result = bed.access_tokens(&ada.access_token).redeem_access_token(request).await;
        refused(result, Reason::AccessDenied);
    }

    async fn an_account_has_fifty_at_most_and_they_are_listed_in_pages(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let mut made = Vec::new();
        for _ in 0..50 {
            let (one, _) = create(&bed, &ada.access_token, wish(&bed, &["user"])).await.unwrap();
            made.push(one.personal_access_token_id);
        }
        let more = create(&bed, &ada.access_token, wish(&bed, &["user"])).await;
        assert_eq!(refused(more, Reason::InvalidState).code(), Code::FailedPrecondition);
        let mut listed = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListAccessTokensRequest { page_size: 20, page_token };
            let page = bed.access_tokens(&ada.access_token).list_access_tokens(request).await;
            let page = page.unwrap().into_inner();
            listed.extend(page.personal_access_tokens);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let listed: Vec<_> = listed.into_iter().map(|one| one.personal_access_token_id).collect();
        made.reverse();
        assert_eq!(listed, made, "the newest first");
        revoke(&bed, &ada.access_token, &made[0]).await.unwrap();
        create(&bed, &ada.access_token, wish(&bed, &["user"])).await.unwrap();
    }

    async fn without_the_second_factor_that_is_asked_for_an_administrators_token_is_a_users(
        database: TestDatabase
    ) {
        let bed = Bed::with(&database, |config| {
            config.second_factors.require_second_factor = RequireSecondFactor::Admins;
        }).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.users.change(&ada.user_id, |user| user.roles.push("admin".into()));
        let early = create(&bed, &ada.access_token, wish(&bed, &["admin"])).await;
        refused(early, Reason::InvalidField);
        let (app, codes) = set_up(&bed, &ada.access_token).await;
        let asked = CreateAccessTokenRequest {
            code: app.fresh(&bed).await,
            ..wish(&bed, &["user", "admin"])
        };
        let (_, token) = create(&bed, &ada.access_token, asked).await.unwrap();
        assert!(user(&bed, &token).await.has_role("admin"));
        crate::second_factor::disable(&bed, &ada.access_token, PASSWORD, ("", &codes[0])).await.unwrap();
        assert_eq!(user(&bed, &token).await.roles.to_vec(), ["user"]);
    }
}
