//! A gRPC server of any service: it remembers what it was asked and answers by a function.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Code, Status};

/// A call as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) metadata: HeaderMap,
    pub(crate) message: Bytes,
    /// All frames.
    pub(crate) frames: Bytes,
}

impl Seen {
    pub(crate) fn metadata(&self, name: &str) -> Option<&str> {
        self.metadata
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    pub(crate) fn decode<M: prost::Message + Default>(&self) -> M {
        M::decode(self.message.clone()).unwrap()
    }

    /// All messages of a stream.
    pub(crate) fn decode_all<M: prost::Message + Default>(&self) -> Vec<M> {
        let (mut rest, mut messages) = (&self.frames[..], Vec::new());
        while let Some((header, after)) = rest.split_first_chunk::<5>() {
            let length = u32::from_be_bytes(header[1..].try_into().unwrap()) as usize;
            messages.push(M::decode(&after[..length]).unwrap());
            rest = &after[length..];
        }
        messages
    }
}

/// What the server does about a call.
pub(crate) enum Answer {
    Message(Vec<u8>),
    /// With these headers and trailers.
    Told(Vec<u8>, HeaderMap, HeaderMap),
    Error(Status),
    /// After these headers.
    Late(HeaderMap, Status),
    Stream(BoxStream<'static, Result<Vec<u8>, Status>>),
    /// No gRPC, or not quite: headers, and perhaps a body and trailers.
    Raw(StatusCode, HeaderMap, Option<Bytes>, Option<HeaderMap>),
    /// Nothing, for ever.
    Silence,
}

impl Answer {
    pub(crate) fn message(message: &impl prost::Message) -> Self {
        Self::Message(message.encode_to_vec())
    }

    pub(crate) fn messages<M: prost::Message>(messages: impl IntoIterator<Item = M>) -> Self {
        let encoded: Vec<_> = messages
            .into_iter()
            .map(|one| Ok(one.encode_to_vec()))
            .collect();
        Self::Stream(futures::stream::iter(encoded).boxed())
    }
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// The running server.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    calls: Arc<Mutex<Vec<Seen>>>,
    abandoned: watch::Receiver<usize>,
    _stop: DropGuard,
}

impl Upstream {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener.local_addr().unwrap(), async { listener }, answer)
    }

    /// On a listener that something else may use before.
    pub(crate) fn on(
        address: SocketAddr,
        listener: impl Future<Output = TcpListener> + Send + 'static,
        answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (abandon, abandoned) = watch::channel(0);
        let stop = CancellationToken::new();
        let service = {
            let (calls, answer) = (calls.clone(), Arc::new(answer));
            tower::service_fn(move |request: Request<Incoming>| {
                let (calls, answer, abandon) = (calls.clone(), answer.clone(), abandon.clone());
                async move {
                    if request.uri().path().ends_with("/Echo") {
                        return echo(request, abandon);
                    }
                    let seen = see(request).await;
                    calls.lock().unwrap().push(seen.clone());
                    respond(answer(&seen), abandon).await
                }
            })
        };
        let limits = net::http::Limits::default();
        let stopped = stop.clone();
        tokio::spawn(async move {
            net::http::serve(listener.await, service, limits, stopped).await;
        });
        Self {
            address,
            calls,
            abandoned,
            _stop: stop.drop_guard(),
        }
    }

    /// The calls until now.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn last_call(&self) -> Seen {
        self.calls().pop().expect("the server was called")
    }

    /// Completes when the caller has given up so many calls.
    pub(crate) async fn abandoned(&self, times: usize) {
        let mut abandoned = self.abandoned.clone();
        let enough = abandoned.wait_for(|count| *count >= times);
        tokio::time::timeout(std::time::Duration::from_secs(10), enough)
            .await
            .unwrap()
            .unwrap();
    }
}

/// Counts when a call is dropped before its end.
struct Watched {
    abandon: watch::Sender<usize>,
    ended: bool,
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.ended {
            self.abandon.send_modify(|count| *count += 1);
        }
    }
}

/// Sends each frame back as it comes.
fn echo(
    request: Request<Incoming>,
    abandon: watch::Sender<usize>,
) -> Result<Response<Body>, Infallible> {
    let watched = Watched {
        abandon,
        ended: false,
    };
    let mut body = request.into_body();
    let frames = async_stream::stream! {
        let mut watched = watched;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => yield Ok(frame),
                Err(_) => return,
            }
        }
        watched.ended = true;
        let mut trailers = HeaderMap::new();
        Status::new(Code::Ok, "").add_header(&mut trailers).unwrap();
        trailers.insert("shelf", HeaderValue::from_static("seven"));
        yield Ok(Frame::trailers(trailers));
    };
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", grpc);
    Ok(response)
}

async fn see(request: Request<Incoming>) -> Seen {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Seen {
        path: head.uri.path().to_owned(),
        metadata: head.headers,
        // After the flag and the length of the frame.
        message: body.slice(5.min(body.len())..),
        frames: body,
    }
}

async fn respond(
    answer: Answer,
    abandon: watch::Sender<usize>,
) -> Result<Response<Body>, Infallible> {
    let mut watched = Watched {
        abandon,
        ended: false,
    };
    let (mut leading, mut trailing) = (HeaderMap::new(), HeaderMap::new());
    let messages = match answer {
        Answer::Told(message, headers, trailers) => {
            (leading, trailing) = (headers, trailers);
            futures::stream::iter([Ok(message)]).boxed()
        }
        Answer::Late(headers, status) => {
            leading = headers;
            futures::stream::iter([Err(status)]).boxed()
        }
        Answer::Error(status) => {
            watched.ended = true;
            let empty = http_body_util::Empty::new().map_err(|never: Infallible| match never {});
            return Ok(status.into_http::<()>().map(|()| empty.boxed_unsync()));
        }
        Answer::Raw(status, headers, data, trailers) => {
            watched.ended = true;
            let frames = data.map(Frame::data).into_iter();
            let frames: Vec<_> = frames
                .chain(trailers.map(Frame::trailers))
                .map(Ok)
                .collect();
            let empty = http_body_util::Empty::new().map_err(|never: Infallible| match never {});
            let body = match frames.is_empty() {
                true => empty.boxed_unsync(),
                false => StreamBody::new(futures::stream::iter(frames)).boxed_unsync(),
            };
            let mut response = Response::new(body);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            return Ok(response);
        }
        Answer::Silence => std::future::pending().await,
        Answer::Message(message) => futures::stream::iter([Ok(message)]).boxed(),
        Answer::Stream(messages) => messages,
    };
    let frames = async_stream::stream! {
        let mut watched = watched;
        let mut messages = messages;
        let mut status = Status::new(Code::Ok, "");
        while let Some(message) = messages.next().await {
            match message {
                Ok(message) => yield Ok(Frame::data(frame(&message))),
                Err(error) => {
                    status = error;
                    break;
                }
            }
        }
        watched.ended = true;
        let mut trailers = trailing;
        status.add_header(&mut trailers).unwrap();
        yield Ok(Frame::trailers(trailers));
    };
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().extend(leading);
    response.headers_mut().insert("content-type", grpc);
    Ok(response)
}

/// A message as gRPC frames it.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    frame.freeze()
}
