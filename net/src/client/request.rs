//! A request on its way, and its body.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, Version};
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request that can be sent twice.
pub(super) struct Outgoing {
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: RequestBody,
    pub(super) pool: Pool,
}

impl Outgoing {
    pub(super) fn request(&self, body: RequestBody) -> Request<RequestBody> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// Which connections a request goes by: what may last for hours must not take the streams of what is
/// over in a moment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pool {
    /// For one message and its reply.
    Calls,
    /// For streams either way.
    Streams,
}

/// What is sent: one buffer, which can be sent again, or a stream, which cannot.
#[derive(Debug)]
pub(super) enum RequestBody {
    Whole(Option<Bytes>),
    Stream(tonic::body::Body),
}

impl RequestBody {
    pub(super) fn whole(bytes: Bytes) -> RequestBody {
        RequestBody::Whole(Some(bytes))
    }

    pub(super) fn stream<B>(body: B) -> RequestBody
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        RequestBody::Stream(tonic::body::Body::new(body))
    }

    /// It goes on its way; what is left is empty.
    pub(super) fn take(&mut self) -> RequestBody {
        std::mem::replace(self, RequestBody::Whole(None))
    }

    pub(super) fn again(&self) -> Option<RequestBody> {
        match self {
            RequestBody::Whole(bytes) => Some(RequestBody::Whole(bytes.clone())),
            RequestBody::Stream(_) => None,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.get_mut() {
            RequestBody::Whole(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            RequestBody::Stream(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            RequestBody::Whole(bytes) => bytes.is_none(),
            RequestBody::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            RequestBody::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            RequestBody::Stream(body) => body.size_hint(),
        }
    }
}
