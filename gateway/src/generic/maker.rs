//! Makes gateways of what descriptors say, again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use net::StartError;
use net::client::{Channel, Describe, Health, Unconnected};
use tokio_util::sync::{CancellationToken, DropGuard};
use transcoder::Descriptors;
use transcoder::prost_reflect::{DescriptorPool, ServiceDescriptor};

use super::descriptors::{self, Gathered, Source};
use super::health::Healths;
use super::upstream::Upstream;
use super::{Config, Terms, UpstreamOf};
use crate::api::Api;
use crate::gateway::Surroundings;
use crate::plan::{Connect, Plan};
use crate::profile::Profile;
use crate::upstreams::Trust;

/// What the servers say of themselves, and who makes gateways of it.
pub(super) struct Contract {
    pub(super) maker: Maker,
    pub(super) sources: Vec<Source>,
    pub(super) gathered: Gathered,
}

impl Contract {
    /// Asks all sources, and makes one set of what they say.
    ///
    /// # Errors
    /// What is wrong with what they say, and with the configuration.
    pub(super) async fn gather(maker: Maker) -> Result<(Self, Vec<u8>), StartError> {
        let sources = maker.sources();
        let gathered = descriptors::gather(&sources).await;
        let set = descriptors::merge(&gathered).map_err(|mistakes| {
            let all = maker.named_twice().chain(mistakes);
            StartError::Config(all.collect())
        })?;
        let contract = Self {
            maker,
            sources,
            gathered,
        };
        Ok((contract, set))
    }
}

/// Makes gateways of what descriptors say, again and again.
pub(super) struct Maker {
    pub(super) config: Config,
    pub(super) terms: Terms,
    connect: Connect,
    healths: Healths,
    /// The upstreams are asked how they are as long as this is there.
    asking: Option<DropGuard>,
}

impl Maker {
    /// # Errors
    /// What is wrong with the files of TLS.
    pub(super) fn new(
        config: Config,
        terms: Terms,
        surroundings: &Surroundings,
    ) -> Result<Self, StartError> {
        let upstreams = config.upstream.iter();
        let named = upstreams.map(|upstream| (upstream.name().to_owned(), Health::default()));
        let healths = named.collect::<Healths>();
        Ok(Self {
            connect: connect(&config, surroundings, healths.clone())?,
            config,
            terms,
            healths,
            asking: None,
        })
    }

    /// Asks the upstreams how they are from now on, if it is wanted, until this is dropped.
    pub(super) fn ask_health(&mut self, surroundings: &Surroundings) {
        let stop = CancellationToken::new();
        let (health, healths) = (&self.config.health, self.healths.clone());
        health.keep(&self.connect, healths, surroundings, &stop);
        self.asking = Some(stop.drop_guard());
    }

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

    /// The services that the upstreams have, by their names.
    fn services(&self, pool: &DescriptorPool) -> Result<Vec<ServiceDescriptor>, StartError> {
        let mut services = BTreeMap::new();
        let mut mistakes: Vec<_> = self.named_twice().collect();
        for upstream in &self.config.upstream {
            let all = pool.services();
            let theirs = all.filter(|service| upstream.has(service.full_name()));
            let theirs: Vec<_> = theirs
                .map(|service| (service.full_name().to_owned(), service))
                .collect();
            if theirs.is_empty() {
                mistakes.push(format!(
                    "--upstream {upstream}: the descriptors have no service of it"
                ));
            }
            services.extend(theirs);
        }
        match mistakes.is_empty() {
            true => Ok(services.into_values().collect()),
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
    pub(super) fn with_plan<T>(
        &self,
        set: &[u8],
        make: impl FnOnce(Plan<'_>) -> Result<T, StartError>,
    ) -> Result<T, StartError> {
        let descriptors = Descriptors::read(set);
        let descriptors = descriptors.map_err(|error| StartError::config(error.to_string()))?;
        let info = self.config.about.info(&self.services(descriptors.pool())?);
        let Terms {
            describe,
            get_authorization,
            caller_metadata,
            voice,
            pages,
        } = &self.terms;
        let profile = self.config.profile;
        let pages = pages.as_ref().map(|of| of(&info.title));
        let api = Api {
            methods: describe(descriptors.pool(), self.upstream_of()),
            descriptors,
            binds_unannotated: self.config.all_methods,
            is_strict: self.config.strict,
            guard_parameter: None,
            info,
            profile: profile.map(Profile::from).unwrap_or_default(),
        };
        make(Plan {
            api,
            connect: self.connect.clone(),
            trust: Trust {
                get_authorization: *get_authorization,
                ..Trust::default()
            },
            caller_metadata: caller_metadata.clone(),
            voice: *voice,
            pages,
        })
    }
}

/// Connects to the upstreams where the configuration has them.
fn connect(
    config: &Config,
    surroundings: &Surroundings,
    healths: Healths,
) -> Result<Connect, StartError> {
    let clients = config.tls.clients(&config.upstream)?;
    let upstreams = config.upstream.clone();
    let Surroundings {
        name,
        random,
        telemetry,
        endpoints,
        ..
    } = surroundings.clone();
    Ok(Arc::new(move |upstream| {
        let unconnected = Unconnected {
            service: upstream.into(),
            caller: name,
            credentials: None,
            describe: Describe::default(),
            tls: clients.get(upstream).cloned(),
            // Clients say how long they wait, or the operator does.
            longest: None,
            metrics: telemetry.client_metrics(),
            random: random.clone(),
            health: healths.get(upstream).cloned().unwrap_or_default(),
            failing: endpoints,
        };
        let named = upstreams.iter().find(|one| one.name() == upstream);
        unconnected.to(named.map(|upstream| upstream.address.clone()))
    }))
}
