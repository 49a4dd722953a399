//! Signing in with an account that somebody has elsewhere.

use std::time::Duration;

use contracts::tradewind::auth::v1::*;
use contracts::tradewind::users::v1::UserDeleted;
use runtime::email_verification::EmailVerification;
use runtime::status::Reason;
use serde_json::{Value, json};
use store::testing::{TestDatabase, refused};
use tonic::{Code, Status};

use crate::bed::{Bed, Common, PASSWORD};
use crate::provider::Provider;
use crate::second_factor::{ADA, set_up};
use crate::{mails, recovery};

/// A service beside a provider.
async fn start(database: &TestDatabase) -> (Bed, Provider) {
    let common = Common::new();
    let provider = Provider::start(&common.mesh.clock).await;
    let bed = replica(database, &common, &provider).await;
    (bed, provider)
}

/// One of several; all want addresses to be proved.
async fn replica(database: &TestDatabase, common: &Common, provider: &Provider) -> Bed {
    let started = Bed::replica(database, common.clone(), |config| {
        config.identity_providers = provider.settings();
        config.email_verification = EmailVerification::BeforeLogin;
    });
    started.await.expect("the service starts")
}

/// What is said of Ada, and nobody has to doubt.
fn ada() -> Value {
    json!({"sub": "4711", "email": ADA, "email_verified": true, "name": "Ada Lovelace"})
}

async fn begin(bed: &Bed) -> BeginExternalLoginResponse {
    let request = BeginExternalLoginRequest {
        provider: "example".into(),
    };
    let reply = bed.external("").begin_external_login(request).await;
    reply.unwrap().into_inner()
}

async fn begin_link(
    bed: &Bed,
    access_token: &str,
    password: &str,
) -> Result<BeginExternalLinkResponse, Status> {
    let request = BeginExternalLinkRequest {
        provider: "example".into(),
        password: password.into(),
        ..BeginExternalLinkRequest::default()
    };
    let reply = bed
        .external(access_token)
        .begin_external_link(request)
        .await;
    reply.map(tonic::Response::into_inner)
}

async fn finish(
    bed: &Bed,
    (state, code): (String, String),
    browser_token: &str,
) -> Result<FinishExternalLoginResponse, Status> {
    let request = FinishExternalLoginRequest {
        state,
        code,
        browser_token: browser_token.into(),
        iss: String::new(),
    };
    let reply = bed.external("").finish_external_login(request).await;
    reply.map(tonic::Response::into_inner)
}

/// All of it, of somebody of whom the provider says this.
async fn sign_in(
    bed: &Bed,
    provider: &Provider,
    said: Value,
) -> Result<FinishExternalLoginResponse, Status> {
    let begun = begin(bed).await;
    let back = provider.sign_in(&begun.authorization_url, said);
    finish(bed, back, &begun.browser_token).await
}

/// The owner of an account links what the provider says this of.
pub(crate) async fn link(
    bed: &Bed,
    provider: &Provider,
    access_token: &str,
    said: Value,
) -> Result<FinishExternalLoginResponse, Status> {
    let begun = begin_link(bed, access_token, PASSWORD).await?;
    let back = provider.sign_in(&begun.authorization_url, said);
    finish(bed, back, &begun.browser_token).await
}

/// An account with a password and a proved address, and an access token of it.
pub(crate) async fn with_password(bed: &Bed, email: &str) -> (String, String) {
    refused(bed.register(email).await, Reason::EmailNotVerified);
    let user_id = bed.users.of(email).unwrap().user_id;
    bed.users
        .change(&user_id, |user| user.email_verified = true);
    let session = bed.login(email, PASSWORD).await.unwrap();
    (user_id, session.access_token)
}

pub(crate) async fn identities(bed: &Bed, access_token: &str) -> Vec<ExternalIdentity> {
    let request = ListExternalIdentitiesRequest::default();
    let mut holder = bed.external(access_token);
    let reply = holder.list_external_identities(request).await;
    reply.unwrap().into_inner().external_identities
}

pub(crate) async fn unlink(bed: &Bed, access_token: &str, id: &str) -> Result<(), Status> {
    let request = UnlinkExternalIdentityRequest {
        external_identity_id: id.into(),
    };
    let mut holder = bed.external(access_token);
    let reply = holder.unlink_external_identity(request).await;
    reply.map(drop)
}

store::on_both! {
    async fn who_is_known_elsewhere_opens_an_account_and_signs_in_to_it_again(
        database: TestDatabase
    ) {
        let (bed, provider) = start(&database).await;
        let request = GetIdentityProvidersRequest {};
        let reply = bed.external("").get_identity_providers(request).await.unwrap();
        let [offered] = &reply.get_ref().providers[..] else { panic!("{reply:?}") };
        assert_eq!((offered.provider.as_str(), offered.display_name.as_str()), ("example", "Example"));

        let session = sign_in(&bed, &provider, ada()).await.unwrap();
        let user = bed.verify(&session.access_token).await.unwrap();
        assert_eq!((user.id.to_string(), session.token_type), (session.user_id.clone(), "Bearer".into()));
        bed.refresh(&session.refresh_token).await.unwrap();
        let account = bed.users.of(ADA).unwrap();
        assert_eq!(account.display_name, "Ada Lovelace");
        // The provider vouches for the address: nobody is sent a link.
        assert!(account.email_verified);
        assert_eq!(bed.count("account_mails WHERE kind = 'EMAIL_VERIFICATION'").await, 0);

        // Begun at one replica and finished at another; the address does not matter any more.
        let begun = begin(&bed).await;
        let mut said = ada();
        said["email"] = "countess@example.com".into();
        said["email_verified"] = false.into();
        let back = provider.sign_in(&begun.authorization_url, said);
        let other = replica(&database, &bed.common, &provider).await;
        let again = finish(&other, back, &begun.browser_token).await.unwrap();
        assert_eq!(again.user_id, session.user_id);
        assert_eq!(bed.count("credentials").await, 1);
    }

    async fn an_account_that_has_the_address_is_linked_by_its_owner_and_by_nobody_else(
        database: TestDatabase
    ) {
        let (bed, provider) = start(&database).await;
        let (user_id, token) = with_password(&bed, ADA).await;
        let status = refused(
            sign_in(&bed, &provider, ada()).await,
            Reason::ExternalIdentityNotLinked
        );
        assert_eq!(status.code(), Code::AlreadyExists);
        // Nor an account that svc-users alone knows of.
        bed.users.open("eve@example.com");
        let eve = json!({"sub": "2", "email": "eve@example.com", "email_verified": true});
        refused(sign_in(&bed, &provider, eve).await, Reason::ExternalIdentityNotLinked);
        assert_eq!(bed.count("external_identities").await, 0);

        refused(begin_link(&bed, &token, "wrong").await, Reason::CredentialsInvalid);
        let linked = link(&bed, &provider, &token, ada()).await.unwrap();
        assert_eq!((linked.user_id.as_str(), linked.access_token.as_str()), (user_id.as_str(), ""));
        assert_eq!(bed.count("account_mails WHERE kind = 'IDENTITY_LINKED'").await, 1);
        let [identity] = &identities(&bed, &token).await[..] else { panic!("there is one") };
        assert_eq!(identity.external_identity_id, linked.external_identity_id);
        assert_eq!(identity.provider, "example");
        let session = sign_in(&bed, &provider, ada()).await.unwrap();
        assert_eq!(session.user_id, user_id);

        // It is one account's.
        let (_, stranger) = with_password(&bed, "bob@example.com").await;
        refused(link(&bed, &provider, &stranger, ada()).await, Reason::ResourceExists);
        let id = &linked.external_identity_id;
        refused(unlink(&bed, &stranger, id).await, Reason::ResourceNotFound);
        unlink(&bed, &token, id).await.unwrap();
        refused(sign_in(&bed, &provider, ada()).await, Reason::ExternalIdentityNotLinked);
    }

    async fn a_second_factor_holds_whoever_vouches(database: TestDatabase) {
        let (bed, provider) = start(&database).await;
        let (user_id, token) = with_password(&bed, ADA).await;
        link(&bed, &provider, &token, ada()).await.unwrap();
        let (app, _) = set_up(&bed, &token).await;
        let reply = sign_in(&bed, &provider, ada()).await.unwrap();
        assert_eq!(FinishExternalLoginResponse {
            second_factor_required: true,
            second_factor_token: reply.second_factor_token.clone(),
            ..FinishExternalLoginResponse::default()
        }, reply);
        let request = LoginSecondFactorRequest {
            second_factor_token: reply.second_factor_token,
            code: app.fresh(&bed).await,
            recovery_code: String::new(),
        };
        let session = bed.second_factors("").login_second_factor(request).await.unwrap();
        assert_eq!(session.into_inner().user_id, user_id);
    }

    async fn what_proves_nothing_signs_nobody_in(database: TestDatabase) {
        let (bed, provider) = start(&database).await;
        for wrong in [
            json!({"iss": "http://127.0.0.1:1"}),
            json!({"aud": "another"}),
            json!({"aud": ["another", "shop"]}),
            json!({"exp": 1_700_000_000}),
            json!({"nonce": "another"}),
            json!({"nonce": null}),
            json!({"sub": ""}),
            json!({"kid": "2"}),
            json!({"kid": "3"}),
        ] {
            let mut said = ada();
            said.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
            let status = refused(sign_in(&bed, &provider, said).await, Reason::ExternalLoginInvalid);
            assert_eq!(status.code(), Code::Unauthenticated, "{wrong}");
        }
        // Keys that nobody knows do not have them read again for each.
        assert!(provider.looks() < 3);
        for unverified in [json!({"sub": "1", "email": ADA}), json!({"sub": "1"})] {
            let status = sign_in(&bed, &provider, unverified).await;
            refused(status, Reason::ExternalEmailNotVerified);
        }

        let begun = begin(&bed).await;
        let back = provider.sign_in(&begun.authorization_url, ada());
        // Whoever has been sent the address by somebody else has not kept what that browser has.
        let stranger = begin(&bed).await;
        let wrong = finish(&bed, back.clone(), &stranger.browser_token).await;
        refused(wrong, Reason::ExternalLoginInvalid);
        finish(&bed, back.clone(), &begun.browser_token).await.unwrap();
        let again = finish(&bed, back, &begun.browser_token).await;
        refused(again, Reason::ExternalLoginInvalid);

        let late = begin(&bed).await;
        bed.advance(Duration::from_secs(10 * 60)).await;
        let back = provider.sign_in(&late.authorization_url, ada());
        let late = finish(&bed, back, &late.browser_token).await;
        refused(late, Reason::ExternalLoginInvalid);
        provider.lose_its_key();
        let forged = sign_in(&bed, &provider, ada()).await;
        refused(forged, Reason::ExternalLoginInvalid);
    }

    async fn an_account_keeps_a_way_in_and_is_forgotten_with_its_identities(
        database: TestDatabase
    ) {
        let (bed, provider) = start(&database).await;
        let session = sign_in(&bed, &provider, ada()).await.unwrap();
        let token = &session.access_token;
        let [identity] = &identities(&bed, token).await[..] else { panic!("there is one") };
        let id = &identity.external_identity_id;
        refused(unlink(&bed, token, id).await, Reason::InvalidState);
        assert_eq!(identities(&bed, token).await.len(), 1);
        let message = UserDeleted { user_id: session.user_id.clone(), version: 2 };
        bed.tell("users.v1.UserDeleted", &session.user_id, &message).await;
        assert_eq!(bed.count("external_identities").await, 0);
    }

    async fn begun_with_one_password_nothing_is_linked_under_another(database: TestDatabase) {
        let (bed, provider) = start(&database).await;
        let (_, token) = with_password(&bed, ADA).await;
        let begun = begin_link(&bed, &token, PASSWORD).await.unwrap();
        let change = ChangePasswordRequest {
            current_password: PASSWORD.into(),
            new_password: "seven green lamps".into(),
        };
        bed.holder(&token).change_password(change).await.unwrap();
        let back = provider.sign_in(&begun.authorization_url, ada());
        let late = finish(&bed, back, &begun.browser_token).await;
        refused(late, Reason::ExternalLoginInvalid);
        assert_eq!(bed.count("external_identities").await, 0);
    }

    async fn a_password_that_is_set_by_a_link_in_place_of_another_ends_what_was_linked(
        database: TestDatabase
    ) {
        let (bed, provider) = start(&database).await;
        let (user_id, token) = with_password(&bed, ADA).await;
        link(&bed, &provider, &token, ada()).await.unwrap();
        recovery::request(&bed, ADA).await.unwrap();
        let request = ResetPasswordRequest {
            token: mails::token(&bed, &user_id, AccountMailKind::PasswordReset, 1).await,
            new_password: "seven green lamps".into(),
        };
        bed.anybody().reset_password(request).await.unwrap();
        refused(sign_in(&bed, &provider, ada()).await, Reason::ExternalIdentityNotLinked);
    }
}
