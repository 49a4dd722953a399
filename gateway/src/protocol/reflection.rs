//! gRPC reflection (grpc.reflection.v1 and v1alpha) of what the gateway serves, and of nothing else:
//! methods that the contract keeps inside the mesh are not in its descriptors.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use http::request::Parts;
use http::{Request, Response, StatusCode, Version};
use http_body_util::BodyExt as _;
use prost::Message as _;
use tonic::service::Routes;
use tonic_reflection::server::Builder;
use tower::Service as _;
use transcoder::prost_reflect::{DescriptorPool, DynamicMessage, Value};

use super::{Protocol, Recognition};
use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::call::codec::Codec;
use crate::call::requests::{Requests, lock};
use crate::call::step::Step;
use crate::exchange::Target;
use crate::failure::Failure;
use crate::method::Largest;
use crate::policy::{Policies, Policy};
use crate::relay;
use crate::reply::{self, Body};
use crate::routing::{Own, Routing};
use crate::sequence::Sequence;
use crate::validators::Validators;
use crate::wire::envelope::Sizes;

mod declared;

pub(crate) use declared::DECLARED;

/// What the paths of both versions start with.
const PREFIX: &str = "/grpc.reflection.";

/// Most bytes of a question: names, and a little more.
const QUESTION: usize = 16 << 10;

/// The protocol.
pub(crate) struct Reflection;

/// A question.
pub(crate) struct Question(Arc<Own>);

impl Protocol for Reflection {
    type Request = Question;

    fn recognise(routing: &Routing, head: &Parts, subtype: Option<&[u8]>) -> Recognition<Question> {
        if let (Some(own), Some(subtype)) = (&routing.own, subtype)
            && head.uri.path().starts_with(PREFIX)
            && head.version == Version::HTTP_2
            // An upstream that serves it as one of its methods goes before.
            && matches!(relay::method(routing, head, subtype), Ok(None))
        {
            return Recognition::Request(Question(own.clone()));
        }
        Recognition::Foreign
    }
}

/// The reflection of a serialized descriptor set, less the methods that have no policy.
pub(crate) fn of(descriptor_set: &[u8], policies: &Policies) -> Result<Own, String> {
    let set = served(descriptor_set, policies).ok_or("the descriptor set cannot be read")?;
    let builder = || Builder::configure().register_encoded_file_descriptor_set(&set);
    let v1 = builder().build_v1().map_err(|error| error.to_string())?;
    let v1alpha = builder().build_v1alpha();
    let v1alpha = v1alpha.map_err(|error| error.to_string())?;
    Ok(Own {
        routes: Routes::new(v1).add_service(v1alpha).prepare(),
        policy: Policy {
            name: "/".into(),
            guard: None,
            call_name: "".into(),
            success: StatusCode::OK,
            path: http::uri::PathAndQuery::from_static("/"),
            upstream: 0,
            takes_idempotency_key: false,
            is_for_machines: false,
            is_repeatable: true,
            is_client_streaming: true,
            is_server_streaming: true,
            largest: Largest {
                wire: Some(QUESTION),
                json: None,
            },
            sequence: Sequence::default(),
            validators: Validators::default(),
            throttle: None,
        },
    })
}

/// The messages of a client, which are kept until they are whole.
struct Questions(Sizes);

impl Step for Questions {
    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Failure> {
        self.0.step(piece)
    }

    fn has_begun(&self) -> bool {
        self.0.has_begun()
    }

    fn held(&self) -> usize {
        self.0.come()
    }
}

impl super::Request for Question {
    fn protocol(&self) -> &'static str {
        "grpc"
    }

    fn policy<'a>(&'a self, _: &'a Routing) -> &'a Policy {
        &self.0.policy
    }

    fn target<'a>(&'a self, _: &'a Routing) -> Target<'a> {
        Target::Gateway
    }

    async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        let limit = admitted.message_limit(Codec::Proto);
        let questions = Questions(Sizes::of_at_most(limit));
        let (body, refused) = Requests::new(body, None, admitted.allowance(), questions);
        // Here the reply ends with what the body's error says.
        let voice = admitted.routing().voice;
        let body = body.map_err(move |status| match lock(&refused).take() {
            Some(failure) => failure.told(&voice).into_owned(),
            None => status,
        });
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.version_mut() = head.version;
        *request.uri_mut() = head.uri.clone();
        *request.headers_mut() = head.headers.clone();
        let Ok(response) = self.0.routes.clone().call(request).await;
        let (received, body) = response.into_parts();
        let mut lifetime = admitted.lifetime();
        let frames = futures::stream::unfold(body, |mut body| async move {
            let frame = body.frame().await?.ok()?;
            Some((frame, body))
        });
        let frames = Box::pin(frames).take_until(async move { lifetime.over().await });
        let content_type = relay::content_type(&head.headers);
        Ok(reply::frames(content_type, received.headers, frames))
    }

    fn refuse(&self, routing: &Routing, head: &Parts, failure: &Failure) -> Option<Response<Body>> {
        Some(relay::refusal(&head.headers, failure, &routing.voice))
    }
}

/// The set without the methods that are not served, and without services that have none left. As a
/// dynamic message, for that keeps options that it does not know.
fn served(descriptor_set: &[u8], policies: &Policies) -> Option<Vec<u8>> {
    let pool = DescriptorPool::global();
    let set = pool.get_message_by_name("google.protobuf.FileDescriptorSet")?;
    let mut set = DynamicMessage::decode(set, descriptor_set).ok()?;
    for file in list(&mut set, "file")? {
        let file = file.as_message_mut()?;
        let package = text(file, "package")?;
        let services = list(file, "service")?;
        for service in services.iter_mut() {
            let service = service.as_message_mut()?;
            let name = text(service, "name")?;
            let name = match package.as_str() {
                "" => name,
                package => format!("{package}.{name}"),
            };
            list(service, "method")?.retain(|method| {
                let method = method.as_message().and_then(|method| text(method, "name"));
                let path = method.map(|method| format!("/{name}/{method}"));
                path.is_some_and(|path| policies.method(&path).is_some())
            });
        }
        services.retain_mut(|service| {
            let methods = service
                .as_message_mut()
                .and_then(|service| list(service, "method"));
            methods.is_some_and(|methods| !methods.is_empty())
        });
    }
    Some(set.encode_to_vec())
}

fn list<'a>(message: &'a mut DynamicMessage, field: &str) -> Option<&'a mut Vec<Value>> {
    message.get_field_by_name_mut(field)?.as_list_mut()
}

fn text(message: &DynamicMessage, field: &str) -> Option<String> {
    let value = message.get_field_by_name(field)?;
    value.as_str().map(str::to_owned)
}
