//! What a gateway serves, for whoever runs it.

use std::collections::BTreeMap;

use transcoder::SkippedRule;
use transcoder::prost_reflect::MethodDescriptor;

use crate::gateway::Gateway;

/// What a gateway serves.
#[derive(Clone, Debug)]
pub struct Summary {
    /// By their names.
    pub services: BTreeMap<String, ServiceSummary>,
    /// Services that are in the descriptors, and of which no client may call anything.
    pub unserved: Vec<String>,
    /// Rules that are no routes, and why.
    pub skipped: Vec<SkippedRule>,
}

/// What of a service is served.
#[derive(Clone, Debug, Default)]
pub struct ServiceSummary {
    /// The name of the server that has it.
    pub upstream: String,
    /// How many of its methods, in whatever protocol.
    pub methods: usize,
    /// How many routes of REST they have.
    pub routes: usize,
}

impl Gateway {
    /// What it serves.
    pub fn summary(&self) -> Summary {
        let routing = &self.routing;
        let (policies, transcoder) = (&routing.policies, &routing.transcoder);
        let mut services: BTreeMap<String, ServiceSummary> = BTreeMap::new();
        for served in policies.methods() {
            let service = services
                .entry(name(served.method.descriptor()))
                .or_default();
            service
                .upstream
                .clone_from(&policies.upstreams[served.policy.upstream]);
            service.methods += 1;
        }
        for route in transcoder.routes() {
            services.entry(name(route.method())).or_default().routes += 1;
        }
        let pool = transcoder.pool();
        let all = pool
            .services()
            .map(|service| service.full_name().to_owned());
        let unserved = all.filter(|name| !services.contains_key(name));
        Summary {
            unserved: unserved.collect(),
            skipped: transcoder.skipped().to_vec(),
            services,
        }
    }
}

fn name(method: &MethodDescriptor) -> String {
    method.parent_service().full_name().to_owned()
}
