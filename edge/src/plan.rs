//! What makes one edge different from another: contracts, and what its servers are.

use std::sync::Arc;

use net::StartError;
use runtime::client::Channel;
use runtime::contract::{Access, Contract, Method};
use runtime::node::Node;
use transcoder::openapi::{self, Info, Visibility};
use transcoder::prost_reflect::MethodDescriptor;
use transcoder::{
    BuildError, Descriptors, JsonOptions, Options, QueryOptions, SkippedRule, Transcoder,
};

use crate::authentication::Callers;
use crate::config::Settings;
use crate::metadata::Passage;
use crate::pages::{Landing, Shown};
use crate::policy::{Known, Policies};
use crate::profile::Profile;
use crate::protocol::reflection;
use crate::routes;
use crate::routing::Routing;

/// How deep the JSON of a request may nest.
const MAX_DEPTH: usize = 64;

/// Who may call a method from outside; `None` if nobody may.
pub(crate) type AccessOf = Arc<dyn Fn(&Method) -> Option<Access> + Send + Sync>;

/// What an edge is made from, beside its settings.
pub(crate) struct Plan<'a> {
    pub(crate) descriptors: Descriptors<'a>,
    pub(crate) contract: Arc<Contract>,
    pub(crate) access: AccessOf,
    /// The name of the service that has a method.
    pub(crate) upstream: &'a dyn Fn(&MethodDescriptor) -> Option<String>,
    /// Also methods without a route are bound to `POST /package.Service/Method`.
    pub(crate) binds_unannotated: bool,
    /// A rule that cannot be served is an error, rather than passed over.
    pub(crate) is_strict: bool,
    pub(crate) servers: Servers,
    pub(crate) landing: Landing,
    pub(crate) info: Info,
    pub(crate) profile: Profile,
}

/// What the servers behind are relied on for, and trusted with.
#[derive(Clone, Copy)]
pub(crate) struct Servers {
    /// Connects to the one of that name.
    pub(crate) connect: fn(&Node, &str) -> Channel,
    /// How their callers are known.
    pub(crate) callers: fn(Node) -> Callers,
    /// They take nothing larger than their contract allows.
    pub(crate) keep_bounds: bool,
    /// They have an effect once for one idempotency key.
    pub(crate) keep_idempotency_keys: bool,
    /// Whether a method without a route, that is open so, is served by its name.
    pub(crate) serve_unrouted: fn(&Access) -> bool,
    /// They get the client's `authorization` as it came.
    pub(crate) forwards_authorization: bool,
    /// The query parameter that is the edge's own.
    pub(crate) own_parameter: Option<&'static str>,
    /// There is a page by which a password is chosen.
    pub(crate) have_passwords: bool,
}

impl Plan<'_> {
    pub(crate) fn transcoder(&self, settings: &Settings) -> Result<Transcoder, StartError> {
        let (requests, mapping) = (&settings.requests, &settings.mapping);
        let rules = routes::read(&mapping.routes).map_err(StartError::Config)?;
        let own_parameter = self.servers.own_parameter;
        let mut options = Options {
            json: JsonOptions {
                max_depth: MAX_DEPTH,
                max_bytes: requests.body_limit,
                ..JsonOptions::default()
            },
            ignored_query_parameters: own_parameter.map(str::to_owned).into_iter().collect(),
            bind_unannotated: self.binds_unannotated,
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
        let wrong = |error: BuildError| StartError::Contract(vec![error.to_string()]);
        let transcoder = Transcoder::with_methods(&self.descriptors, &options, keep);
        let transcoder = transcoder.map_err(wrong)?;
        if self.is_strict {
            return transcoder.strict().map_err(wrong);
        }
        for SkippedRule {
            place,
            method,
            reason,
        } in transcoder.skipped()
        {
            tracing::warn!(place, method, reason, "a rule is not served");
        }
        Ok(transcoder)
    }

    /// What requests are looked up in.
    pub(crate) fn routing(
        &self,
        transcoder: Arc<Transcoder>,
        settings: &Settings,
    ) -> Result<Routing, StartError> {
        let known = Known {
            contract: &self.contract,
            access: &*self.access,
            upstream: self.upstream,
            serves_unrouted: self.servers.serve_unrouted,
            keeps_bounds: self.servers.keep_bounds,
        };
        let policies = Policies::new(&transcoder, &known).map_err(StartError::Contract)?;
        let own = settings.web.edge_reflection.then(|| {
            let own = reflection::of(self.descriptors.set(), &policies);
            own.map(Arc::new)
        });
        let own = own
            .transpose()
            .map_err(|error| StartError::Contract(vec![error]))?;
        Ok(Routing {
            transcoder,
            policies,
            profile: self.profile,
            passage: Passage {
                passing: self.profile.passing,
                request_rules: settings.metadata.request_header.clone(),
                reply_rules: settings.metadata.reply_header.clone(),
                forwards_authorization: self.servers.forwards_authorization,
            },
            own,
        })
    }

    /// Which pages there are.
    pub(crate) fn shown(&self, settings: &Settings) -> Shown {
        Shown {
            docs: !(settings.web.hide_docs || self.profile.hides_docs),
            password: self.servers.have_passwords,
        }
    }

    /// Writes the OpenAPI document.
    pub(crate) fn document(
        &self,
        transcoder: Arc<Transcoder>,
    ) -> impl Fn() -> String + Send + Sync + use<> {
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
