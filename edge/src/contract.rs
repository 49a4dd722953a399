//! What the options of a contract say of a method, as the gateway knows it.

use std::sync::Arc;

use gateway::guard::Guard;
use gateway::method::{Cache, Method};
use http::StatusCode;
use runtime::contract::{self, Access, Contract};
use transcoder::openapi::Visibility;
use transcoder::prost_reflect::MethodDescriptor;

/// The full name of the option that holds the HTTP status of success.
pub(crate) const SUCCESS_STATUS: &str = "tradewind.options.v1.success_status";

/// The method of a contract.
pub(crate) fn method_of<'a>(
    contract: &'a Contract,
    descriptor: &MethodDescriptor,
) -> Option<&'a contract::Method> {
    let service = descriptor.parent_service();
    let path = format!("/{}/{}", service.full_name(), descriptor.name());
    contract.method(&path).map(|method| &**method)
}

/// A method that is open so, and is had by that upstream.
pub(crate) fn described(
    method: &contract::Method,
    descriptor: &MethodDescriptor,
    upstream: String,
    access: Access,
    guard: impl Fn(Access) -> Arc<dyn Guard>,
) -> Method {
    let is_open = access == Access::Public && !method.optional_user;
    Method {
        visibility: visibility(&access, method.optional_user),
        guard: (!is_open).then(|| guard(access)),
        success: success_status(descriptor),
        takes_idempotency_key: method.takes_idempotency_key(),
        is_conditional: method.conditional,
        is_for_machines: method.for_machines,
        cache: method.cache.map(|cache| Cache {
            max_age: cache.max_age,
            public: cache.public,
        }),
        ..Method::new(upstream, descriptor)
    }
}

fn visibility(access: &Access, optional_user: bool) -> Visibility {
    match access {
        Access::Public if optional_user => Visibility::Optional,
        Access::Public => Visibility::Public,
        Access::AnyToken => Visibility::Secured { roles: Vec::new() },
        Access::Alternatives { roles, .. } => Visibility::Secured {
            roles: roles.clone(),
        },
    }
}

fn success_status(method: &MethodDescriptor) -> StatusCode {
    let declared = || {
        let extension = method.parent_pool().get_extension_by_name(SUCCESS_STATUS)?;
        let status = method.options().get_extension(&extension).as_u32()?;
        let status = StatusCode::from_u16(u16::try_from(status).ok()?).ok()?;
        status.is_success().then_some(status)
    };
    declared().unwrap_or(StatusCode::OK)
}
