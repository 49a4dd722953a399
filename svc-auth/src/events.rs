//! What this service publishes: sessions that ended, and mails to be sent ([`crate::mails`]). What it
//! consumes: changes of accounts that
//! end their sessions.

use bus::{Event, Failure};
use contracts::Event as _;
use contracts::tradewind::auth::v1::SessionsRevoked;
use contracts::tradewind::users::v1::{UserDeactivated, UserDeleted, UserRolesTaken};
use net::clock::timestamp;
use runtime::call::CallContext;
use runtime::node::Node;
use store::{NewEvent, Tx};
use uuid::Uuid;

use crate::error::Error;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::{
    access_token, account_mail, changed_password, credential, email_proof, external_identity,
    external_login, known_network, mail_request, password_reset, revocation, second_factor,
    second_factor_login, session,
};

/// Sessions that one event names at most.
const EVENT_SIZE: usize = 1000;

/// Records that sessions of an account, removed in the same transaction, ended, and tells every
/// process of it after the commit.
pub(crate) async fn revoke(
    auth: &Auth,
    tx: &mut Tx,
    user_id: Uuid,
    sessions: &[Uuid],
) -> Result<(), Error> {
    let revoke_time = auth.clock.now();
    let forget_time = auth.tokens.forget_time(revoke_time);
    for session_id in sessions.iter().copied() {
        let revocation = revocation::Revocation {
            session_id,
            revoke_time,
            forget_time,
        };
        revocation::insert(tx, user_id, &revocation).await?;
    }
    for sessions in sessions.chunks(EVENT_SIZE) {
        let message = SessionsRevoked {
            session_ids: sessions.iter().map(Uuid::to_string).collect(),
            revoke_time: Some(timestamp(revoke_time)),
            forget_time: Some(timestamp(forget_time)),
        };
        // An account has no version here; time grows as well.
        let version = revoke_time.timestamp_micros();
        let event = NewEvent::new(user_id, version, &message);
        auth.outbox.append(tx, event).await?;
    }
    Ok(())
}

/// Ends the sessions of accounts that were deactivated, deleted, or lost a role.
pub(crate) fn consume(auth: &Auth, node: &Node, db: &store::Database) {
    let auth = auth.clone();
    let subjects = [
        UserDeactivated::SUBJECT,
        UserRolesTaken::SUBJECT,
        UserDeleted::SUBJECT,
    ];
    store::consume(node, db, "svc-auth", &subjects, move |tx, event| {
        let auth = auth.clone();
        Box::pin(async move { end_sessions(&auth, tx, &event).await })
    });
}

async fn end_sessions(auth: &Auth, tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let user_id = match event.subject.as_str() {
        UserDeactivated::SUBJECT => store::message::<UserDeactivated>(event)?.user_id,
        UserRolesTaken::SUBJECT => store::message::<UserRolesTaken>(event)?.user_id,
        UserDeleted::SUBJECT => store::message::<UserDeleted>(event)?.user_id,
        other => return Err(Failure::Permanent(format!("{other} was not asked for"))),
    };
    let user_id = store::events::id("an account", &user_id)?;
    let ended = async {
        if event.subject == UserDeleted::SUBJECT {
            credential::delete(tx, user_id).await?;
            password_reset::forget(tx, user_id).await?;
            known_network::forget(tx, user_id).await?;
            second_factor::forget(tx, user_id).await?;
            second_factor_login::forget(tx, user_id).await?;
            changed_password::forget(tx, user_id).await?;
            mail_request::forget(tx, user_id).await?;
            email_proof::forget(tx, user_id).await?;
            account_mail::forget(tx, user_id).await?;
            external_login::forget(tx, user_id).await?;
        }
        let mut ended = session::delete_of_user(tx, user_id, None).await?;
        ended.extend(match event.subject == UserDeleted::SUBJECT {
            true => external_identity::forget(tx, user_id).await?,
            false => external_identity::end_sessions(tx, user_id).await?,
        });
        // Scripts of an account that lost a role go on without it, those of one that is closed do not.
        ended.extend(match event.subject == UserRolesTaken::SUBJECT {
            true => {
                access_token::renew_of_user(tx, user_id, || auth.random.uuid7(&auth.clock)).await?
            }
            false => access_token::delete_of_user(tx, user_id).await?,
        });
        revoke(auth, tx, user_id, &ended).await?;
        let entry = Entry {
            action: Action::EndSessions,
            outcome: Outcome::Done,
            user_id: Some(user_id),
            session_id: None,
        };
        let call =
            CallContext::current().unwrap_or_else(|| CallContext::background("end-sessions"));
        auth.record(tx, &call, entry).await
    };
    ended.await.map_err(|error| match error {
        Error::Store(error) => error.into(),
        other => Failure::Permanent(other.to_string()),
    })
}
