//! What is served, and how it answers. A gateway whose descriptors have changed has another.

use std::sync::Arc;

use tonic::service::Routes;
use transcoder::Transcoder;

use crate::failure::Voice;
use crate::fallback::Fallback;
use crate::metadata::Passage;
use crate::policy::{Policies, Policy};
use crate::profile::Profile;

/// What a request is looked up in.
pub(crate) struct Routing {
    pub(crate) transcoder: Arc<Transcoder>,
    pub(crate) policies: Policies,
    pub(crate) profile: Profile,
    pub(crate) voice: Voice,
    /// The query parameter that is the guards' own.
    pub(crate) guard_parameter: Option<&'static str>,
    pub(crate) passage: Passage,
    pub(crate) own: Option<Arc<Own>>,
    /// What has none of the routes.
    pub(crate) fallback: Fallback,
}

/// Methods of gRPC that are answered here rather than by an upstream.
pub(crate) struct Own {
    pub(crate) routes: Routes,
    pub(crate) policy: Policy,
}
