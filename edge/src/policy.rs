//! What the edge has to know of each route beyond its path, read once, at the start.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use http::uri::PathAndQuery;
use runtime::contract::{Access, Contract, Idempotency, Method};
use transcoder::prost_reflect::MethodDescriptor;
use transcoder::{Route, Transcoder};

use crate::sequence::Sequence;
use crate::validators::Validators;

/// The full name of the option that holds the HTTP status of success.
pub(crate) const SUCCESS_STATUS: &str = "tradewind.options.v1.success_status";

/// One route's policy.
#[derive(Debug)]
pub(crate) struct Policy {
    /// What traces and metrics call it: the template of a route, or the path of the gRPC call.
    pub(crate) name: Arc<str>,
    pub(crate) access: Access,
    /// A public method is told who calls, if a token says so.
    pub(crate) optional_user: bool,
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
    /// The most bytes of a request that its contract allows, if it tells: on the wire and as JSON.
    pub(crate) largest: (Option<usize>, Option<usize>),
    pub(crate) sequence: Sequence,
    pub(crate) validators: Validators,
}

/// A method that protocols without routes call by its name.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) policy: Policy,
    pub(crate) method: transcoder::Method,
    pub(crate) idempotency: Idempotency,
}

impl Served {
    pub(crate) fn is_client_streaming(&self) -> bool {
        self.method.descriptor().is_client_streaming()
    }
}

/// What policies are made from.
pub(crate) struct Known<'a> {
    pub(crate) contract: &'a Contract,
    /// Who may call a method.
    pub(crate) access: &'a dyn Fn(&Method) -> Option<Access>,
    /// Which service has a method.
    pub(crate) upstream: &'a dyn Fn(&MethodDescriptor) -> Option<String>,
    /// Whether a method without a route, that is open so, is served by its name.
    pub(crate) serves_unrouted: fn(&Access) -> bool,
    /// What the contract says of sizes holds. The servers of others may take what theirs does not
    /// allow.
    pub(crate) keeps_bounds: bool,
}

/// The policies of all routes and methods, and the names of the upstreams that they lead to.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    /// By the address of the route, which the transcoder keeps in place.
    by_route: HashMap<usize, Policy>,
    /// By the path of the gRPC call.
    by_path: HashMap<String, Arc<Served>>,
    pub(crate) upstreams: Vec<String>,
}

impl Policies {
    /// What is wrong is reported together.
    pub(crate) fn new(transcoder: &Transcoder, known: &Known<'_>) -> Result<Self, Vec<String>> {
        let mut policies = Self::default();
        let mut mistakes = Vec::new();
        for route in transcoder.routes() {
            match policies.policy(route.method(), known) {
                Ok(policy) => {
                    let policy = Policy {
                        name: route.template().as_str().into(),
                        success: success_status(declared_status(route)),
                        sequence: Sequence::of(route),
                        validators: policy.validators.by(route),
                        ..policy
                    };
                    policies.by_route.insert(key(route), policy);
                }
                Err(mistake) => mistakes.push(format!("{}: {mistake}", route.grpc_path())),
            }
        }
        for method in transcoder.methods() {
            let Some(in_contract) = known.contract.method(method.grpc_path()) else {
                continue;
            };
            let routed = || {
                transcoder
                    .routes()
                    .iter()
                    .any(|route| route.method() == method.descriptor())
            };
            let access = (known.access)(in_contract);
            let is_open = access.is_some_and(|access| (known.serves_unrouted)(&access) || routed());
            if !is_open || (known.upstream)(method.descriptor()).is_none() {
                continue;
            }
            match policies.policy(method.descriptor(), known) {
                Ok(policy) => {
                    let path = method.grpc_path().to_owned();
                    let served = Served {
                        policy,
                        method,
                        idempotency: in_contract.idempotency,
                    };
                    policies.by_path.insert(path, Arc::new(served));
                }
                Err(mistake) => mistakes.push(format!("{}: {mistake}", method.grpc_path())),
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

    /// The method with that path, if it is served.
    pub(crate) fn method(&self, path: &str) -> Option<&Arc<Served>> {
        self.by_path.get(path)
    }

    fn policy(
        &mut self,
        descriptor: &MethodDescriptor,
        known: &Known<'_>,
    ) -> Result<Policy, String> {
        let service = descriptor.parent_service();
        let path = format!("/{}/{}", service.full_name(), descriptor.name());
        let method = known.contract.method(&path);
        let method = method.ok_or("it is not in the contract")?;
        let access = (known.access)(method).ok_or("nothing says who may call it")?;
        let upstream = (known.upstream)(descriptor).ok_or("no upstream has its service")?;
        let place = self.upstreams.iter().position(|name| *name == upstream);
        let upstream = place.unwrap_or_else(|| {
            self.upstreams.push(upstream);
            self.upstreams.len() - 1
        });
        let path = PathAndQuery::try_from(path).map_err(|error| error.to_string())?;
        Ok(Policy {
            name: path.as_str().into(),
            access,
            optional_user: method.optional_user,
            success: StatusCode::OK,
            path,
            upstream,
            takes_idempotency_key: method.takes_idempotency_key(),
            is_repeatable: method.is_repeatable(),
            is_streaming: method.client_streaming || method.server_streaming,
            largest: match known.keeps_bounds {
                true => (method.max_request_bytes, method.max_request_json),
                false => (None, None),
            },
            sequence: Sequence::default(),
            validators: Validators::of(method),
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
