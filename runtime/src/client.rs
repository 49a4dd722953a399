//! The one client stack as the mesh uses it: under the generated clients, and under the edge, which
//! sends frames.
//!
//! `net::client` does the work; here is what it has to know: what the contract says of the method,
//! what goes along from the call in progress, and what callers are told of a failure on the way.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use net::address::Address;
use net::client::{Along, Call, ChannelError, Credentials, Describe, EndpointConfig, Health};
use net::random::Random;
use net::telemetry::{ClientMetrics, Trace};
use tonic::Status;

use net::client::ResponseBody;

use crate::call::CallContext;
use crate::contract::{Access, Contract};
use crate::status::Problem;

/// How long a call without any deadline may take, unless the reply is a stream.
const LONGEST: Duration = Duration::from_secs(30);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Calls to one service of the mesh. Every failure is an answer with a gRPC status, so the
/// channel itself never fails.
#[derive(Clone, Debug)]
pub struct Channel {
    inner: net::client::Channel,
    contract: Arc<Contract>,
    in_mesh: bool,
}

/// What a channel is made of, before it knows where it goes.
pub struct Unconnected {
    /// Name of the service that is called.
    pub service: Arc<str>,
    /// Name of the service that calls.
    pub caller: &'static str,
    /// Gives the workload token that goes along; to servers outside of the mesh none does.
    pub credentials: Option<Arc<dyn Credentials>>,
    /// What the methods' contracts say.
    pub contract: Arc<Contract>,
    /// Where calls are measured.
    pub metrics: ClientMetrics,
    /// For the choice among endpoints.
    pub random: Random,
    /// What is made of those that fail.
    pub endpoints: EndpointConfig,
}

impl Unconnected {
    /// A channel to an address; without one, its calls are UNAVAILABLE.
    pub fn to(self, address: Option<Address>) -> Channel {
        let in_mesh = self.credentials.is_some();
        let unconnected = net::client::Unconnected {
            service: self.service,
            caller: self.caller,
            credentials: self.credentials,
            describe: Describe(describe),
            tls: None,
            longest: Some(LONGEST),
            metrics: self.metrics,
            random: self.random,
            health: Health::default(),
            failing: self.endpoints,
        };
        Channel {
            inner: unconnected.to(address),
            contract: self.contract,
            in_mesh,
        }
    }
}

impl<B> tower::Service<Request<B>> for Channel
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let channel = self.clone();
        Box::pin(async move {
            let call = CallContext::current();
            Ok(channel.send(request, call.as_ref()).await)
        })
    }
}

impl Channel {
    /// Sends a request as a part of `call`, as the `Service` does as a part of the call in progress.
    pub async fn send<B>(
        &self,
        mut request: Request<B>,
        call: Option<&CallContext>,
    ) -> Response<ResponseBody>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let known = self.known(request.uri().path(), call);
        if let Some(call) = call {
            let along = Along {
                request_id: &call.request_id,
                client_address: call.client_address,
                user_agent: call.user_agent.as_deref(),
                user_token: call.user_token.as_deref(),
            };
            along.set(request.headers_mut());
        }
        self.inner.send(request, known).await
    }

    /// The client stack alone, for whoever knows by itself what it has to be told of a call.
    pub fn into_inner(self) -> net::client::Channel {
        self.inner
    }

    fn known(&self, path: &str, call: Option<&CallContext>) -> Call {
        // To servers outside of the mesh a trace that nobody records is none: as "not sampled" it
        // would switch off their own tracing.
        let is_told = |trace: &&Trace| self.in_mesh || trace.has_span();
        let (deadline, trace) = match call {
            Some(call) => (call.deadline, Some(&call.trace).filter(is_told).cloned()),
            None => (None, None),
        };
        match self.contract.method(path) {
            Some(method) => Call {
                method: method.name.clone(),
                client_streaming: method.client_streaming,
                server_streaming: method.server_streaming,
                needs_credentials: method.access != Some(Access::Public),
                deadline,
                trace,
            },
            None => Call {
                deadline,
                trace,
                ..Call::unary(path)
            },
        }
    }
}

/// A failure on the way, in the words of our errors.
fn describe(error: ChannelError<'_>) -> Status {
    let problem = match error {
        ChannelError::NoAddress(service) => Problem::unavailable(service),
        // Whoever may try again has to know on which hop it was.
        ChannelError::Unavailable(service) => {
            Problem::unavailable(service).metadata("service", service)
        }
        ChannelError::Tripped(service) => Problem::unavailable(service),
        ChannelError::Broken => Problem::unavailable("the connection"),
        ChannelError::DeadlineExceeded => Problem::deadline_exceeded(),
    };
    problem.into()
}
