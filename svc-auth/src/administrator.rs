//! The first administrator, whose account is opened at the start: with the password that the
//! operator gives, or without one and with a one-time token by which one is chosen.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime::email_verification::EmailVerification;
use runtime::identity::Signer;
use runtime::seal::EncryptionKey;
use secrecy::SecretString;
use uuid::Uuid;

use crate::config::Config;
use crate::domain::email::email_key;
use crate::domain::refresh::hash;
use crate::domain::unset::{is_unset, unset};
use crate::error::Error;
use crate::proofs;
use crate::service::Auth;
use crate::store::credential::{self, Credential, Pending};
use crate::store::password_reset;

/// The workload that may sign in as the first administrator, where there is one.
pub const OPERATOR: &str = "operator";

/// The key of the operator: derived from the encryption key, since whoever has that key and the
/// database can sign in as anybody. It lets `tradewind seed` and its like in without a password.
#[must_use]
pub fn operator(key: &EncryptionKey) -> Signer {
    Signer::from_seed(OPERATOR, &key.derive("operator"))
}

/// How long a one-time token is good for: a day is the most that NIST SP 800-63B-4, section
/// 4.2.1.2, allows a recovery code that goes by mail.
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Opens the account that the configuration names, and tells the token that it asks for.
pub(crate) async fn prepare(auth: &Auth, config: &Config) -> Result<(), Error> {
    let Some(email) = &config.admin_email else {
        return Ok(());
    };
    let known = find_or_open(auth, email, config.admin_password.clone()).await?;
    if auth.email_verification != EmailVerification::Off {
        let mut tx = auth.db.begin().await?;
        proofs::vouch(auth, &mut tx, known.user_id, &known.email).await?;
        tx.commit().await?;
    }
    if let Some(invitation) = &config.invitation
        && invitation.is_for(&known.password_hash)
    {
        invitation.tell(issue_token(auth, known.user_id).await?);
    }
    Ok(())
}

/// A new token for an account, whose earlier one is good no longer.
async fn issue_token(auth: &Auth, user_id: Uuid) -> Result<SecretString, Error> {
    let token = URL_SAFE_NO_PAD.encode(auth.random.bytes::<32>());
    let expire_time = auth.clock.now() + TOKEN_LIFETIME;
    let mut tx = auth.db.statements().await?;
    password_reset::put(&mut tx, user_id, &hash(&token), expire_time, None).await?;
    tx.commit().await?;
    Ok(token.into())
}

/// The account's credential: written now unless there is one, with the password that is given if
/// it has none. The healing loop opens the account as soon as svc-users is there.
async fn find_or_open(
    auth: &Auth,
    email: &str,
    password: Option<SecretString>,
) -> Result<Credential, Error> {
    let key = email_key(email);
    let mut tx = auth.db.read().await?;
    let known = credential::find_by_email(&mut tx, &key).await?;
    drop(tx);
    match (known, password) {
        (Some(known), Some(password)) if is_unset(&known.password_hash) => {
            set_password(auth, known, password).await
        }
        (Some(known), _) => Ok(known),
        (None, password) => open(auth, email, &key, password).await,
    }
}

async fn open(
    auth: &Auth,
    email: &str,
    key: &str,
    password: Option<SecretString>,
) -> Result<Credential, Error> {
    let now = auth.clock.now();
    let administrator = Credential {
        user_id: auth.random.uuid7(&auth.clock),
        email: email.trim().to_owned(),
        password_hash: match password {
            Some(password) => auth.hashing.hash(password).await?,
            None => unset(),
        },
        pending: Some(Pending {
            display_name: "Administrator".to_owned(),
            roles: vec!["admin".to_owned()],
        }),
    };
    let mut tx = auth.db.begin().await?;
    credential::insert(&mut tx, &administrator, key, now, now).await?;
    // Another replica may have been faster.
    let there = credential::find_by_email(&mut tx, key).await?;
    tx.commit().await?;
    Ok(there.unwrap_or(administrator))
}

async fn set_password(
    auth: &Auth,
    known: Credential,
    password: SecretString,
) -> Result<Credential, Error> {
    let hash = auth.hashing.hash(password).await?;
    let (id, now) = (known.user_id, auth.clock.now());
    let mut tx = auth.db.begin().await?;
    credential::replace_hash(&mut tx, id, &known.password_hash, &hash, now).await?;
    password_reset::forget(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Credential {
        password_hash: hash,
        ..known
    })
}

/// The account that the operator acts as.
pub(crate) async fn find(auth: &Auth) -> Result<Option<Credential>, Error> {
    let Some(email) = &auth.administrator else {
        return Ok(None);
    };
    let mut tx = auth.db.read().await?;
    credential::find_by_email(&mut tx, &email_key(email)).await
}
