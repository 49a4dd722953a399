//! Tradewind's own public door: what its contracts open to users or to anybody.

use std::sync::Arc;

use net::StartError;
use runtime::contract::{self, Access, Contract, Method};
use runtime::node::Node;
use runtime::text::Kind;
use transcoder::Descriptors;
use transcoder::openapi::{Info, Text};
use transcoder::prost_reflect::MethodDescriptor;

use crate::authentication::{Callers, TICKET};
use crate::config::{Config, Settings};
use crate::edge::Edge;
use crate::pages::Landing;
use crate::plan::{Plan, Servers};
use crate::policy;
use crate::profile::Profile;

/// The edge of the Tradewind mesh: every method that its contract opens to users or to anybody.
pub async fn build(config: Config, node: &Node) -> Result<Arc<Edge>, StartError> {
    Edge::new(config, node.clone(), plan(), None)
}

/// What the edge of the Tradewind mesh serves as `/openapi.json`; with these servers, if there are any.
pub fn openapi(settings: &Settings, servers: Vec<String>) -> Result<String, StartError> {
    let mut plan = plan();
    plan.info.servers = servers;
    let transcoder = plan.transcoder(settings)?;
    Ok(plan.document(Arc::new(transcoder))())
}

/// The mesh gets the user's token and this workload's own, and keeps to its contracts.
const SERVERS: Servers = Servers {
    connect: Node::new_channel,
    callers: Callers::of_mesh,
    keep_bounds: true,
    keep_idempotency_keys: true,
    // Without a route, what is public is how workloads of the mesh begin: no business of clients.
    serve_unrouted: |access| *access != Access::Public,
    forwards_authorization: false,
    own_parameter: Some(TICKET),
    have_passwords: true,
};

fn plan() -> Plan<'static> {
    let contract = Contract::tradewind();
    let landing = Landing {
        title: "Tradewind".to_owned(),
        lead: "A commerce back end. REST and JSON live here; the services behind speak gRPC.".to_owned(),
        more: "<li><a href=\"/v1/products\"><strong>Products</strong><span>the catalogue, open to \
               anybody</span></a></li>",
        first: "curl -X POST http://localhost:8080/v1/auth/register \\\n  \
                -H 'content-type: application/json' \\\n  \
                -d '{\"email\":\"ada@example.com\",\"password\":\"correct horse\",\"displayName\":\"Ada\"}'"
            .to_owned(),
    };
    let info = Info {
        title: "Tradewind".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        description:
            "The public API of a commerce back end: accounts, catalogue, stock, orders and \
                      shipments."
                .to_owned(),
        contact: "Tradewind".to_owned(),
        license: Some(("Apache License 2.0".to_owned(), "Apache-2.0".to_owned())),
        reasons: Some("tradewind.errors.v1.Reason".to_owned()),
        success_status_option: Some(policy::SUCCESS_STATUS.to_owned()),
        conditional_option: Some(contract::CONDITIONAL.to_owned()),
        cache_option: Some(contract::CACHE.to_owned()),
        sensitive_option: Some("tradewind.options.v1.sensitive".to_owned()),
        text: Some(|field| {
            let kind = Kind::of(field).ok()??;
            let (pattern, format) = (kind.pattern(), kind.format());
            Some(Text { pattern, format })
        }),
        ..Info::default()
    };
    Plan {
        descriptors: Descriptors::of_pool(
            contracts::FILE_DESCRIPTOR_SET,
            contract.descriptors().clone(),
        ),
        contract,
        access: Arc::new(public_access),
        upstream: &service_of,
        binds_unannotated: false,
        is_strict: true,
        servers: SERVERS,
        landing,
        info,
        profile: Profile::default(),
    }
}

/// Methods for workloads alone have no route here.
fn public_access(method: &Method) -> Option<Access> {
    match method.access.as_ref()? {
        Access::Public => Some(Access::Public),
        Access::Alternatives { roles, .. } if !roles.is_empty() => method.access.clone(),
        Access::Alternatives { .. } | Access::AnyToken => None,
    }
}

/// The package `tradewind.orders.v1` is served by `svc-orders`.
fn service_of(method: &MethodDescriptor) -> Option<String> {
    let name = method
        .parent_service()
        .package_name()
        .split('.')
        .nth(1)?
        .to_owned();
    Some(format!("svc-{name}"))
}
