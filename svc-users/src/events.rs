//! What this service publishes: an event of every change, and one more where sessions end. It
//! consumes its own changes, to keep the caches of its replicas fresh.

use contracts::Event as _;
use contracts::tradewind::users::v1::{UserChanged, UserDeactivated, UserDeleted, UserRolesTaken};
use prost::Message as _;
use runtime::node::Node;
use store::{Cache, NewEvent, Outbox, Tx};

use crate::domain::User;
use crate::error::Error;

/// What is told of a change beside that it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing else.
    Profile,
    /// It was deactivated.
    Deactivated,
    /// Roles were taken.
    RolesTaken,
    /// It was deleted.
    Deleted,
}

/// Writes the events of a change into its transaction.
pub(crate) async fn publish(
    outbox: &Outbox,
    tx: &mut Tx,
    user: &User,
    change: Change,
) -> Result<(), Error> {
    let (id, version) = (user.id, user.version);
    let user_id = id.to_string();
    let changed = UserChanged {
        user_id: user_id.clone(),
        version,
    };
    outbox
        .append(tx, NewEvent::new(id, version, &changed))
        .await?;
    let event = match change {
        Change::Profile => return Ok(()),
        Change::Deactivated => {
            let message = UserDeactivated { user_id, version };
            NewEvent::new(id, version, &message)
        }
        Change::RolesTaken => {
            let message = UserRolesTaken {
                user_id,
                version,
                roles: user.roles.names(),
            };
            NewEvent::new(id, version, &message)
        }
        Change::Deleted => {
            let message = UserDeleted { user_id, version };
            NewEvent::new(id, version, &message)
        }
    };
    outbox.append(tx, event).await?;
    Ok(())
}

/// The cache's key of an account.
pub(crate) fn cache_key(user_id: &str) -> String {
    format!("user:{user_id}")
}

/// Drops what the cache holds of accounts that changed, in every process.
pub(crate) fn keep_cache_fresh(cache: &Cache, node: &Node) {
    cache.follow(node, &[UserChanged::SUBJECT], |event| {
        let changed = UserChanged::decode(event.data.clone());
        changed
            .map(|user| (cache_key(&user.user_id), user.version))
            .into_iter()
            .collect()
    });
}
