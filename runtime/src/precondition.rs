//! The conditions of the call in progress, held against a resource.
//!
//! A service checks them in the transaction that changes the resource, so that nothing changes
//! between the check and the act. Which methods do is said by the contract
//! (`tradewind.options.v1.conditional`).

use tonic::Code;

use crate::call::CallContext;
use crate::status::{Problem, Reason};

/// Holds the call in progress against the resource as it stands: its etag, or none if there is no
/// such resource. `Err` is FAILED_PRECONDITION with the reason ETAG_MISMATCH, 412 over HTTP.
pub fn check(
    resource_type: &str,
    name: &(impl ToString + ?Sized),
    etag: Option<&str>,
) -> Result<(), Problem> {
    let Some(preconditions) = CallContext::current().and_then(|call| call.preconditions) else {
        return Ok(());
    };
    match preconditions.hold(etag) {
        true => Ok(()),
        false => Err(failed(resource_type, name.to_string())),
    }
}

/// FAILED_PRECONDITION: the resource is not as the request has it.
fn failed(resource_type: &str, name: String) -> Problem {
    let message = format!("the {resource_type} {name} is not as the condition says; read it again");
    Problem::new(Reason::EtagMismatch, Code::FailedPrecondition, message)
        .precondition(
            "ETAG",
            name.clone(),
            "if-match or if-none-match does not hold",
        )
        .resource(resource_type, name)
}
