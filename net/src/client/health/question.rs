//! One question to one endpoint (gRPC, health-checking.md).

use bytes::{Buf as _, Bytes};
use http::{Method, Request, Uri, Version};
use http_body_util::BodyExt as _;
use prost::Message as _;
use tonic::{Code, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::client::link::Link;
use crate::client::outgoing;
use crate::client::request::RequestBody;
use crate::client::target::Target;

/// Bytes before a message: whether it is compressed, and its length.
const HEADER: usize = 5;

/// What is asked.
pub(super) struct Question {
    /// Whose endpoints are asked.
    pub(super) upstream: String,
    uri: Uri,
    frame: Bytes,
}

/// What is wrong with an endpoint.
pub(super) enum Unwell {
    /// It says so.
    Said(String),
    /// It does not say how it is.
    Silent(String),
}

impl Question {
    /// Put to the endpoints of `upstream`: how this service is.
    pub(super) fn new(upstream: &str, service: &str) -> Question {
        let authority = outgoing::authority(upstream);
        let uri = format!("http://{authority}/grpc.health.v1.Health/Check");
        let service = service.to_owned();
        let message = HealthCheckRequest { service }.encode_to_vec();
        let length = u32::try_from(message.len()).expect("names are short");
        Question {
            upstream: upstream.to_owned(),
            uri: uri.parse().expect("an authority and a path are a URI"),
            frame: [&[0], &length.to_be_bytes()[..], &message].concat().into(),
        }
    }

    /// Asks. A server that has no health service is well: it has answered.
    pub(super) async fn ask(&self, link: &Link, target: &Target) -> Result<(), Unwell> {
        let mut request = Request::new(RequestBody::whole(self.frame.clone()));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.uri.clone();
        if let Some(origin) = &target.origin {
            origin.name_in(request.uri_mut());
        }
        outgoing::set(request.headers_mut(), None, None);
        let failed = |why: &dyn ToString| Unwell::Silent(why.to_string());
        let place = format!("{target}: ");
        let stream = link.stream(target).await;
        let stream = stream.map_err(|failure| failed(&failure.why().replace(&place, "")))?;
        let (response, _slot) = stream
            .send(request)
            .await
            .map_err(|failure| failed(&failure.why()))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| failed(&error))?;
        let status = body.trailers().and_then(Status::from_header_map);
        let status = status.or_else(|| Status::from_header_map(&head.headers));
        let Some(status) = status else {
            return Err(Unwell::Silent(format!("HTTP {} came back", head.status)));
        };
        match status.code() {
            Code::Ok => serving(body.to_bytes()),
            Code::Unimplemented => Ok(()),
            Code::NotFound => Err(Unwell::Said(
                "it knows no service of the name that is asked for".to_owned(),
            )),
            code => Err(failed(&code)),
        }
    }
}

/// Whether the answer is that it serves.
fn serving(mut frame: Bytes) -> Result<(), Unwell> {
    let strange = || Unwell::Silent("the answer cannot be read".to_owned());
    if frame.len() < HEADER {
        return Err(strange());
    }
    frame.advance(HEADER);
    let answer = HealthCheckResponse::decode(frame).map_err(|_| strange())?;
    match answer.status() {
        ServingStatus::Serving => Ok(()),
        other => Err(Unwell::Said(format!("it is {}", other.as_str_name()))),
    }
}
