//! The descriptors of a server that tells them itself: gRPC reflection, v1 or else v1alpha, which
//! differ by their name alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use net::client::Channel;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use tonic::client::Grpc;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::upstream::Upstream;

const V1: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const V1_ALPHA: &str = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
/// For all questions to one server.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of all files of one server.
const MAX_BYTES: usize = 32 << 20;
const MAX_FILES: usize = 10_000;

/// The files of the services that the server lists and the upstream has, with their imports, by name.
/// Health and reflection are left out.
///
/// # Errors
/// What is wrong, for whoever runs the gateway.
pub(super) async fn files(
    channel: Channel,
    upstream: &Upstream,
) -> Result<BTreeMap<String, Bytes>, String> {
    let told = match told(channel.clone(), upstream, V1).await {
        Err(Trouble::Call(status)) if status.code() == Code::Unimplemented => {
            told(channel, upstream, V1_ALPHA).await
        }
        told => told,
    };
    told.map_err(|trouble| match trouble {
        Trouble::Call(status) if status.code() == Code::Unimplemented => {
            "the server has no reflection; give its descriptors with --descriptor-set".to_owned()
        }
        Trouble::Call(status) => format!("{:?}: {}", status.code(), status.message()),
        Trouble::Said(what) => what,
    })
}

/// Why there are no files.
enum Trouble {
    Call(Status),
    Said(String),
}

async fn told(
    channel: Channel,
    upstream: &Upstream,
    path: &'static str,
) -> Result<BTreeMap<String, Bytes>, Trouble> {
    let too_long = || Trouble::Said(format!("no answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, closure(channel, upstream, path))
        .await
        .unwrap_or_else(|_| Err(too_long()))
}

async fn closure(
    channel: Channel,
    upstream: &Upstream,
    path: &'static str,
) -> Result<BTreeMap<String, Bytes>, Trouble> {
    let mut server = Server {
        grpc: Grpc::new(channel).max_decoding_message_size(MAX_BYTES),
        path,
    };
    let mut questions: Vec<_> = server
        .services()
        .await?
        .into_iter()
        .filter(|service| upstream.has(service))
        .map(MessageRequest::FileContainingSymbol)
        .collect();
    let mut files = BTreeMap::new();
    let (mut asked, mut bytes) = (BTreeSet::new(), 0);
    while !questions.is_empty() {
        let before = files.len();
        for answer in server.ask(std::mem::take(&mut questions)).await? {
            let MessageResponse::FileDescriptorResponse(answer) = answer else {
                return Err(Trouble::Said("reflection answered another question".into()));
            };
            for file in answer.file_descriptor_proto.into_iter().map(Bytes::from) {
                let read = FileDescriptorProto::decode(file.clone())
                    .map_err(|error| Trouble::Said(format!("reflection sent no file: {error}")))?;
                let length = file.len();
                if files.insert(read.name().to_owned(), file).is_none() {
                    bytes += length;
                    asked.extend(read.dependency);
                }
            }
            if bytes > MAX_BYTES || files.len() > MAX_FILES {
                return Err(Trouble::Said(format!(
                    "reflection tells of more than {MAX_FILES} files or {MAX_BYTES} bytes; \
                     give the descriptors with --descriptor-set"
                )));
            }
        }
        if files.len() == before {
            return Err(Trouble::Said(
                "reflection does not have what its files import".into(),
            ));
        }
        let missing = std::mem::take(&mut asked);
        let missing = missing.into_iter().filter(|name| !files.contains_key(name));
        questions = missing.map(MessageRequest::FileByFilename).collect();
    }
    Ok(files)
}

struct Server {
    grpc: Grpc<Channel>,
    path: &'static str,
}

impl Server {
    async fn services(&mut self) -> Result<Vec<String>, Trouble> {
        let answers = self
            .ask(vec![MessageRequest::ListServices(String::new())])
            .await?;
        let Some(MessageResponse::ListServicesResponse(list)) = answers.into_iter().next() else {
            return Err(Trouble::Said("reflection lists no services".into()));
        };
        let names = list.service.into_iter().map(|service| service.name);
        let of_its_own = |name: &String| {
            name.starts_with("grpc.health.") || name.starts_with("grpc.reflection.")
        };
        Ok(names.filter(|name| !of_its_own(name)).collect())
    }

    /// All questions in one stream, and an answer for each.
    async fn ask(
        &mut self,
        questions: Vec<MessageRequest>,
    ) -> Result<Vec<MessageResponse>, Trouble> {
        let expected = questions.len();
        let questions = questions
            .into_iter()
            .map(|question| ServerReflectionRequest {
                host: String::new(),
                message_request: Some(question),
            });
        let questions = futures::stream::iter(questions.collect::<Vec<_>>());
        let Ok(()) = self.grpc.ready().await;
        let path = PathAndQuery::from_static(self.path);
        let codec = ProstCodec::<_, ServerReflectionResponse>::default();
        let stream = self
            .grpc
            .streaming(Request::new(questions), path, codec)
            .await
            .map_err(Trouble::Call)?;
        let (mut stream, mut answers) = (stream.into_inner(), Vec::new());
        let mut bytes = 0;
        while let Some(answer) = stream.message().await.map_err(Trouble::Call)? {
            bytes += answer.encoded_len();
            if bytes > MAX_BYTES || answers.len() == expected {
                return Err(Trouble::Said(
                    "reflection says more than it was asked".into(),
                ));
            }
            match answer.message_response {
                Some(MessageResponse::ErrorResponse(error)) => {
                    return Err(Trouble::Said(format!(
                        "reflection: {}",
                        error.error_message
                    )));
                }
                Some(answer) => answers.push(answer),
                None => return Err(Trouble::Said("reflection said nothing".into())),
            }
        }
        match answers.len() == expected {
            true => Ok(answers),
            false => Err(Trouble::Said("reflection ended early".into())),
        }
    }
}
