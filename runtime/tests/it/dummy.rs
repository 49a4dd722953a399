//! Services of the contract whose handlers a test plays, and calls of raw frames.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use runtime::call::CallContext;
use runtime::client::Channel;
use runtime::status::Reason;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt as _;

/// What a dummy does with a call: gives a reply's message or a status.
pub(crate) type Handler =
    Arc<dyn Fn(Asked) -> BoxFuture<'static, Result<Vec<u8>, Status>> + Send + Sync>;

/// A call as a dummy sees it.
pub(crate) struct Asked {
    pub(crate) call: CallContext,
    pub(crate) headers: HeaderMap,
    pub(crate) path: String,
    pub(crate) message: Bytes,
}

pub(crate) fn handler<F, Fut>(handle: F) -> Handler
where
    F: Fn(Asked) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<u8>, Status>> + Send + 'static,
{
    Arc::new(move |asked| Box::pin(handle(asked)))
}

/// Answers every call with an empty message.
pub(crate) fn fine() -> Handler {
    handler(|_| async { Ok(Vec::new()) })
}

macro_rules! dummy {
    ($name:ident, $service:literal) => {
        #[derive(Clone)]
        pub(crate) struct $name(pub(crate) Handler);

        impl tonic::server::NamedService for $name {
            const NAME: &'static str = $service;
        }

        impl tower::Service<Request<Body>> for $name {
            type Response = Response<Body>;
            type Error = Infallible;
            type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Request<Body>) -> Self::Future {
                let handler = self.0.clone();
                Box::pin(async move { Ok(answer(handler, request).await) })
            }
        }
    };
}

dummy!(Auth, "tradewind.auth.v1.AuthService");
dummy!(SecondFactor, "tradewind.auth.v1.SecondFactorService");
dummy!(AccessTokens, "tradewind.auth.v1.AccessTokensService");
dummy!(
    ExternalIdentities,
    "tradewind.auth.v1.ExternalIdentitiesService"
);
dummy!(Users, "tradewind.users.v1.UsersService");
dummy!(Catalog, "tradewind.catalog.v1.CatalogService");
dummy!(Inventory, "tradewind.inventory.v1.InventoryService");
dummy!(Orders, "tradewind.orders.v1.OrdersService");
dummy!(Shipping, "tradewind.shipping.v1.ShippingService");
dummy!(Payments, "tradewind.payments.v1.PaymentsService");
dummy!(Sandbox, "tradewind.payments.v1.SandboxService");
dummy!(Webhooks, "tradewind.notify.v1.WebhooksService");
dummy!(Messages, "tradewind.notify.v1.MessagesService");

async fn answer(handler: Handler, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let call = parts.extensions.get::<CallContext>().cloned().unwrap();
    let message = body.collect().await.unwrap().to_bytes().slice(5..);
    let path = parts.uri.path().to_owned();
    match handler(Asked {
        call,
        headers: parts.headers,
        path,
        message,
    })
    .await
    {
        Ok(reply) => {
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            let trailers = async move { Some(Ok(trailers)) };
            let mut response =
                Response::new(Body::new(Full::new(frame(&reply)).with_trailers(trailers)));
            let grpc = HeaderValue::from_static("application/grpc");
            response.headers_mut().insert("content-type", grpc);
            response
        }
        Err(status) => status.into_http(),
    }
}

pub(crate) fn frame(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.put_slice(message);
    frame.freeze()
}

/// The outcome of a call.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: Status,
    pub(crate) headers: HeaderMap,
    /// Of its first message.
    pub(crate) flags: u8,
    pub(crate) message: Bytes,
}

impl Reply {
    pub(crate) fn code(&self) -> Code {
        self.status.code()
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        runtime::status::reason(&self.status)
    }
}

/// Sends one message with metadata.
pub(crate) async fn call(
    channel: &Channel,
    path: &str,
    message: &[u8],
    metadata: &[(&'static str, &str)],
) -> Reply {
    send(channel, path, frame(message), metadata).await
}

/// Sends frames with metadata.
pub(crate) async fn send(
    channel: &Channel,
    path: &str,
    frames: Bytes,
    metadata: &[(&'static str, &str)],
) -> Reply {
    let mut request = Request::new(Full::new(frames));
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in metadata {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    let response = channel.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    if let Some(status) = Status::from_header_map(&parts.headers) {
        return Reply {
            status,
            headers: parts.headers,
            flags: 0,
            message: Bytes::new(),
        };
    }
    match body.collect().await {
        Ok(collected) => {
            let trailers = collected.trailers().cloned().unwrap_or_default();
            let status = Status::from_header_map(&trailers);
            let bytes = collected.to_bytes();
            Reply {
                status: status.unwrap_or_else(|| Status::unknown("no trailers")),
                headers: parts.headers,
                flags: bytes.first().copied().unwrap_or_default(),
                message: if bytes.len() > 5 {
                    bytes.slice(5..)
                } else {
                    Bytes::new()
                },
            }
        }
        Err(status) => Reply {
            status,
            headers: parts.headers,
            flags: 0,
            message: Bytes::new(),
        },
    }
}

/// `Bearer …`
pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}
