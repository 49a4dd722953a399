//! The edge in front of anybody's gRPC servers: routes from their descriptors, no Tradewind.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use net::StartError;
use net::address::Address;
use net::process::duration;
use runtime::contract::{self, Contract, Method};
use runtime::node::Node;
use tokio::sync::watch;
use transcoder::Descriptors;
use transcoder::openapi::Info;
use transcoder::prost_reflect::MethodDescriptor;

use crate::authentication::Callers;
use crate::edge::Edge;
use crate::pages::Landing;
use crate::plan::{Plan, Servers};
use crate::profile::{self, Profile};

mod descriptors;
mod reflected;
mod renewal;

use descriptors::Source;

/// What the upstream that has everything is called.
const ANY: &str = "upstream";

/// What is served, and where it is.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "In front of other services")]
pub struct Config {
    /// The servers' descriptors with their imports, as `buf build -o x.binpb` or
    /// `protoc --include_imports --descriptor_set_out=x.binpb` write them. May be given several times,
    /// in the environment with `,` between: they are merged. Without it, every upstream is asked for
    /// its own by gRPC reflection.
    #[arg(
        long,
        env = "DESCRIPTOR_SET",
        value_name = "FILE",
        value_delimiter = ',',
        requires = "upstream"
    )]
    pub descriptor_set: Vec<PathBuf>,
    /// Time between two looks at the descriptors, in files or by reflection; 0s: never. If they have
    /// changed, the new routes take the place of the old ones and no request is lost; if they are
    /// wrong or cannot be had, the old ones stay, and the log says why.
    #[arg(
        long,
        env = "DESCRIPTOR_REFRESH",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration
    )]
    pub descriptor_refresh: Duration,
    /// Where services are: `package.Service=http://host:port`, `package=http://host:port` (also for
    /// the packages inside of it), or `http://host:port` for all that no other has. The longest name
    /// decides; a service that none has is not served. May be given several times, in the environment
    /// with spaces between.
    #[arg(
        long,
        env = "UPSTREAMS",
        value_name = "[NAME=]URL",
        value_delimiter = ' '
    )]
    pub upstream: Vec<Upstream>,
    /// Who may call methods that do not say so themselves.
    #[arg(long, value_enum, env = "ACCESS", default_value = "public")]
    pub access: Access,
    /// Pass `authorization` on to the servers also where the edge itself has verified it: they learn
    /// a token with which they can speak as the user elsewhere. With `--access public` it goes along
    /// anyway.
    #[arg(long, env = "FORWARD_AUTHORIZATION")]
    pub forward_authorization: bool,
    /// Answer clients of REST as grpc-gateway or as Envoy's gRPC-JSON transcoder does, to take its
    /// place. Further flags win over what it brings; docs/MIGRATING.md says what that is.
    #[arg(long, value_enum, env = "EDGE_PROFILE", requires = "upstream")]
    pub profile: Option<profile::Name>,
    /// Also serve methods without a REST route, as `POST /package.Service/Method`.
    #[arg(long, env = "ALL_METHODS")]
    pub all_methods: bool,
    /// Do not start, and keep to the old descriptors, if a rule cannot be served. Without it the log
    /// says where the rule stands and what is wrong with it, and the others are served.
    #[arg(long, env = "STRICT")]
    pub strict: bool,
}

/// Who may call.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. `authorization` goes along for the server to judge.
    Public,
    /// Whoever has a valid access token of svc-auth (SVC_AUTH_URL). It stays at the edge.
    Authenticated,
}

/// Services and their address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The full name of a service or a package; empty for everything.
    pub scope: String,
    /// Where it is.
    pub address: Address,
}

impl FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scope, address) = match text.split_once('=') {
            Some(("", _)) => {
                return Err(format!(
                    "{text:?}: expected package.Service=http://host:port"
                ));
            }
            Some((scope, address)) => (scope, address),
            None => ("", text),
        };
        Ok(Self {
            scope: scope.to_owned(),
            address: address.parse()?,
        })
    }
}

impl Upstream {
    fn has(&self, service: &str) -> bool {
        let rest = service.strip_prefix(self.scope.as_str());
        self.scope.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// What it is called in errors, metrics and logs.
    fn name(&self) -> &str {
        match self.scope.as_str() {
            "" => ANY,
            scope => scope,
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope.as_str() {
            "" => write!(f, "{}", self.address),
            scope => write!(f, "{scope}={}", self.address),
        }
    }
}

/// The edge of the services that the configuration names.
pub async fn build(
    config: Config,
    edge: crate::Config,
    node: &Node,
) -> Result<Arc<Edge>, StartError> {
    for upstream in &config.upstream {
        node.mesh.set(upstream.name(), upstream.address.clone());
    }
    let sources = sources(&config, node);
    let gathered = descriptors::gather(&sources).await;
    let set = descriptors::merge(&gathered).map_err(|mistakes| {
        let all = named_twice(&config).chain(mistakes);
        StartError::Config(all.collect())
    })?;
    let make = |successor| {
        with_plan(&config, &set, |plan| {
            Edge::new(edge, node.clone(), plan, successor)
        })
    };
    if config.descriptor_refresh.is_zero() {
        return make(None);
    }
    let (newest, successor) = watch::channel(None);
    let first = make(Some(successor))?;
    renewal::keep_fresh(config, sources, gathered, &first, newest);
    Ok(first)
}

fn named_twice(config: &Config) -> impl Iterator<Item = String> {
    let mut names = BTreeSet::new();
    let all = config.upstream.iter().map(Upstream::name);
    all.filter(move |name| !names.insert(*name))
        .map(|name| format!("--upstream names {name} twice"))
}

fn sources(config: &Config, node: &Node) -> Vec<Source> {
    if config.descriptor_set.is_empty() {
        let reflected = config.upstream.iter().map(|upstream| Source::Reflection {
            channel: node.new_foreign_channel(upstream.name()),
            upstream: upstream.clone(),
        });
        return reflected.collect();
    }
    let files = config.descriptor_set.iter().cloned();
    files.map(Source::File).collect()
}

/// Does it with what these descriptors say.
fn with_plan(
    config: &Config,
    set: &[u8],
    make: impl FnOnce(Plan<'_>) -> Result<Arc<Edge>, StartError>,
) -> Result<Arc<Edge>, StartError> {
    let descriptors = Descriptors::read(set);
    let descriptors = descriptors.map_err(|error| StartError::config(error.to_string()))?;
    let contract = Contract::of(descriptors.pool().clone());
    let mut services = BTreeSet::new();
    let mut mistakes: Vec<_> = named_twice(config).collect();
    for upstream in &config.upstream {
        let all = contract.descriptors().services();
        let theirs = all.filter(|service| upstream.has(service.full_name()));
        let theirs: Vec<_> = theirs.map(|one| one.full_name().to_owned()).collect();
        if theirs.is_empty() {
            mistakes.push(format!(
                "--upstream {upstream}: the descriptors have no service of it"
            ));
        }
        services.extend(theirs);
    }
    if !mistakes.is_empty() {
        return Err(StartError::Config(mistakes));
    }

    let names = services.iter().cloned().collect::<Vec<_>>().join(", ");
    let otherwise = config.access;
    let upstream_of = |method: &MethodDescriptor| {
        let service = method.parent_service();
        let has = |upstream: &&Upstream| upstream.has(service.full_name());
        let having = config.upstream.iter().filter(has);
        let closest = having.max_by_key(|upstream| upstream.scope.len())?;
        Some(closest.name().to_owned())
    };
    let plan = Plan {
        descriptors,
        binds_unannotated: config.all_methods,
        is_strict: config.strict,
        contract: Arc::new(contract),
        access: Arc::new(move |method| access(method, otherwise, &services)),
        upstream: &upstream_of,
        landing: Landing {
            title: names.clone(),
            lead: "REST and JSON in front of gRPC.".to_owned(),
            more: "",
            first: "curl http://localhost:8080/openapi.json".to_owned(),
        },
        info: Info {
            title: names,
            version: "1".to_owned(),
            ..Info::default()
        },
        servers: Servers {
            connect: Node::new_foreign_channel,
            callers: Callers::of_others,
            keep_bounds: false,
            keep_idempotency_keys: false,
            serve_unrouted: |_| true,
            forwards_authorization: config.access == Access::Public || config.forward_authorization,
            own_parameter: None,
            have_passwords: false,
        },
        profile: config.profile.map(Profile::from).unwrap_or_default(),
    };
    make(plan)
}

/// What the method says itself, or else what holds for all.
fn access(
    method: &Method,
    otherwise: Access,
    services: &BTreeSet<String>,
) -> Option<contract::Access> {
    let (service, _) = method.name.split_once('/')?;
    if !services.contains(service) {
        return None;
    }
    match &method.access {
        Some(contract::Access::Alternatives { roles, .. }) if roles.is_empty() => None,
        Some(access) => Some(access.clone()),
        None if otherwise == Access::Public => Some(contract::Access::Public),
        None => Some(contract::Access::AnyToken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_service_and_its_address() {
        let upstream: Upstream = "library.v1.Library=http://localhost:50051".parse().unwrap();
        assert_eq!(upstream.scope, "library.v1.Library");
        assert_eq!(upstream.address.to_string(), "http://localhost:50051");
        assert_eq!(
            upstream.to_string(),
            "library.v1.Library=http://localhost:50051"
        );
        assert!(upstream.has("library.v1.Library") && !upstream.has("library.v1.Library2"));
        let lone: Upstream = "http://localhost:50051".parse().unwrap();
        assert!(lone.has("library.v1.Library"));
        assert_eq!(lone.to_string(), "http://localhost:50051");
        let package: Upstream = "library.v1=http://localhost:50051".parse().unwrap();
        assert!(package.has("library.v1.Library") && !package.has("library.v10.Library"));
        assert!("=http://localhost:50051".parse::<Upstream>().is_err());
        assert!("library.v1.Library=localhost".parse::<Upstream>().is_err());
    }
}
