//! Tradewind's own public door: what its contracts open to users or to anybody.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use gateway::guard::{Asked, Guard};
use gateway::method::Largest;
use gateway::{Api, Caller, Gateway, Method, Plan, Profile, Succession, Trust};
use net::StartError;
use runtime::contract::{self, Access, Contract};
use runtime::node::Node;
use runtime::text::Kind;
use tonic::Status;
use transcoder::Descriptors;
use transcoder::openapi::{Info, Text};
use transcoder::prost_reflect::MethodDescriptor;

use crate::authentication::{TICKET, UserGuard, Users};
use crate::config::{Config, Settings};
use crate::contract::{SUCCESS_STATUS, described, method_of};
use crate::issuers::TrustedIssuers;
use crate::pages::{self, Landing, Site};
use crate::surroundings;
use crate::voice::VOICE;

/// What a payment provider signs its events by, which payments are told by.
const SIGNATURE: &str = "stripe-signature";

/// How long a request may take, if the operator does not say.
const PATIENCE: Duration = Duration::from_secs(15);

/// The mesh gets the user's token and this workload's own, and keeps to its contracts.
const TRUST: Trust = Trust {
    keep_idempotency_keys: true,
    get_authorization: false,
    share_traces: true,
};

/// The edge of the Tradewind mesh: every method that its contract opens to users or to anybody.
///
/// # Errors
/// What is wrong with the settings.
pub async fn build(
    config: Config,
    issuers: TrustedIssuers,
    node: &Node,
) -> Result<Arc<Gateway>, StartError> {
    Gateway::new(completed(config), surroundings(node), plan(issuers, node))
}

/// As [`build`], and the way to let others take its place while it serves.
///
/// # Errors
/// As [`build`].
pub fn renewable(
    config: Config,
    issuers: TrustedIssuers,
    node: &Node,
) -> Result<(Arc<Gateway>, Renewal), StartError> {
    let (config, first) = (completed(config), plan(issuers.clone(), node));
    let (gateway, succession) = Succession::begin(config, surroundings(node), first)?;
    let renewal = Renewal {
        succession,
        issuers,
        node: node.clone(),
    };
    Ok((gateway, renewal))
}

/// Gives an edge other settings while it serves.
pub struct Renewal {
    succession: Succession,
    /// As at the start.
    issuers: TrustedIssuers,
    node: Node,
}

impl Renewal {
    /// Lets these take the place of those before.
    ///
    /// # Errors
    /// What is wrong with them; then everything stays as it was.
    pub fn renew(&self, config: Config) -> Result<(), StartError> {
        let plan = plan(self.issuers.clone(), &self.node);
        self.succession.follow(completed(config), plan)
    }
}

/// What Tradewind has where the operator says nothing, and what its own methods need.
fn completed(mut config: Config) -> Config {
    let settings = &mut config.settings;
    settings.requests.request_timeout.get_or_insert(PATIENCE);
    let signature = SIGNATURE.parse().expect("it is the name of a header");
    // Behind the operator's rules: the first that fits holds.
    settings.metadata.request_header.push(signature);
    config
}

fn plan(issuers: TrustedIssuers, node: &Node) -> Plan<'static> {
    let users = Arc::new(Users::of_mesh(issuers, node.clone()));
    let mesh = node.clone();
    Plan {
        api: api(move |access| Arc::new(UserGuard::new(&users, access))),
        connect: Arc::new(move |service| mesh.new_channel(service).into_inner()),
        trust: TRUST,
        caller_metadata: Vec::new(),
        voice: VOICE,
        pages: Some(pages::maker(node.readiness.clone(), &landing(), Site::Shop)),
    }
}

/// What the edge of the Tradewind mesh serves as `/openapi.json`; with these servers, if there are any.
///
/// # Errors
/// What is wrong with the settings.
pub fn openapi(settings: &Settings, servers: Vec<String>) -> Result<String, StartError> {
    let mut api = api(|_| Arc::new(Nobody));
    api.info.servers = servers;
    let transcoder = api.transcoder(settings)?;
    Ok(api.document(Arc::new(transcoder))())
}

/// Of methods that are only described.
struct Nobody;

impl Guard for Nobody {
    fn admit<'a>(&'a self, _: Asked<'a>) -> BoxFuture<'a, Result<Option<Arc<dyn Caller>>, Status>> {
        Box::pin(async { Err(Status::permission_denied("nobody may call")) })
    }
}

fn landing() -> Landing {
    Landing {
        title: "Tradewind".to_owned(),
        lead: "A commerce back end. REST and JSON live here; the services behind speak gRPC.".to_owned(),
        more: "<li><a href=\"/v1/products\"><strong>Products</strong><span>the catalogue, open to \
               anybody</span></a></li>",
        first: "curl -X POST http://localhost:8080/v1/auth/register \\\n  \
                -H 'content-type: application/json' \\\n  \
                -d '{\"email\":\"ada@example.com\",\"password\":\"correct horse\",\"displayName\":\"Ada\"}'"
            .to_owned(),
    }
}

/// What is served, to whom.
fn api(guard: impl Fn(Access) -> Arc<dyn Guard> + Send + Sync + 'static) -> Api<'static> {
    let contract = Contract::tradewind();
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
        keeps_idempotency_keys: TRUST.keep_idempotency_keys,
        success_status_option: Some(SUCCESS_STATUS.to_owned()),
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
    Api {
        descriptors: Descriptors::of_pool(
            contracts::FILE_DESCRIPTOR_SET,
            contract.descriptors().clone(),
        ),
        methods: Arc::new(move |descriptor| {
            let method = method_of(&contract, descriptor)?;
            let access = public_access(method)?;
            // Without a route, what is public is how workloads of the mesh begin: no business of
            // clients.
            let is_served_by_name = access != Access::Public;
            let upstream = service_of(descriptor)?;
            let largest = method.largest();
            Some(Method {
                is_served_by_name,
                largest: Largest {
                    wire: largest.map(|size| size.wire),
                    json: largest.map(|size| size.json),
                },
                ..described(method, descriptor, upstream, access, &guard)
            })
        }),
        binds_unannotated: false,
        is_strict: true,
        guard_parameter: Some(TICKET),
        info,
        profile: Profile::default(),
    }
}

/// Methods for workloads alone have no route here.
fn public_access(method: &contract::Method) -> Option<Access> {
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
