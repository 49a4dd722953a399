//! Makes gateways of what descriptors say, again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use net::StartError;
use net::client::Channel;
use transcoder::Descriptors;
use transcoder::prost_reflect::{DescriptorPool, ServiceDescriptor};

use super::descriptors::Source;
use super::upstream::Upstream;
use super::{Config, Terms, UpstreamOf};
use crate::api::Api;
use crate::gateway::Gateway;
use crate::plan::{Connect, Plan};
use crate::profile::Profile;
use crate::upstreams::Trust;

/// Makes gateways of what descriptors say, again and again.
pub(super) struct Maker {
    pub(super) config: Config,
    pub(super) terms: Terms,
    pub(super) connect: Connect,
}

impl Maker {
    pub(super) fn named_twice(&self) -> impl Iterator<Item = String> {
        let mut names = BTreeSet::new();
        let all = self.config.upstream.iter().map(Upstream::name);
        all.filter(move |name| !names.insert(*name))
            .map(|name| format!("--upstream names {name} twice"))
    }

    pub(super) fn sources(&self) -> Vec<Source> {
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
    pub(super) fn with_plan(
        &self,
        set: &[u8],
        make: impl FnOnce(Plan<'_>) -> Result<Arc<Gateway>, StartError>,
    ) -> Result<Arc<Gateway>, StartError> {
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
