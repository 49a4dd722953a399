//! What makes one gateway different from another: what is served, and by whom.

use std::sync::Arc;

use http::HeaderName;
use net::StartError;
use net::client::Channel;
use opentelemetry::metrics::Meter;
use transcoder::Transcoder;

use crate::api::{Api, Document};
use crate::config::Settings;
use crate::failure::Voice;
use crate::fallback::{Fallback, Pages};
use crate::metadata::Passage;
use crate::policy::Policies;
use crate::protocol::reflection;
use crate::routing::Routing;
use crate::throttle::Throttle;
use crate::upstreams::Trust;

/// Connects to the upstream of that name, with connections of its own for each thread that serves.
pub type Connect = Arc<dyn Fn(&str) -> Channel + Send + Sync>;

/// Makes the pages beside the API: those of documentation too, or only the others.
pub type MakePages = Arc<dyn Fn(Document, ShowsDocs) -> Pages + Send + Sync>;

/// Whether there are pages of documentation.
pub type ShowsDocs = bool;

/// What a gateway is made from, beside its settings.
pub struct Plan<'a> {
    /// What is served.
    pub api: Api<'a>,
    /// The way to the upstreams.
    pub connect: Connect,
    /// What they are relied on for.
    pub trust: Trust,
    /// Names of the metadata that callers are told by ([`crate::Caller::metadata`]): no client can send
    /// any of these names.
    pub caller_metadata: Vec<HeaderName>,
    /// How errors are worded.
    pub voice: Voice,
    /// What is beside the API.
    pub pages: Option<MakePages>,
}

impl Plan<'_> {
    /// What requests are looked up in.
    pub(crate) fn routing(
        &self,
        transcoder: Arc<Transcoder>,
        settings: &Settings,
        meter: &Meter,
    ) -> Result<Routing, StartError> {
        let api = &self.api;
        self.keep_for_callers(settings)?;
        let throttles = settings.throttling.throttle;
        let throttle = |upstream: &str| throttles.then(|| Throttle::new(upstream, meter));
        let policies = Policies::new(&transcoder, &*api.methods, &throttle);
        let policies = policies.map_err(StartError::Contract)?;
        let own = settings.web.edge_reflection.then(|| {
            let own = reflection::of(api.descriptors.set(), &policies);
            own.map(Arc::new)
        });
        let own = own
            .transpose()
            .map_err(|error| StartError::Contract(vec![error]))?;
        let shows_docs = !(settings.web.hide_docs || api.profile.hides_docs);
        let pages = self.pages.as_ref();
        let pages = pages.map(|make| make(api.document(transcoder.clone()), shows_docs));
        Ok(Routing {
            transcoder,
            policies,
            profile: api.profile,
            voice: self.voice,
            guard_parameter: api.guard_parameter,
            passage: Passage {
                passing: api.profile.passing,
                request_rules: settings.metadata.request_header.clone(),
                reply_rules: settings.metadata.reply_header.clone(),
                forwards_authorization: self.trust.get_authorization,
                caller_names: self.caller_metadata.clone(),
            },
            own,
            fallback: Fallback(pages),
        })
    }

    /// Names that tell who calls are not for what clients send.
    fn keep_for_callers(&self, settings: &Settings) -> Result<(), StartError> {
        let rules = &settings.metadata.request_header;
        let is_made = |name: &&HeaderName| rules.iter().any(|rule| rule.names(name.as_str()));
        let made = self.caller_metadata.iter().filter(is_made);
        let mistakes: Vec<_> = made
            .map(|name| format!("--request-header makes {name}, which tells upstreams who calls"))
            .collect();
        match mistakes.is_empty() {
            true => Ok(()),
            false => Err(StartError::Config(mistakes)),
        }
    }
}
