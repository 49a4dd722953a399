use std::fmt;

use bytes::Bytes;
use prost_reflect::MethodDescriptor;

use crate::json::{Engine, MessageType};
use crate::{JsonError, Transcoder};

/// A method and the JSON of its whole messages, for protocols that know no routes (Connect).
pub struct Method {
    descriptor: MethodDescriptor,
    grpc_path: String,
    input: MessageType,
    output: MessageType,
    json: Engine,
}

impl Method {
    /// The descriptor: its streams, its messages, its options.
    #[must_use]
    pub fn descriptor(&self) -> &MethodDescriptor {
        &self.descriptor
    }

    /// `/pkg.Service/Method`, the path of the gRPC call.
    #[must_use]
    pub fn grpc_path(&self) -> &str {
        &self.grpc_path
    }

    /// The protobuf bytes of a request message, given as JSON.
    ///
    /// # Errors
    /// [`JsonError`] with the path and the description of the first fault.
    pub fn request(&self, json: &[u8]) -> Result<Bytes, JsonError> {
        let mut out = Vec::with_capacity(json.len());
        self.json.parse(self.input, json, &mut out)?;
        Ok(out.into())
    }

    /// The JSON of a reply message.
    ///
    /// # Errors
    /// [`JsonError`] if the bytes are not the method's reply message, or hold what JSON cannot
    /// express: a fault of the upstream, INTERNAL.
    pub fn response(&self, message: &[u8]) -> Result<Vec<u8>, JsonError> {
        let mut out = Vec::with_capacity(message.len() * 2);
        self.json.print(self.output, message, &mut out)?;
        Ok(out)
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Method").field(&self.grpc_path).finish()
    }
}

impl Transcoder {
    /// All methods of the descriptor set, with or without routes.
    pub fn methods(&self) -> impl Iterator<Item = Method> {
        let services: Vec<_> = self.pool.services().collect();
        let descriptors: Vec<_> = services
            .iter()
            .flat_map(|service| service.methods())
            .collect();
        descriptors.into_iter().map(|descriptor| Method {
            grpc_path: format!(
                "/{}/{}",
                descriptor.parent_service().full_name(),
                descriptor.name()
            ),
            input: self.json.message_of(&descriptor.input()),
            output: self.json.message_of(&descriptor.output()),
            json: self
                .json
                .with_options(&self.options.json_of(descriptor.full_name())),
            descriptor,
        })
    }
}
