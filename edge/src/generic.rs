//! The gateway in front of servers that know nothing of Tradewind, with users that Tradewind may know.

use std::sync::Arc;

use gateway::generic::{self, Terms};
use gateway::method::Largest;
use gateway::{Gateway, Method};
use net::StartError;
use runtime::contract::{self, Contract};
use runtime::node::Node;

use crate::authentication::{UserGuard, Users};
use crate::contract::{described, method_of};
use crate::pages::{self, Landing, Site};
use crate::surroundings;
use crate::voice::OF_OTHERS;

pub use gateway::generic::{Config as Servers, Tls, Upstream};

/// What is served, where it is, and to whom.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "In front of other services")]
pub struct Config {
    /// The servers.
    #[command(flatten)]
    pub servers: Servers,
    /// Who may call methods that do not say so themselves.
    #[arg(long, value_enum, env = "ACCESS", default_value = "public")]
    pub access: Access,
    /// Pass `authorization` on to the servers also where the edge itself has verified it: they learn
    /// a token with which they can speak as the user elsewhere. With `--access public` it goes along
    /// anyway.
    #[arg(long, env = "FORWARD_AUTHORIZATION")]
    pub forward_authorization: bool,
}

/// Who may call.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. `authorization` goes along for the server to judge.
    Public,
    /// Whoever has a valid access token of svc-auth (SVC_AUTH_URL). It stays at the edge.
    Authenticated,
}

/// The gateway of the services that the configuration names.
///
/// # Errors
/// What is wrong with the configuration, or with the descriptors.
pub async fn build(
    config: Config,
    gateway: crate::Config,
    node: &Node,
) -> Result<Arc<Gateway>, StartError> {
    let Config {
        servers,
        access: otherwise,
        forward_authorization,
    } = config;
    let users = Arc::new(Users::of_others(node.clone()));
    let readiness = node.readiness.clone();
    let scheme = match gateway.is_over_tls() {
        true => "https",
        false => "http",
    };
    let terms = Terms {
        describe: Arc::new(move |pool, upstream| {
            let (contract, users) = (Contract::of(pool.clone()), users.clone());
            Arc::new(move |descriptor| {
                let upstream = upstream(descriptor)?;
                let method = method_of(&contract, descriptor)?;
                let access = access(method, otherwise)?;
                let guard = |access| Arc::new(UserGuard::new(&users, access)) as _;
                let method = described(method, descriptor, upstream, access, guard);
                // The servers of others may take what their contract does not allow.
                Some(Method {
                    largest: Largest::default(),
                    ..method
                })
            })
        }),
        get_authorization: otherwise == Access::Public || forward_authorization,
        voice: OF_OTHERS,
        pages: Some(Arc::new(move |names| {
            let landing = Landing {
                title: names.to_owned(),
                lead: "REST and JSON in front of gRPC.".to_owned(),
                more: "",
                first: format!("curl {scheme}://localhost:8080/openapi.json"),
            };
            pages::maker(readiness.clone(), &landing, Site::Others)
        })),
    };
    generic::build(servers, gateway, terms, surroundings(node)).await
}

/// What the method says itself, or else what holds for all.
fn access(method: &contract::Method, otherwise: Access) -> Option<contract::Access> {
    match &method.access {
        Some(contract::Access::Alternatives { roles, .. }) if roles.is_empty() => None,
        Some(access) => Some(access.clone()),
        None if otherwise == Access::Public => Some(contract::Access::Public),
        None => Some(contract::Access::AnyToken),
    }
}
