//! What the edge has to know of each route beyond its path, read once, at the start.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use http::uri::PathAndQuery;
use runtime::contract::{Access, Contract, Method};
use transcoder::prost_reflect::MethodDescriptor;
use transcoder::{Route, Transcoder};

use crate::sequence::Sequence;

/// The full name of the option that holds the HTTP status of success.
pub(crate) const SUCCESS_STATUS: &str = "tradewind.options.v1.success_status";

/// One route's policy.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) access: Access,
    pub(crate) success: StatusCode,
    /// The path of the gRPC call.
    pub(crate) path: PathAndQuery,
    /// Which of the upstreams has the method.
    pub(crate) upstream: usize,
    /// The client may send a key for having the effect once, and gets one if it sends none.
    pub(crate) takes_idempotency_key: bool,
    /// The contract calls the method safe to repeat.
    pub(crate) is_repeatable: bool,
    /// Messages stream in at least one direction.
    pub(crate) is_streaming: bool,
    pub(crate) sequence: Sequence,
}

/// The policies of all routes, and the names of the upstreams that they lead to.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    /// By the address of the route, which the transcoder keeps in place.
    by_route: HashMap<usize, Policy>,
    pub(crate) upstreams: Vec<String>,
}

impl Policies {
    /// `access` says who may call a method, `upstream` which service has it; both are asked once per
    /// route. What is wrong is reported together.
    pub(crate) fn new(
        transcoder: &Transcoder,
        contract: &Contract,
        access: impl Fn(&Method) -> Option<Access>,
        upstream: impl Fn(&MethodDescriptor) -> Option<String>,
    ) -> Result<Self, Vec<String>> {
        let mut policies = Self::default();
        let mut mistakes = Vec::new();
        for route in transcoder.routes() {
            match policies.policy(route, contract, &access, &upstream) {
                Ok(policy) => drop(policies.by_route.insert(key(route), policy)),
                Err(mistake) => mistakes.push(format!("{}: {mistake}", route.grpc_path())),
            }
        }
        if mistakes.is_empty() {
            Ok(policies)
        } else {
            Err(mistakes)
        }
    }

    /// The policy of a route of the transcoder that these were made from.
    pub(crate) fn of(&self, route: &Arc<Route>) -> &Policy {
        self.by_route
            .get(&key(route))
            .expect("every route of the transcoder has a policy")
    }

    fn policy(
        &mut self,
        route: &Route,
        contract: &Contract,
        access: &impl Fn(&Method) -> Option<Access>,
        upstream: &impl Fn(&MethodDescriptor) -> Option<String>,
    ) -> Result<Policy, String> {
        if route.is_client_streaming() {
            return Err("streams of requests have no form in REST".to_owned());
        }
        let method = contract
            .method(route.grpc_path())
            .ok_or("it is not in the contract")?;
        let access = access(method).ok_or("nothing says who may call it")?;
        let upstream = upstream(route.method()).ok_or("no upstream has its service")?;
        let known = self.upstreams.iter().position(|name| *name == upstream);
        let upstream = known.unwrap_or_else(|| {
            self.upstreams.push(upstream);
            self.upstreams.len() - 1
        });
        let path = PathAndQuery::try_from(route.grpc_path()).map_err(|error| error.to_string())?;
        Ok(Policy {
            access,
            success: success_status(declared_status(route)),
            path,
            upstream,
            takes_idempotency_key: !method.is_repeatable() && !method.sensitive_reply,
            is_repeatable: method.is_repeatable(),
            is_streaming: method.client_streaming || method.server_streaming,
            sequence: Sequence::of(route),
        })
    }
}

fn key(route: &Route) -> usize {
    std::ptr::from_ref(route).addr()
}

fn declared_status(route: &Route) -> Option<u32> {
    let method = route.method();
    let extension = method.parent_pool().get_extension_by_name(SUCCESS_STATUS)?;
    method.options().get_extension(&extension).as_u32()
}

fn success_status(option: Option<u32>) -> StatusCode {
    let status = option.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    status
        .filter(StatusCode::is_success)
        .unwrap_or(StatusCode::OK)
}
