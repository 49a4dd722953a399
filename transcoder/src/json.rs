use prost_reflect::{DescriptorPool, MessageDescriptor};

use crate::{JsonError, JsonOptions};

/// The JSON engine.
#[derive(Debug, Clone)]
pub(crate) struct Json;

impl Json {
    pub(crate) fn new(_pool: &DescriptorPool, _options: &JsonOptions) -> Self {
        Self
    }

    pub(crate) fn print(
        &self,
        _message: &MessageDescriptor,
        _wire: &[u8],
        _out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        unimplemented!()
    }
}
