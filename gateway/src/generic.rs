//! A gateway in front of anybody's gRPC servers: routes from their descriptors, which are read again
//! while it runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use net::StartError;
use net::process::arguments::defaults;
use net::process::duration;
use transcoder::openapi::Visibility;
use transcoder::prost_reflect::{DescriptorPool, MethodDescriptor};

use crate::failure::Voice;
use crate::gateway::{Gateway, Surroundings};
use crate::guard::Guard;
use crate::method::{Method, MethodOf};
use crate::plan::MakePages;
use crate::profile;
use crate::succession::Succession;

mod about;
mod descriptors;
mod health;
mod maker;
mod reflected;
mod renewal;
mod tls;
mod upstream;

pub use about::About;
pub use health::UpstreamHealth;
use maker::{Contract, Maker};
pub use renewal::Renewal;
pub use tls::Tls;
pub use upstream::Upstream;

/// What is served, and where it is.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "In front of other services (with --upstream)")]
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
    /// decides; a service that none has is not served. `https://host:port` is TLS, in which the server
    /// has to prove that it has that name. May be given several times, in the environment
    /// with spaces between.
    #[arg(
        long,
        env = "UPSTREAMS",
        value_name = "[NAME=]URL",
        value_delimiter = ' '
    )]
    pub upstream: Vec<Upstream>,
    /// TLS with them.
    #[command(flatten)]
    pub tls: Tls,
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
    /// What the OpenAPI document says of the whole.
    #[command(flatten)]
    pub about: About,
    /// How the upstreams are.
    #[command(flatten)]
    pub health: UpstreamHealth,
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
    /// Names of the metadata that callers are told by, as [`crate::Plan::caller_metadata`].
    pub caller_metadata: Vec<HeaderName>,
    /// How errors are worded.
    pub voice: Voice,
    /// What is beside the API, by its title.
    pub pages: Option<PagesOf>,
}

/// Makes the pages beside an API of that title.
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
            caller_metadata: Vec::new(),
            voice: Voice::default(),
            pages: None,
        }
    }
}

impl Terms {
    /// One guard decides who may call all methods, and what it was shown stays here.
    pub fn guarded_by(guard: Arc<dyn Guard>) -> Self {
        Self {
            describe: Arc::new(move |_, upstream| {
                let guard = guard.clone();
                Arc::new(move |method| {
                    Some(Method {
                        guard: Some(guard.clone()),
                        visibility: Visibility::Secured { roles: Vec::new() },
                        ..Method::new(upstream(method)?, method)
                    })
                })
            }),
            get_authorization: false,
            ..Self::default()
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
    let (gateway, _) = renewable(config, gateway, terms, surroundings).await?;
    Ok(gateway)
}

/// As [`build`], and the way to configure it anew while it serves.
///
/// # Errors
/// As [`build`].
pub async fn renewable(
    config: Config,
    gateway: crate::Config,
    terms: Terms,
    surroundings: Surroundings,
) -> Result<(Arc<Gateway>, Renewal), StartError> {
    let maker = Maker::new(config, terms, &surroundings)?;
    let (mut contract, set) = Contract::gather(maker).await?;
    let (first, succession) = contract.maker.with_plan(&set, |plan| {
        Succession::begin(gateway.clone(), surroundings.clone(), plan)
    })?;
    contract.maker.ask_health(&surroundings);
    let renewal = renewal::keep_fresh(contract, gateway, &first, succession);
    Ok((first, renewal))
}
