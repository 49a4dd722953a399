//! An identity that belongs to no account opens one.

use runtime::call::CallContext;

use super::refusal::{entry, refuse};
use crate::domain::email::email_key;
use crate::domain::unset::unset;
use crate::error::Error;
use crate::grpc::proof::note;
use crate::grpc::register::take_place;
use crate::providers::Identity;
use crate::service::Auth;
use crate::store::audit::Outcome;
use crate::store::credential::{self, Credential, Pending};
use crate::store::email_proof::{self, EmailProof};
use crate::store::external_identity::{self, ExternalIdentity};
use crate::{healing, proofs};

/// Opens an account without a password, whose address the provider vouches for.
///
/// # Errors
/// [`Error::ExternalEmailNotVerified`], and [`Error::ExternalIdentityNotLinked`] if an account has the
/// address: whoever has an address elsewhere is not by that who has the account here.
pub(in crate::grpc) async fn open(
    auth: &Auth,
    call: &CallContext,
    identity: &Identity,
) -> Result<Credential, Error> {
    let Some(email) = &identity.email else {
        note(auth, call, entry(Outcome::Unverified, None)).await?;
        return Err(Error::ExternalEmailNotVerified);
    };
    take_place(auth, call).await?;
    let wanted = Credential {
        user_id: auth.random.uuid7(&auth.clock),
        email: email.clone(),
        password_hash: unset(),
        pending: Some(Pending {
            display_name: display_name(identity, email),
            roles: Vec::new(),
        }),
    };
    let now = auth.clock.now();
    let (owned, proof) = (
        ExternalIdentity {
            external_identity_id: auth.random.uuid7(&auth.clock),
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            user_id: wanted.user_id,
            create_time: now,
            session_id: None,
        },
        EmailProof {
            proof_id: auth.random.uuid7(&auth.clock),
            user_id: wanted.user_id,
            current_email: email.clone(),
            email: email.clone(),
        },
    );
    let heal_time = now + healing::PATIENCE;
    let mut tx = auth.db.begin().await?;
    if !credential::insert(&mut tx, &wanted, &email_key(email), heal_time, now).await? {
        drop(tx);
        return taken(auth, call).await;
    }
    if !external_identity::insert(&mut tx, &owned).await? {
        // Somebody has opened one by it at the same time.
        drop(tx);
        return refuse(auth, call, Outcome::Taken, None).await;
    }
    email_proof::vouch(&mut tx, &proof, heal_time).await?;
    tx.commit().await?;
    match proofs::finish(auth, call, &proof).await {
        Ok(()) => Ok(Credential {
            pending: None,
            ..wanted
        }),
        Err(Error::EmailTaken(_)) => taken(auth, call).await,
        Err(error) => Err(error),
    }
}

/// An account has the address.
pub(super) async fn taken<T>(auth: &Auth, call: &CallContext) -> Result<T, Error> {
    note(auth, call, entry(Outcome::Taken, None)).await?;
    Err(Error::ExternalIdentityNotLinked)
}

/// The name at the provider, or what stands before the `@`.
fn display_name(identity: &Identity, email: &str) -> String {
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
    identity.name.clone().unwrap_or_else(|| local.to_owned())
}
