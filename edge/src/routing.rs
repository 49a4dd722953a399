//! What is served, and how it answers. An edge whose descriptors have changed has another.

use std::sync::Arc;

use tonic::service::Routes;
use transcoder::Transcoder;

use crate::metadata::Passage;
use crate::policy::{Policies, Policy};
use crate::profile::Profile;

/// What a request is looked up in.
pub(crate) struct Routing {
    pub(crate) transcoder: Arc<Transcoder>,
    pub(crate) policies: Policies,
    pub(crate) profile: Profile,
    pub(crate) passage: Passage,
    pub(crate) own: Option<Arc<Own>>,
}

/// Methods of gRPC that are answered here rather than by an upstream.
pub(crate) struct Own {
    pub(crate) routes: Routes,
    pub(crate) policy: Policy,
}
