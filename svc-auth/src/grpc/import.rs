//! ImportCredentials: password hashes of another system are taken over.

use chrono::{DateTime, Utc};
use contracts::tradewind::auth::v1::{
    ImportCredentialsRequest, ImportCredentialsResponse, ImportFailure, ImportedCredential,
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use runtime::call::CallContext;
use store::Tx;
use uuid::Uuid;

use crate::domain::email::email_key;
use crate::domain::password::hash;
use crate::domain::unset::is_unset;
use crate::error::Error;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential};
use crate::store::password_reset;

/// How many accounts are looked up at once.
const LOOK_UPS: usize = 16;

pub(super) async fn import(
    auth: &Auth,
    call: &CallContext,
    request: ImportCredentialsRequest,
) -> Result<ImportCredentialsResponse, Error> {
    let found: Vec<(String, Result<Credential, String>)> = stream::iter(
        request
            .credentials
            .into_iter()
            .map(|one| examine(auth, one)),
    )
    .buffered(LOOK_UPS)
    .try_collect()
    .await?;

    let mut reply = ImportCredentialsResponse::default();
    let mut tx = auth.db.begin().await?;
    for (user_id, examined) in found {
        let taken = match examined {
            Ok(credential) => take_over(auth, call, &mut tx, &credential).await?,
            Err(message) => Err(message),
        };
        match taken {
            Ok(()) => reply.imported_count += 1,
            Err(message) => reply.failures.push(ImportFailure { user_id, message }),
        }
    }
    tx.commit().await?;
    Ok(reply)
}

/// The credential as it would be stored, or why it cannot be.
async fn examine(
    auth: &Auth,
    imported: ImportedCredential,
) -> Result<(String, Result<Credential, String>), Error> {
    let ImportedCredential {
        user_id: id,
        password_hash,
    } = imported;
    let Ok(user_id) = Uuid::parse_str(&id) else {
        return Ok((id, Err("the id is no UUID".to_owned())));
    };
    if let Err(unusable) = hash::check(&password_hash) {
        return Ok((id, Err(unusable.to_string())));
    }
    let examined = match auth.accounts.email(user_id).await? {
        None => Err("there is no such account".to_owned()),
        Some(email) if email.is_empty() => {
            Err("the account has no e-mail address to sign in with".to_owned())
        }
        Some(email) => Ok(Credential {
            user_id,
            email,
            password_hash,
            pending: None,
        }),
    };
    Ok((id, examined))
}

/// Stores a credential unless the account has one. One that was imported before counts as
/// imported.
async fn take_over(
    auth: &Auth,
    call: &CallContext,
    tx: &mut Tx,
    imported: &Credential,
) -> Result<Result<(), String>, Error> {
    let now = auth.clock.now();
    let key = email_key(&imported.email);
    if credential::insert(tx, imported, &key, now, now).await? || fill(tx, imported, now).await? {
        password_reset::forget(tx, imported.user_id).await?;
        let entry = Entry {
            action: Action::ImportCredentials,
            outcome: Outcome::Done,
            user_id: Some(imported.user_id),
            session_id: None,
        };
        auth.record(tx, call, entry).await?;
        return Ok(Ok(()));
    }
    let there = credential::find(tx, imported.user_id).await?;
    if there.is_some_and(|there| there.password_hash == imported.password_hash) {
        return Ok(Ok(()));
    }
    Ok(Err("the account has a password already".to_owned()))
}

/// Gives a credential its first hash, whose owner has asked for a link and has not used it yet; says
/// whether it did.
async fn fill(tx: &mut Tx, imported: &Credential, now: DateTime<Utc>) -> Result<bool, Error> {
    let id = imported.user_id;
    match credential::find(tx, id).await? {
        Some(there) if is_unset(&there.password_hash) => {
            let (old, new) = (&there.password_hash, &imported.password_hash);
            credential::replace_hash(tx, id, old, new, now).await
        }
        _ => Ok(false),
    }
}
