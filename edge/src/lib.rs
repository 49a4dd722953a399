//! The public door: REST/JSON, gRPC, gRPC-Web and Connect in front of the mesh's gRPC, by what the
//! contract says.
//!
//! A request's way is one list (`pipeline.rs`): connection limits, request id, trace, security
//! headers, CORS, route, limits, authentication, access, body, transcoding, upstream call. [`build`] makes
//! the door of the Tradewind mesh, [`generic::build`] one for anybody's gRPC servers.

mod accept;
mod authentication;
mod body;
mod budget;
mod call;
mod client_address;
pub mod command;
mod compression;
pub mod config;
mod connection;
mod cors;
mod deadline;
mod door;
mod exchange;
mod failure;
pub mod generic;
mod host;
mod lifetime;
mod limits;
mod metadata;
mod pages;
mod pipeline;
mod policy;
mod problem;
pub mod profile;
mod protocol;
mod reply;
mod request_id;
mod routes;
mod security_headers;
mod sequence;
mod serving;
mod streams;
mod validators;
mod wire;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use client_address::Network;
pub use config::{Config, Settings};
pub use cors::Origin;
use limits::{Limiter, Shared};
pub use limits::{Quota, Rate};
pub use metadata::Rule as MetadataRule;
use net::StartError;
use net::room::Room;
use runtime::contract::{self, Access, Contract, Method};
use runtime::node::Node;
use runtime::text::Kind;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use transcoder::openapi::{self, Info, Text, Visibility};
use transcoder::prost_reflect::MethodDescriptor;
use transcoder::{Descriptors, JsonOptions, Options, QueryOptions, Transcoder};

use exchange::HttpMetrics;
use pages::{Landing, Pages, Shown};
use policy::Policies;
use profile::Profile;
use protocol::reflection::Reflection;
use streams::Streams;

/// How deep the JSON of a request may nest.
const MAX_DEPTH: usize = 64;
/// Between two rounds of forgetting callers that the limits need no longer count.
const FORGET_EVERY: Duration = Duration::from_secs(30);

/// An edge that is ready to be served.
pub struct Edge {
    settings: Settings,
    node: Node,
    transcoder: Arc<Transcoder>,
    policies: Policies,
    address_limit: Option<Arc<Limiter>>,
    user_limit: Option<Arc<Limiter>>,
    streams: Streams,
    bodies: Room<IpAddr>,
    pages: Pages,
    metrics: Arc<HttpMetrics>,
    upstreams: Upstreams,
    reflection: Option<Arc<Reflection>>,
    profile: Profile,
    successor: Option<Successor>,
}

/// The edge that serves instead of another one, as soon as there is one.
type Successor = watch::Receiver<Option<Arc<Edge>>>;

/// Whose servers are behind the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upstreams {
    /// Those of the mesh: they get the user's token and this workload's own.
    Mesh,
    /// Anybody's: no token of the mesh is theirs to have.
    Others {
        /// The client's `authorization` goes along as it came.
        forwards_authorization: bool,
    },
}

/// What an edge and its successors have in common.
struct Lasting {
    settings: Settings,
    address_limit: Option<Arc<Limiter>>,
    user_limit: Option<Arc<Limiter>>,
    streams: Streams,
    bodies: Room<IpAddr>,
    metrics: Arc<HttpMetrics>,
    successor: Option<Successor>,
}

/// Who may call a method from outside; `None` if nobody may.
type AccessOf = Arc<dyn Fn(&Method) -> Option<Access> + Send + Sync>;

/// What makes one edge different from another.
pub(crate) struct Plan<'a> {
    descriptors: Descriptors<'a>,
    bind_unannotated: bool,
    contract: Arc<Contract>,
    access: AccessOf,
    /// The name of the service that has a method.
    upstream: &'a dyn Fn(&MethodDescriptor) -> Option<String>,
    landing: Landing,
    info: Info,
    upstreams: Upstreams,
    profile: Profile,
}

/// The edge of the Tradewind mesh: every method that its contract opens to users or to anybody.
pub async fn build(config: Config, node: &Node) -> Result<Arc<Edge>, StartError> {
    Edge::new(config, node.clone(), mesh(), None)
}

/// What the edge of the Tradewind mesh serves as `/openapi.json`; with these servers, if there are any.
pub fn openapi(settings: &Settings, servers: Vec<String>) -> Result<String, StartError> {
    let mut plan = mesh();
    plan.info.servers = servers;
    let transcoder = plan.transcoder(settings)?;
    Ok(plan.document(Arc::new(transcoder))())
}

fn mesh() -> Plan<'static> {
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
        bind_unannotated: false,
        contract,
        access: Arc::new(public_access),
        upstream: &service_of,
        landing,
        info,
        upstreams: Upstreams::Mesh,
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

/// As [`AccessOf`], by descriptor.
fn access_of(
    contract: Arc<Contract>,
    access: AccessOf,
) -> impl Fn(&MethodDescriptor) -> Option<Access> + Send + Sync {
    move |method| method_of(&contract, method).and_then(|method| access(method))
}

fn method_of<'a>(contract: &'a Contract, method: &MethodDescriptor) -> Option<&'a Arc<Method>> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    contract.method(&path)
}

fn visibility(access: Option<Access>, optional_user: bool) -> Visibility {
    match access {
        None => Visibility::Hidden,
        Some(Access::Public) if optional_user => Visibility::Optional,
        Some(Access::Public) => Visibility::Public,
        Some(Access::AnyToken) => Visibility::Secured { roles: Vec::new() },
        Some(Access::Alternatives { roles, .. }) => Visibility::Secured { roles },
    }
}

impl Plan<'_> {
    fn transcoder(&self, settings: &Settings) -> Result<Transcoder, StartError> {
        let (requests, mapping) = (&settings.requests, &settings.mapping);
        let rules = routes::read(&mapping.routes).map_err(StartError::Config)?;
        let mut options = Options {
            json: JsonOptions {
                max_depth: MAX_DEPTH,
                max_bytes: requests.body_limit,
                ..JsonOptions::default()
            },
            ignored_query_parameters: match self.upstreams {
                Upstreams::Mesh => vec![authentication::TICKET.to_owned()],
                Upstreams::Others { .. } => Vec::new(),
            },
            bind_unannotated: self.bind_unannotated,
            json_for: mapping.json.clone(),
            rules,
            rules_override: mapping.routes_override,
            query: QueryOptions {
                indexed_lists: mapping.query_lists,
                ignore_unknown: mapping
                    .ignore_unknown_query
                    .unwrap_or(self.profile.ignores_unknown_query),
                ..QueryOptions::default()
            },
            ..Options::default()
        };
        self.profile.set(&mut options);
        let of_method = access_of(self.contract.clone(), self.access.clone());
        let keep = |method: &MethodDescriptor| of_method(method).is_some();
        Transcoder::with_methods(&self.descriptors, &options, keep)
            .map_err(|error| StartError::Contract(vec![error.to_string()]))
    }

    /// Writes the OpenAPI document.
    fn document(&self, transcoder: Arc<Transcoder>) -> impl Fn() -> String + Send + Sync + use<> {
        let of_method = access_of(self.contract.clone(), self.access.clone());
        let (info, contract) = (self.info.clone(), self.contract.clone());
        let takes_user = move |descriptor: &MethodDescriptor| {
            method_of(&contract, descriptor).is_some_and(|method| method.optional_user)
        };
        move || {
            let seen = |m: &MethodDescriptor| visibility(of_method(m), takes_user(m));
            openapi::document(&transcoder, &info, &seen).to_string()
        }
    }
}

impl Edge {
    fn new(
        config: Config,
        node: Node,
        plan: Plan<'_>,
        successor: Option<Successor>,
    ) -> Result<Arc<Self>, StartError> {
        let Config {
            settings,
            redis_url,
        } = config;
        let shared = redis_url.as_ref().map(Shared::connect).transpose();
        let shared = shared.map_err(|error| StartError::config(format!("--redis-url: {error}")))?;
        let limiter = |policy, rate| Limiter::new(policy, rate, shared.clone()).map(Arc::new);
        let (streams, bodies) = (Streams::new(), Room::new());
        let lasting = Lasting {
            address_limit: limiter("address", settings.rates.address_limit),
            user_limit: limiter("user", settings.rates.user_limit),
            metrics: Arc::new(HttpMetrics::new(&node.telemetry, &streams, &bodies)),
            streams,
            bodies,
            settings,
            successor,
        };
        let edge = Self::of(lasting, node, plan)?;
        edge.forget_idle_callers();
        Ok(edge)
    }

    /// One with other routes, that counts on where this one is.
    fn renewed(&self, plan: Plan<'_>) -> Result<Arc<Self>, StartError> {
        let lasting = Lasting {
            settings: self.settings.clone(),
            address_limit: self.address_limit.clone(),
            user_limit: self.user_limit.clone(),
            streams: self.streams.clone(),
            bodies: self.bodies.clone(),
            metrics: self.metrics.clone(),
            // Whoever follows the first edge learns of all.
            successor: None,
        };
        Self::of(lasting, self.node.clone(), plan)
    }

    fn of(lasting: Lasting, mut node: Node, plan: Plan<'_>) -> Result<Arc<Self>, StartError> {
        let Lasting {
            settings,
            address_limit,
            user_limit,
            streams,
            bodies,
            metrics,
            successor,
        } = lasting;
        let transcoder = Arc::new(plan.transcoder(&settings)?);
        let document = plan.document(transcoder.clone());
        let contract = plan.contract;
        // Without a route, what is public is how workloads of the mesh begin: no business of clients.
        let unrouted =
            |access: &Access| plan.upstreams != Upstreams::Mesh || *access != Access::Public;
        let (access, upstream) = (&*plan.access, plan.upstream);
        let policies = Policies::new(&transcoder, &contract, access, upstream, unrouted)
            .map_err(StartError::Contract)?;
        let reflection = settings.web.edge_reflection.then(|| {
            let reflection = Reflection::new(plan.descriptors.set(), &policies);
            reflection.map(Arc::new)
        });
        let reflection = reflection
            .transpose()
            .map_err(|error| StartError::Contract(vec![error]))?;
        let shown = Shown {
            docs: !(settings.web.hide_docs || plan.profile.hides_docs),
            password: plan.upstreams == Upstreams::Mesh,
        };
        let pages = Pages::new(node.readiness.clone(), shown, &plan.landing, document);
        node.contract = contract;
        Ok(Arc::new(Self {
            address_limit,
            user_limit,
            streams,
            bodies,
            metrics,
            upstreams: plan.upstreams,
            profile: plan.profile,
            reflection,
            settings,
            transcoder,
            policies,
            pages,
            node,
            successor,
        }))
    }

    /// Serves until `shutdown`, then lets requests in progress end. Streams end at once, with a last
    /// frame that says why. It returns before only if it cannot go on, which is in the log.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: CancellationToken) {
        // No request takes longer than its timeout.
        let patience = self.settings.requests.request_timeout + Duration::from_secs(1);
        if let Err(error) = serving::serve(self, listener, shutdown, patience).await {
            tracing::error!(%error, "connections can no longer be served");
        }
    }

    fn forget_idle_callers(&self) {
        let limits = [self.address_limit.clone(), self.user_limit.clone()];
        self.node.tasks.spawn("edge-limits", |shutdown| async move {
            let pause = || tokio::time::sleep(FORGET_EVERY);
            while shutdown.run_until_cancelled(pause()).await.is_some() {
                for limit in limits.iter().flatten() {
                    limit.forget_idle();
                }
            }
        });
    }
}
