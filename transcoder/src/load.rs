use std::sync::Arc;

use prost_reflect::{DescriptorPool, MethodDescriptor};

use crate::json::Json;
use crate::{BuildError, Options, Route};

pub(crate) fn routes(
    _pool: &DescriptorPool,
    _json: &Json,
    _options: &Options,
    _keep: impl Fn(&MethodDescriptor) -> bool,
) -> Result<Vec<Arc<Route>>, BuildError> {
    unimplemented!()
}
