//! A trusted issuer's access token is exchanged for one of ours, of the account that its identity belongs
//! to.

use runtime::call::CallContext;
use runtime::status::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::grpc::external::open::open;
use crate::grpc::login::expect_proved;
use crate::grpc::proof::note;
use crate::providers::{Identity, Refused, Verified};
use crate::registration;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential};
use crate::store::external_identity::{self, ExternalIdentity};

pub(super) async fn redeem(auth: &Auth, call: &CallContext, token: &str) -> Result<String, Error> {
    let verified = Box::pin(auth.issuers.verify(token, auth.clock.now())).await;
    let Verified {
        identity,
        roles: most,
        opens_accounts,
        expire_time,
    } = verified.map_err(|refused| told(&refused))?;
    let (owned, credential) = match known(auth, &identity).await? {
        Some(known) => known,
        None if opens_accounts => Box::pin(opened(auth, call, &identity)).await?,
        None => return Err(stranger("its subject belongs to no account")),
    };
    match registration::finish(auth, &credential).await {
        Err(Error::EmailTaken(_)) => return Err(stranger("an account has its address")),
        finished => finished?,
    }
    expect_proved(auth, &credential).await?;
    let session_id = session(auth, &owned).await?;
    // Asked once the session is there: roles that are taken from now on end it, and what was taken
    // before is seen here.
    let mut roles = auth.roles(owned.user_id).await?;
    roles.retain(|role| most.contains(role));
    let whose = (owned.user_id, session_id);
    Ok(auth
        .tokens
        .access_token_of_script(whose, roles, expire_time))
}

/// The identity, if it belongs to an account, and that account's credential.
async fn known(
    auth: &Auth,
    Identity {
        issuer, subject, ..
    }: &Identity,
) -> Result<Option<(ExternalIdentity, Credential)>, Error> {
    let mut tx = auth.db.read().await?;
    let Some(owned) = external_identity::find(&mut tx, issuer, subject).await? else {
        return Ok(None);
    };
    let credential = credential::find(&mut tx, owned.user_id).await?;
    Ok(credential.map(|credential| (owned, credential)))
}

/// Opens an account; several tokens of one identity may come at once.
async fn opened(
    auth: &Auth,
    call: &CallContext,
    identity: &Identity,
) -> Result<(ExternalIdentity, Credential), Error> {
    let user_id = match Box::pin(open(auth, call, identity)).await {
        Ok(credential) => Some(credential.user_id),
        Err(Error::ExternalEmailNotVerified) => {
            return Err(stranger(
                "its issuer does not say that the address is verified",
            ));
        }
        Err(Error::ExternalIdentityNotLinked | Error::ExternalLoginInvalid) => None,
        Err(error) => return Err(error),
    };
    if user_id.is_some() {
        let entry = Entry {
            action: Action::Register,
            outcome: Outcome::Done,
            user_id,
            session_id: None,
        };
        note(auth, call, entry).await?;
    }
    let known = known(auth, identity).await?;
    known.ok_or_else(|| stranger("an account has its address"))
}

/// What stands for a session in all that is given for tokens of this identity, until it ends.
async fn session(auth: &Auth, owned: &ExternalIdentity) -> Result<Uuid, Error> {
    if let Some(session_id) = owned.session_id {
        return Ok(session_id);
    }
    let new = auth.random.uuid7(&auth.clock);
    let mut tx = auth.db.begin().await?;
    let id = owned.external_identity_id;
    let begun = external_identity::begin_session(&mut tx, id, new).await?;
    tx.commit().await?;
    begun.ok_or_else(|| stranger("its subject was parted from its account"))
}

/// The caller is told no more than that it does not count; the log says why.
fn stranger(why: &str) -> Error {
    tracing::info!(why, "the token of a trusted issuer is not taken");
    Error::ForeignTokenInvalid
}

fn told(refused: &Refused) -> Error {
    match refused {
        Refused::Away(name) => Problem::unavailable(format!("the issuer {name}")).into(),
        Refused::Expired => Error::ForeignTokenExpired,
        Refused::Invalid(why) => stranger(why),
    }
}
