//! What becomes of whoever is not let in.

use runtime::call::CallContext;
use uuid::Uuid;

use crate::error::Error;
use crate::grpc::proof::note;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};

/// Tells everybody the same, and the audit log why.
pub(super) async fn refuse<T>(
    auth: &Auth,
    call: &CallContext,
    outcome: Outcome,
    user_id: Option<Uuid>,
) -> Result<T, Error> {
    note(auth, call, entry(outcome, user_id)).await?;
    Err(Error::ExternalLoginInvalid)
}

pub(super) fn entry(outcome: Outcome, user_id: Option<Uuid>) -> Entry {
    Entry {
        action: Action::LoginExternal,
        outcome,
        user_id,
        session_id: None,
    }
}
