use std::sync::Arc;

use crate::capture::Captures;
use crate::{BuildError, Route};

#[derive(Debug)]
pub(crate) struct Router;

pub(crate) enum Found {
    Route { index: usize, captures: Captures },
    Nothing,
    OtherMethods(Vec<http::Method>),
}

impl Router {
    pub(crate) fn new(_routes: &[Arc<Route>]) -> Result<Self, BuildError> {
        unimplemented!()
    }

    pub(crate) fn find(&self, _method: &http::Method, _raw_path: &str) -> Found {
        unimplemented!()
    }
}
