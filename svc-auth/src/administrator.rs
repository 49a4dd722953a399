//! The first administrator, whose account is opened at the start: with the password that the
//! operator gives, or without one and with a one-time token by which one is chosen.

use std::sync::{Arc, OnceLock};

use runtime::identity::Signer;
use secrecy::SecretString;

use crate::config::Config;
use crate::domain::email::email_key;
use crate::domain::seal::EncryptionKey;
use crate::domain::unset::{is_unset, unset};
use crate::error::Error;
use crate::grpc::reset;
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

/// How the process that runs svc-auth beside others learns of the token by which the first
/// administrator chooses a password: it is nowhere else in plain text.
#[derive(Clone, Debug, Default)]
pub struct Invitation {
    always: bool,
    token: Arc<OnceLock<SecretString>>,
}

impl Invitation {
    /// Also for an administrator who has a password, which holds until another one is chosen.
    #[must_use]
    pub fn always() -> Self {
        Self {
            always: true,
            ..Self::default()
        }
    }

    /// The token, once the service is built; none if there is a password.
    #[must_use]
    pub fn token(&self) -> Option<&SecretString> {
        self.token.get()
    }
}

/// Opens the account that the configuration names, and tells the token that it asks for.
pub(crate) async fn prepare(auth: &Auth, config: &Config) -> Result<(), Error> {
    let Some(email) = &config.admin_email else {
        return Ok(());
    };
    let known = find_or_open(auth, email, config.admin_password.clone()).await?;
    if let Some(invitation) = &config.invitation
        && (invitation.always || is_unset(&known.password_hash))
    {
        let token = reset::issue(auth, known.user_id).await?;
        // Only the first service that is built with this configuration tells.
        let _ = invitation.token.set(token);
    }
    Ok(())
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
