//! How an account gets a second factor, looks at it, and is rid of it.

use std::time::Duration;

use contracts::tradewind::auth::v1::*;
use contracts::tradewind::users::v1::UserDeleted;
use data_encoding::BASE32_NOPAD;
use runtime::status::Reason;
use store::testing::{eventually, refused};
use tonic::{Code, Status};

use crate::bed::{Bed, PASSWORD};

pub(crate) const ADA: &str = "ada@example.com";
/// Seconds of a step.
const STEP: Duration = Duration::from_secs(30);

/// An authenticator app that knows an account's secret, on the clock of the bed.
pub(crate) struct App(Vec<u8>);

impl App {
    /// What it shows now.
    pub(crate) fn code(&self, bed: &Bed) -> String {
        self.code_in(bed, 0)
    }

    /// What it shows in so many steps.
    pub(crate) fn code_in(&self, bed: &Bed, steps: i64) -> String {
        let step = bed.common.mesh.clock.now().timestamp() / 30 + steps;
        let key = aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
        let key = aws_lc_rs::hmac::Key::new(key, &self.0);
        let mac = aws_lc_rs::hmac::sign(&key, &step.to_be_bytes());
        let mac = mac.as_ref();
        let offset = usize::from(mac[19] & 15);
        let number = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap());
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }

    /// The next code, which was not used yet.
    pub(crate) async fn fresh(&self, bed: &Bed) -> String {
        bed.advance(STEP).await;
        self.code(bed)
    }
}

/// Gives the account of a token a second factor; its app and its recovery codes.
pub(crate) async fn set_up(bed: &Bed, access_token: &str) -> (App, Vec<String>) {
    let app = enroll(bed, access_token).await.unwrap();
    let request = ConfirmSecondFactorRequest {
        code: app.code(bed),
    };
    let reply = bed
        .second_factors(access_token)
        .confirm_second_factor(request)
        .await;
    (app, reply.unwrap().into_inner().recovery_codes)
}

async fn enroll(bed: &Bed, access_token: &str) -> Result<App, Status> {
    let request = EnrollSecondFactorRequest {
        password: PASSWORD.into(),
    };
    let reply = bed
        .second_factors(access_token)
        .enroll_second_factor(request)
        .await?;
    let EnrollSecondFactorResponse {
        secret,
        otpauth_uri,
    } = reply.into_inner();
    assert!(otpauth_uri.contains(&secret), "{otpauth_uri}");
    Ok(App(BASE32_NOPAD.decode(secret.as_bytes()).unwrap()))
}

async fn confirm(bed: &Bed, access_token: &str, code: &str) -> Result<Vec<String>, Status> {
    let request = ConfirmSecondFactorRequest { code: code.into() };
    let reply = bed
        .second_factors(access_token)
        .confirm_second_factor(request)
        .await?;
    Ok(reply.into_inner().recovery_codes)
}

pub(crate) async fn state(bed: &Bed, access_token: &str) -> GetSecondFactorResponse {
    let request = GetSecondFactorRequest {};
    let reply = bed
        .second_factors(access_token)
        .get_second_factor(request)
        .await;
    reply.unwrap().into_inner()
}

pub(crate) async fn disable(
    bed: &Bed,
    access_token: &str,
    password: &str,
    (code, recovery_code): (&str, &str),
) -> Result<(), Status> {
    let request = DisableSecondFactorRequest {
        password: password.into(),
        code: code.into(),
        recovery_code: recovery_code.into(),
    };
    let reply = bed
        .second_factors(access_token)
        .disable_second_factor(request)
        .await;
    reply.map(drop)
}

async fn regenerate(
    bed: &Bed,
    access_token: &str,
    password: &str,
    code: &str,
) -> Result<Vec<String>, Status> {
    let request = RegenerateRecoveryCodesRequest {
        password: password.into(),
        code: code.into(),
        recovery_code: String::new(),
    };
    let reply = bed
        .second_factors(access_token)
        .regenerate_recovery_codes(request)
        .await?;
    Ok(reply.into_inner().recovery_codes)
}

store::on_both! {
    async fn a_second_factor_is_on_with_its_first_code_and_ends_the_other_sessions(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let other = bed.login(ADA, PASSWORD).await.unwrap();
        assert_eq!(state(&bed, &ada.access_token).await, GetSecondFactorResponse::default());
        let app = enroll(&bed, &ada.access_token).await.unwrap();
        // Until it is confirmed nothing has changed.
        assert!(!state(&bed, &ada.access_token).await.enabled);
        bed.login(ADA, PASSWORD).await.unwrap();
        let wrong = confirm(&bed, &ada.access_token, &app.code_in(&bed, 7)).await;
        assert_eq!(refused(wrong, Reason::SecondFactorInvalid).code(), Code::Unauthenticated);

        let codes = confirm(&bed, &ada.access_token, &app.code(&bed)).await.unwrap();
        assert_eq!(codes.len(), 10);
        let now = state(&bed, &ada.access_token).await;
        assert!(now.enabled && now.enable_time.is_some() && !now.required);
        assert_eq!(now.recovery_codes_left, 10);
        refused(bed.refresh(&other.refresh_token).await, Reason::RefreshTokenInvalid);
        bed.refresh(&ada.refresh_token).await.unwrap();
        assert_eq!(bed.sessions(&ada.access_token).await.unwrap().len(), 1);

        let again = confirm(&bed, &ada.access_token, &app.code(&bed)).await;
        assert_eq!(refused(again, Reason::InvalidState).code(), Code::FailedPrecondition);
        let again = enroll(&bed, &ada.access_token).await.err().unwrap();
        assert_eq!(again.code(), Code::FailedPrecondition);
    }

    async fn a_secret_is_given_for_the_password_and_waits_for_an_hour(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let request = EnrollSecondFactorRequest { password: "wrong".into() };
        let result = bed.second_factors(&ada.access_token).enroll_second_factor(request).await;
        let status = refused(result, Reason::CredentialsInvalid);
        assert_eq!(status.code(), Code::PermissionDenied);
        let nothing = confirm(&bed, &ada.access_token, "123456").await;
        refused(nothing, Reason::InvalidState);

        let first = enroll(&bed, &ada.access_token).await.unwrap();
        let second = enroll(&bed, &ada.access_token).await.unwrap();
        let replaced = confirm(&bed, &ada.access_token, &first.code(&bed)).await;
        refused(replaced, Reason::SecondFactorInvalid);
        bed.advance(Duration::from_secs(60 * 60)).await;
        let fresh = bed.login(ADA, PASSWORD).await.unwrap();
        refused(confirm(&bed, &fresh.access_token, &second.code(&bed)).await, Reason::InvalidState);
        eventually("it is removed", async || { bed.count("second_factors").await == 0 }).await;
    }

    async fn only_its_owner_has_a_second_factor(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let eve = bed.register("eve@example.com").await.unwrap();
        let (app, _) = set_up(&bed, &ada.access_token).await;
        assert!(!state(&bed, &eve.access_token).await.enabled);
        refused(confirm(&bed, &eve.access_token, &app.code(&bed)).await, Reason::InvalidState);
        let result = bed.second_factors("").get_second_factor(GetSecondFactorRequest {}).await;
        refused(result, Reason::TokenMissing);
    }

    async fn the_secret_and_the_codes_are_in_the_database_in_no_form_that_opens_anything(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let (app, codes) = set_up(&bed, &ada.access_token).await;
        let mut tx = bed.read().await;
        let sql = "SELECT sealed_secret FROM second_factors";
        let (sealed,) = store::fetch_one!(tx, (Vec<u8>,), sql).unwrap();
        assert_eq!(sealed.len(), 12 + 20 + 16, "nonce, secret and tag");
        assert!(!sealed.windows(20).any(|part| part == app.0));
        let sql = "SELECT code_hash FROM recovery_codes";
        let hashes = store::fetch_all!(tx, (Vec<u8>,), sql).unwrap();
        assert_eq!(hashes.len(), codes.len());
        assert!(hashes.iter().all(|(hash,)| hash.len() == 32));
    }

    async fn it_is_turned_off_by_password_and_code_together(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let token = &ada.access_token;
        let (app, codes) = set_up(&bed, token).await;
        let code = app.fresh(&bed).await;
        refused(disable(&bed, token, "wrong", (&code, "")).await, Reason::CredentialsInvalid);
        let none = refused(disable(&bed, token, PASSWORD, ("", "")).await, Reason::InvalidField);
        assert_eq!(none.code(), Code::InvalidArgument);
        let both = disable(&bed, token, PASSWORD, (&code, &codes[0])).await;
        refused(both, Reason::InvalidField);
        let wrong = disable(&bed, token, PASSWORD, (&app.code_in(&bed, 9), "")).await;
        refused(wrong, Reason::SecondFactorInvalid);
        assert!(state(&bed, token).await.enabled);

        disable(&bed, token, PASSWORD, (&code, "")).await.unwrap();
        assert_eq!(state(&bed, token).await, GetSecondFactorResponse::default());
        // Its session goes on, and a repetition has nothing to do.
        disable(&bed, token, PASSWORD, (&code, "")).await.unwrap();
        bed.refresh(&ada.refresh_token).await.unwrap();
        assert_ne!(bed.login(ADA, PASSWORD).await.unwrap().access_token, "");
        assert_eq!(bed.count("recovery_codes").await, 0);

        // Another one can be set up, and turned off by a code on paper.
        let (_, codes) = set_up(&bed, token).await;
        disable(&bed, token, PASSWORD, ("", &codes[3])).await.unwrap();
        assert!(!state(&bed, token).await.enabled);
    }

    async fn new_recovery_codes_take_the_place_of_the_old_ones(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let token = &ada.access_token;
        let off = regenerate(&bed, token, PASSWORD, "").await;
        assert_eq!(refused(off, Reason::InvalidState).code(), Code::FailedPrecondition);
        let (app, old) = set_up(&bed, token).await;
        let code = app.fresh(&bed).await;
        refused(regenerate(&bed, token, "wrong", &code).await, Reason::CredentialsInvalid);
        refused(regenerate(&bed, token, PASSWORD, "000").await, Reason::SecondFactorInvalid);
        let new = regenerate(&bed, token, PASSWORD, &code).await.unwrap();
        assert_eq!(new.len(), 10);
        assert!(new.iter().all(|code| !old.contains(code)));
        assert_eq!(state(&bed, token).await.recovery_codes_left, 10);
        refused(regenerate(&bed, token, PASSWORD, &code).await, Reason::SecondFactorInvalid);
        let stale = disable(&bed, token, PASSWORD, ("", &old[0])).await;
        refused(stale, Reason::SecondFactorInvalid);
        disable(&bed, token, PASSWORD, ("", &new[0])).await.unwrap();
    }

    async fn a_deleted_account_leaves_nothing_of_it(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        set_up(&bed, &ada.access_token).await;
        bed.login(ADA, PASSWORD).await.unwrap();
        let message = UserDeleted { user_id: ada.user_id.clone(), version: 2 };
        bed.tell("users.v1.UserDeleted", &ada.user_id, &message).await;
        for rows in ["second_factors", "recovery_codes", "second_factor_logins"] {
            assert_eq!(bed.count(rows).await, 0, "{rows}");
        }
    }

    async fn a_secret_is_sealed_anew_when_the_key_is_replaced(database: TestDatabase) {
        let common = crate::bed::Common::new();
        let bed = Bed::replica(&database, common.clone(), |_| {}).await.unwrap();
        let ada = bed.register(ADA).await.unwrap();
        let (app, _) = set_up(&bed, &ada.access_token).await;
        bed.stop().await;

        let next = runtime::seal::EncryptionKey::generate(
            runtime::services::AUTHORITY, &net::random::Random::system()
        );
        let (old, new) = (common.key.to_base64(), next.to_base64());
        let change = {
            let new = new.clone();
            move |config: &mut svc_auth::Config| {
                config.signing_key_encryption_key = new;
                config.signing_key_encryption_key_previous = Some(old);
            }
        };
        Bed::replica(&database, common.clone(), change).await.unwrap().stop().await;
        // Without the old key it still opens.
        let change = move |config: &mut svc_auth::Config| config.signing_key_encryption_key = new;
        let bed = Bed::replica(&database, common, change).await.unwrap();
        let first = bed.login(ADA, PASSWORD).await.unwrap();
        let request = LoginSecondFactorRequest {
            second_factor_token: first.second_factor_token,
            code: app.fresh(&bed).await,
            recovery_code: String::new(),
        };
        bed.second_factors("").login_second_factor(request).await.unwrap();
    }

    async fn what_was_done_with_it_is_written_down(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let (app, codes) = set_up(&bed, &ada.access_token).await;
        let code = app.fresh(&bed).await;
        regenerate(&bed, &ada.access_token, PASSWORD, &code).await.unwrap();
        let stale = disable(&bed, &ada.access_token, PASSWORD, ("", &codes[0])).await;
        refused(stale, Reason::SecondFactorInvalid);
        let mut tx = bed.read().await;
        let rows = store::fetch_all!(
            tx,
            (String, String),
            "SELECT action, outcome FROM audit_events WHERE action LIKE '%SECOND_FACTOR' \
             OR action LIKE '%RECOVERY%' ORDER BY action, outcome"
        ).unwrap();
        let rows: Vec<_> = rows.into_iter().map(|(what, how)| format!("{what} {how}")).collect();
        assert_eq!(rows, [
            "CONFIRM_SECOND_FACTOR DONE",
            "DISABLE_SECOND_FACTOR WRONG_CODE",
            "ENROLL_SECOND_FACTOR DONE",
            "REGENERATE_RECOVERY_CODES DONE",
        ]);
    }
}
