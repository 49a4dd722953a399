use std::sync::Arc;

use bytes::Bytes;

use crate::capture::Captures;
use crate::{BadRequest, Route};

/// A request that has found its route. It owns what it needs, so it may wait for the body.
#[derive(Debug, Clone)]
pub struct Matched {
    route: Arc<Route>,
    captures: Captures,
}

impl Matched {
    pub(crate) fn new(route: Arc<Route>, _raw_path: &str, captures: Captures) -> Self {
        Self { route, captures }
    }

    /// The route.
    #[must_use]
    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// The protobuf bytes of the request message (without gRPC's frame header).
    ///
    /// `query` is what stands after the `?`, still encoded; `body` is the JSON, empty for none.
    ///
    /// # Errors
    /// [`BadRequest`] with the path of each field that does not fit.
    pub fn request(&self, query: Option<&str>, body: &[u8]) -> Result<Bytes, BadRequest> {
        let _ = (query, body, &self.captures);
        unimplemented!()
    }
}
