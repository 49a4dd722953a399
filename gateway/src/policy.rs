//! What the gateway has to know of each route beyond its path, read once, at the start.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use http::uri::PathAndQuery;
use transcoder::prost_reflect::MethodDescriptor;
use transcoder::{Route, Transcoder};

use crate::guard::Guard;
use crate::method::{Idempotency, Largest, Method, MethodOf};
use crate::sequence::Sequence;
use crate::throttle::{Throttle, ThrottleOf};
use crate::validators::Validators;

/// One route's policy.
pub(crate) struct Policy {
    /// What traces and metrics call it: the template of a route, or the path of the gRPC call.
    pub(crate) name: Arc<str>,
    /// What they call the call: `package.Service/Method`.
    pub(crate) call_name: Arc<str>,
    /// Who may call it; anybody, if nobody guards it.
    pub(crate) guard: Option<Arc<dyn Guard>>,
    pub(crate) success: StatusCode,
    /// The path of the gRPC call.
    pub(crate) path: PathAndQuery,
    /// Which of the upstreams has the method.
    pub(crate) upstream: usize,
    /// The client may send a key for having the effect once, and gets one if it sends none.
    pub(crate) takes_idempotency_key: bool,
    /// An address is counted apart here.
    pub(crate) is_for_machines: bool,
    /// The contract calls the method safe to repeat.
    pub(crate) is_repeatable: bool,
    pub(crate) is_client_streaming: bool,
    pub(crate) is_server_streaming: bool,
    /// The most bytes of a request that its contract allows, if it tells.
    pub(crate) largest: Largest,
    pub(crate) sequence: Sequence,
    pub(crate) validators: Validators,
    /// None, if all calls are sent.
    pub(crate) throttle: Option<Throttle>,
}

impl Policy {
    /// Messages stream in at least one direction.
    pub(crate) fn is_streaming(&self) -> bool {
        self.is_client_streaming || self.is_server_streaming
    }
}

/// A method that protocols without routes call by its name.
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

/// The policies of all routes and methods, and the names of the upstreams that they lead to.
#[derive(Default)]
pub(crate) struct Policies {
    /// By the address of the route, which the transcoder keeps in place.
    by_route: HashMap<usize, Policy>,
    /// By the path of the gRPC call.
    by_path: HashMap<String, Arc<Served>>,
    pub(crate) upstreams: Vec<String>,
}

impl Policies {
    /// Of what is known of each method. What is wrong is reported together.
    pub(crate) fn new(
        transcoder: &Transcoder,
        known: &MethodOf,
        throttle: &ThrottleOf<'_>,
    ) -> Result<Self, Vec<String>> {
        let mut policies = Self::default();
        let mut mistakes = Vec::new();
        for route in transcoder.routes() {
            let Some(method) = known(route.method()) else {
                mistakes.push(format!("{}: it is not open to clients", route.grpc_path()));
                continue;
            };
            match policies.policy(route.method(), &method, throttle) {
                Ok(policy) => {
                    let policy = Policy {
                        name: route.template().as_str().into(),
                        success: method.success,
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
            let is_routed = || {
                let routes = transcoder.routes().iter();
                routes
                    .clone()
                    .any(|route| route.method() == method.descriptor())
            };
            let Some(is_known) =
                known(method.descriptor()).filter(|known| known.is_served_by_name || is_routed())
            else {
                continue;
            };
            match policies.policy(method.descriptor(), &is_known, throttle) {
                Ok(policy) => {
                    let path = method.grpc_path().to_owned();
                    let served = Served {
                        policy,
                        method,
                        idempotency: is_known.idempotency,
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

    /// All methods that are served.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &Served> {
        self.by_path.values().map(|served| &**served)
    }

    fn policy(
        &mut self,
        descriptor: &MethodDescriptor,
        method: &Method,
        throttle: &ThrottleOf<'_>,
    ) -> Result<Policy, String> {
        let service = descriptor.parent_service();
        let call_name = format!("{}/{}", service.full_name(), descriptor.name());
        let place = self
            .upstreams
            .iter()
            .position(|name| *name == method.upstream);
        let upstream = place.unwrap_or_else(|| {
            self.upstreams.push(method.upstream.clone());
            self.upstreams.len() - 1
        });
        let path = PathAndQuery::try_from(format!("/{call_name}"));
        let path = path.map_err(|error| error.to_string())?;
        Ok(Policy {
            name: path.as_str().into(),
            call_name: call_name.into(),
            guard: method.guard.clone(),
            success: StatusCode::OK,
            path,
            upstream,
            takes_idempotency_key: method.takes_idempotency_key,
            is_for_machines: method.is_for_machines,
            is_repeatable: method.is_repeatable(),
            is_client_streaming: descriptor.is_client_streaming(),
            is_server_streaming: descriptor.is_server_streaming(),
            largest: method.largest,
            sequence: Sequence::default(),
            validators: Validators::of(method),
            throttle: throttle(&method.upstream),
        })
    }
}

fn key(route: &Route) -> usize {
    std::ptr::from_ref(route).addr()
}
