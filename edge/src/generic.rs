//! The gateway in front of servers that know nothing of Tradewind, with users that Tradewind may know, or
//! any other issuer of tokens.

use std::sync::Arc;

use gateway::generic::{self, Terms};
use gateway::guard::Guard;
use gateway::jwt::{self, Demand, Issuers, JwtGuard};
use gateway::{Gateway, Method};
use net::StartError;
use runtime::contract::{self, Contract};
use runtime::node::Node;
use transcoder::openapi::Visibility;

use crate::authentication::{UserGuard, Users};
use crate::contract::{described, method_of};
use crate::pages::{self, Landing, Site};
use crate::surroundings;
use crate::voice::OF_OTHERS;

pub use gateway::generic::{Config as Servers, Tls, Upstream};

/// What is served, where it is, and to whom.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "In front of other services (with --upstream)")]
pub struct Config {
    /// The servers.
    #[command(flatten)]
    pub servers: Servers,
    /// Who may call methods that do not say so themselves.
    #[arg(long, value_enum, env = "ACCESS", default_value = "public")]
    pub access: Access,
    /// Pass `authorization` on to the servers also where the edge itself verifies it: they learn a
    /// token with which they can speak as the user elsewhere. With `--access public`, and without
    /// `--jwt-issuer`, it goes along anyway.
    #[arg(long, env = "FORWARD_AUTHORIZATION")]
    pub forward_authorization: bool,
    /// Whose tokens count.
    #[command(flatten)]
    pub jwt: jwt::Config,
}

/// Who may call.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. `authorization` goes along for the server to judge; with `--jwt-issuer`, a valid token
    /// makes its user known, and any other is taken for none.
    Public,
    /// Whoever has a valid token of a `--jwt-issuer`, or without one, an access token of svc-auth
    /// (SVC_AUTH_URL). It stays at the edge.
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
    let (gateway, _) = renewable(config, gateway, node).await?;
    Ok(gateway)
}

/// As [`build`], and the way to configure it anew while it serves.
///
/// # Errors
/// As [`build`].
pub async fn renewable(
    config: Config,
    gateway: crate::Config,
    node: &Node,
) -> Result<(Arc<Gateway>, Renewal), StartError> {
    let (surroundings, jwt) = (surroundings(node), config.jwt.clone());
    let known = match jwt.is_empty() {
        true => Known::users(node),
        false => Known::Issuers(Issuers::follow(&jwt, &surroundings, &node.readiness)?),
    };
    let terms = terms(&config, gateway.is_over_tls(), known.clone(), node);
    let built = generic::renewable(config.servers, gateway, terms, surroundings);
    let (gateway, inner) = built.await?;
    let renewal = Renewal {
        inner,
        jwt,
        known,
        node: node.clone(),
    };
    Ok((gateway, renewal))
}

/// Configures a gateway anew while it serves.
pub struct Renewal {
    inner: generic::Renewal,
    /// Whose tokens count, and who is known by them.
    jwt: jwt::Config,
    known: Known,
    node: Node,
}

impl Renewal {
    /// Lets this take the place of what was configured before. Issuers of tokens that are new have to
    /// be there; who is known by those before is known to the end of his streams.
    ///
    /// # Errors
    /// What is wrong with it; then everything stays as it was.
    pub async fn renew(
        &mut self,
        config: Config,
        gateway: crate::Config,
    ) -> Result<(), StartError> {
        let (jwt, node) = (config.jwt.clone(), &self.node);
        let known = match (jwt == self.jwt, jwt.is_empty()) {
            (true, _) => self.known.clone(),
            (false, true) => Known::users(node),
            (false, false) => {
                let around = surroundings(node);
                Known::Issuers(Issuers::succeed(&jwt, &around, &node.readiness).await?)
            }
        };
        let terms = terms(&config, gateway.is_over_tls(), known.clone(), node);
        self.inner.renew(config.servers, gateway, terms).await?;
        (self.jwt, self.known) = (jwt, known);
        Ok(())
    }
}

/// What is known of the servers beyond their descriptors.
fn terms(config: &Config, is_over_tls: bool, known: Known, node: &Node) -> Terms {
    let (otherwise, forward_authorization) = (config.access, config.forward_authorization);
    let jwt = &config.jwt;
    let verifies = otherwise == Access::Authenticated || !jwt.is_empty();
    let readiness = node.readiness.clone();
    let scheme = match is_over_tls {
        true => "https",
        false => "http",
    };
    Terms {
        describe: Arc::new(move |pool, upstream| {
            let (contract, known) = (Contract::of(pool.clone()), known.clone());
            Arc::new(move |descriptor| {
                let upstream = upstream(descriptor)?;
                let method = method_of(&contract, descriptor)?;
                let access = access(method, otherwise)?;
                let says_who = method.access.is_some();
                let guard = |access| known.guard(access);
                let method = described(method, descriptor, upstream, access, guard);
                // Nothing is said of sizes: servers of others may take what their contract does not allow.
                Some(match known.asks_anybody(says_who, otherwise) {
                    true => Method {
                        guard: Some(known.guard(contract::Access::Public)),
                        visibility: Visibility::Optional,
                        ..method
                    },
                    false => method,
                })
            })
        }),
        get_authorization: !verifies || forward_authorization,
        caller_metadata: jwt
            .jwt_claim
            .iter()
            .map(|rule| rule.name().clone())
            .collect(),
        voice: OF_OTHERS,
        pages: Some(Arc::new(move |title| {
            let landing = Landing {
                title: title.to_owned(),
                lead: "REST and JSON in front of gRPC.".to_owned(),
                more: "",
                first: format!("curl {scheme}://localhost:8080/openapi.json"),
            };
            pages::maker(readiness.clone(), &landing, Site::Others)
        })),
    }
}

/// Who is known here.
#[derive(Clone)]
enum Known {
    /// Users of svc-auth.
    Users(Arc<Users>),
    /// Those of other issuers.
    Issuers(Arc<Issuers>),
}

impl Known {
    fn users(node: &Node) -> Self {
        Self::Users(Arc::new(Users::of_others(node.clone())))
    }

    fn guard(&self, access: contract::Access) -> Arc<dyn Guard> {
        match self {
            Self::Users(users) => Arc::new(UserGuard::new(users, access)),
            Self::Issuers(issuers) => {
                let demand = match access {
                    contract::Access::Public => Demand::Nothing,
                    contract::Access::AnyToken => Demand::Token,
                    contract::Access::Alternatives { roles, .. } => Demand::Role(roles),
                };
                Arc::new(JwtGuard::new(issuers.clone(), demand))
            }
        }
    }

    /// Whether a method that is open to anybody asks who it is, too. What its own contract opens does
    /// only if that says so.
    fn asks_anybody(&self, says_who: bool, otherwise: Access) -> bool {
        matches!(self, Self::Issuers(_)) && !says_who && otherwise == Access::Public
    }
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
