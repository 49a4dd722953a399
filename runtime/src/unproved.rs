//! A workload that was not believed: what it is told, and what it tells its own caller then.

use http::HeaderMap;
use tonic::{Code, Status};
use tonic_types::{ErrorInfo, StatusExt as _};

use crate::metadata::WORKLOAD_AUTHORIZATION;
use crate::status::{DOMAIN, Problem};

/// The key of ErrorInfo's metadata that says which credential was not believed, if not the user's.
const CREDENTIAL: &str = "credential";

/// What a callee says that does not believe the workload that calls.
pub(crate) fn refusal(problem: impl Into<Problem>) -> Status {
    let name = WORKLOAD_AUTHORIZATION;
    problem.into().metadata(CREDENTIAL, name).into()
}

/// What this workload says instead when a callee did not believe it. That is for us to mend: a user
/// who was told UNAUTHENTICATED would sign in again, for nothing. It may be this process alone whose
/// clock is wrong, so that whoever calls it does well to call another.
pub(crate) fn own(callee: &str, reply: &HeaderMap) -> Option<Status> {
    let said = Status::from_header_map(reply)?;
    let is_ours = |info: ErrorInfo| info.domain == DOMAIN && info.metadata.contains_key(CREDENTIAL);
    if said.code() != Code::Unauthenticated || !said.get_details_error_info().is_some_and(is_ours) {
        return None;
    }
    let why = said.message();
    tracing::error!(callee, why, "the own workload token is not believed");
    Some(Problem::unavailable(callee).into())
}
