//! A gateway in front of anybody's gRPC servers: routes from their descriptors, which are read again
//! while it runs.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use net::StartError;
use net::address::Address;
use net::client::{Channel, Describe, Unconnected};
use net::process::arguments::defaults;
use net::process::duration;
use tokio::sync::watch;
use transcoder::Descriptors;
use transcoder::openapi::Info;
use transcoder::prost_reflect::{DescriptorPool, MethodDescriptor};

use crate::api::Api;
use crate::failure::Voice;
use crate::gateway::{Gateway, Surroundings};
use crate::method::{Method, MethodOf};
use crate::plan::{Connect, MakePages, Plan};
use crate::profile::{self, Profile};
use crate::upstreams::Trust;

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

impl Default for Config {
    fn default() -> Self {
        defaults()
    }
}

/// What whoever builds the gateway knows of the servers beyond their descriptors.
#[derive(Clone)]
pub struct Terms {
    /// Makes of a contract what is known of its methods: by default they are open to anybody. It is
    /// given what the name of the upstream is that has a method.
    pub describe: Describer,
    /// The servers get the client's `authorization` as it came.
    pub get_authorization: bool,
    /// How errors are worded.
    pub voice: Voice,
    /// What is beside the API, by the names of the services.
    pub pages: Option<PagesOf>,
}

/// Makes the pages beside the API of services with these names.
pub type PagesOf = Arc<dyn Fn(&str) -> MakePages + Send + Sync>;

/// Says which upstream has a method; `None` if none has.
pub type UpstreamOf = Arc<dyn Fn(&MethodDescriptor) -> Option<String> + Send + Sync>;

/// Makes of a contract what is known of its methods.
pub type Describer = Arc<dyn Fn(&DescriptorPool, UpstreamOf) -> Arc<MethodOf> + Send + Sync>;

impl Default for Terms {
    fn default() -> Self {
        Self {
            describe: Arc::new(|_, upstream| {
                Arc::new(move |method| Some(Method::new(upstream(method)?, method)))
            }),
            get_authorization: true,
            voice: Voice::default(),
            pages: None,
        }
    }
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

/// The gateway of the services that the configuration names.
///
/// # Errors
/// What is wrong with the configuration, or with the descriptors.
pub async fn build(
    config: Config,
    gateway: crate::Config,
    terms: Terms,
    surroundings: Surroundings,
) -> Result<Arc<Gateway>, StartError> {
    let maker = Maker {
        connect: connect(&config, &surroundings),
        config,
        terms,
    };
    let sources = maker.sources();
    let gathered = descriptors::gather(&sources).await;
    let set = descriptors::merge(&gathered).map_err(|mistakes| {
        let all = maker.named_twice().chain(mistakes);
        StartError::Config(all.collect())
    })?;
    let make = |successor| {
        maker.with_plan(&set, |plan| {
            Gateway::followed(gateway, surroundings, plan, successor)
        })
    };
    if maker.config.descriptor_refresh.is_zero() {
        return make(None);
    }
    let (newest, successor) = watch::channel(None);
    let first = make(Some(successor))?;
    renewal::keep_fresh(maker, sources, gathered, &first, newest);
    Ok(first)
}

/// Connects to the upstreams where the configuration has them.
fn connect(config: &Config, surroundings: &Surroundings) -> Connect {
    let upstreams = config.upstream.clone();
    let Surroundings {
        name,
        random,
        telemetry,
        ..
    } = surroundings.clone();
    Arc::new(move |upstream| {
        let unconnected = Unconnected {
            service: upstream.into(),
            caller: name,
            credentials: None,
            describe: Describe::default(),
            metrics: telemetry.client_metrics(),
            random: random.clone(),
        };
        let named = upstreams.iter().find(|one| one.name() == upstream);
        unconnected.to(named.map(|upstream| upstream.address.clone()))
    })
}

/// Makes gateways of what descriptors say, again and again.
struct Maker {
    config: Config,
    terms: Terms,
    connect: Connect,
}

impl Maker {
    fn named_twice(&self) -> impl Iterator<Item = String> {
        let mut names = BTreeSet::new();
        let all = self.config.upstream.iter().map(Upstream::name);
        all.filter(move |name| !names.insert(*name))
            .map(|name| format!("--upstream names {name} twice"))
    }

    fn sources(&self) -> Vec<Source> {
        if self.config.descriptor_set.is_empty() {
            let reflected = self.config.upstream.iter().map(|upstream| {
                let channel: Channel = (self.connect)(upstream.name());
                Source::Reflection {
                    channel,
                    upstream: upstream.clone(),
                }
            });
            return reflected.collect();
        }
        let files = self.config.descriptor_set.iter().cloned();
        files.map(Source::File).collect()
    }

    /// The names of the services that the upstreams have.
    fn services(&self, pool: &DescriptorPool) -> Result<BTreeSet<String>, StartError> {
        let mut services = BTreeSet::new();
        let mut mistakes: Vec<_> = self.named_twice().collect();
        for upstream in &self.config.upstream {
            let all = pool.services();
            let theirs = all.filter(|service| upstream.has(service.full_name()));
            let theirs: Vec<_> = theirs.map(|one| one.full_name().to_owned()).collect();
            if theirs.is_empty() {
                mistakes.push(format!(
                    "--upstream {upstream}: the descriptors have no service of it"
                ));
            }
            services.extend(theirs);
        }
        match mistakes.is_empty() {
            true => Ok(services),
            false => Err(StartError::Config(mistakes)),
        }
    }

    /// Says which upstream has a method: the one with the longest name.
    fn upstream_of(&self) -> UpstreamOf {
        let upstreams = self.config.upstream.clone();
        Arc::new(move |method| {
            let service = method.parent_service();
            let has = |upstream: &&Upstream| upstream.has(service.full_name());
            let having = upstreams.iter().filter(has);
            let closest = having.max_by_key(|upstream| upstream.scope.len())?;
            Some(closest.name().to_owned())
        })
    }

    /// Does it with what these descriptors say.
    fn with_plan(
        &self,
        set: &[u8],
        make: impl FnOnce(Plan<'_>) -> Result<Arc<Gateway>, StartError>,
    ) -> Result<Arc<Gateway>, StartError> {
        let descriptors = Descriptors::read(set);
        let descriptors = descriptors.map_err(|error| StartError::config(error.to_string()))?;
        let services = self.services(descriptors.pool())?;
        let names = services.into_iter().collect::<Vec<_>>().join(", ");
        let Terms {
            describe,
            get_authorization,
            voice,
            pages,
        } = &self.terms;
        let profile = self.config.profile;
        let pages = pages.as_ref().map(|of| of(&names));
        let api = Api {
            methods: describe(descriptors.pool(), self.upstream_of()),
            descriptors,
            binds_unannotated: self.config.all_methods,
            is_strict: self.config.strict,
            guard_parameter: None,
            info: Info {
                title: names,
                version: "1".to_owned(),
                ..Info::default()
            },
            profile: profile.map(Profile::from).unwrap_or_default(),
        };
        make(Plan {
            api,
            connect: self.connect.clone(),
            trust: Trust {
                get_authorization: *get_authorization,
                ..Trust::default()
            },
            voice: *voice,
            pages,
        })
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
