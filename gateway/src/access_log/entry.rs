//! A request in progress, as its line will tell it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU16, AtomicU64, Ordering};
use std::time::Instant;

use chrono::{DateTime, Utc};
use http::header::{REFERER, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Response, Version};
use net::metadata::GRPC_STATUS;
use tonic::Code;

use super::masked;
use super::record::{Call, Record, Target};
use super::writer::Writer;

/// A client that went away before its reply began, as NGINX has it.
const CLOSED_REQUEST: u16 = 499;
/// No code.
const UNKNOWN: i32 = -1;

/// A request in progress. It has ended when the last who has to do with it drops it; then its line is
/// written.
pub(crate) struct Entry {
    writer: Arc<Writer>,
    time: DateTime<Utc>,
    began: Instant,
    client: IpAddr,
    request_id: Arc<str>,
    trace_id: String,
    method: String,
    path: String,
    version: &'static str,
    referer: Option<String>,
    user_agent: Option<String>,
    user: OnceLock<Arc<str>>,
    call: OnceLock<Call>,
    status: AtomicU16,
    grpc_status: AtomicI32,
    received: Received,
    sent: AtomicU64,
    is_complete: AtomicBool,
}

/// Counts bytes of a request's body, also when nobody looks at the rest of the request any more.
#[derive(Clone, Default)]
pub(crate) struct Received(Arc<AtomicU64>);

impl Received {
    pub(crate) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Entry {
    /// Of a request that came at `time`. `secret` is the query parameter that holds credentials.
    pub(crate) fn begin(
        writer: &Arc<Writer>,
        head: &Parts,
        time: DateTime<Utc>,
        client: IpAddr,
        (request_id, trace_id): (&Arc<str>, String),
        secret: Option<&str>,
    ) -> Arc<Self> {
        let header = |name| head.headers.get(name);
        Arc::new(Self {
            writer: writer.clone(),
            time,
            began: Instant::now(),
            client,
            request_id: request_id.clone(),
            trace_id,
            method: head.method.to_string(),
            path: masked::target(head.uri.path_and_query(), secret),
            version: version(head.version),
            referer: header(REFERER).map(|value| masked::referer(value, secret)),
            user_agent: header(USER_AGENT).map(masked::header),
            user: OnceLock::new(),
            call: OnceLock::new(),
            status: AtomicU16::new(CLOSED_REQUEST),
            grpc_status: AtomicI32::new(UNKNOWN),
            received: Received::default(),
            sent: AtomicU64::new(0),
            is_complete: AtomicBool::new(false),
        })
    }

    /// It calls that route of that upstream, or the gateway itself.
    pub(crate) fn calls(&self, protocol: &'static str, target: Option<(&Arc<str>, &str)>) {
        let target = target.map(|(route, upstream)| Target {
            route: route.clone(),
            upstream: upstream.to_owned(),
        });
        // It calls nothing else later.
        let _ = self.call.set(Call { protocol, target });
    }

    /// It is of that user.
    pub(crate) fn is_of(&self, user: &Arc<str>) {
        let _ = self.user.set(user.clone());
    }

    /// How the call has ended.
    pub(crate) fn came_to(&self, code: Code) {
        self.grpc_status.store(code as i32, Ordering::Relaxed);
    }

    /// The reply begins.
    pub(crate) fn replies<B>(&self, reply: &Response<B>) {
        self.status
            .store(reply.status().as_u16(), Ordering::Relaxed);
        self.is_told(reply.headers());
    }

    /// Headers or trailers that tell how a call has ended do so (gRPC over HTTP/2, Responses).
    pub(crate) fn is_told(&self, headers: &HeaderMap) {
        let code = headers
            .get(GRPC_STATUS)
            .map(|value| Code::from_bytes(value.as_bytes()));
        if let Some(code) = code {
            self.came_to(code);
        }
    }

    /// Bytes of the reply are asked for.
    pub(crate) fn sends(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// All of the reply was asked for.
    pub(crate) fn completes(&self) {
        self.is_complete.store(true, Ordering::Relaxed);
    }

    /// Counts what comes of the request.
    pub(crate) fn received(&self) -> &Received {
        &self.received
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let is_complete = self.is_complete.load(Ordering::Relaxed);
        let call = self.call.take();
        let grpc_status = match self.grpc_status.load(Ordering::Relaxed) {
            UNKNOWN => (is_complete && call.is_some()).then_some(Code::Ok as i32),
            code => Some(code),
        };
        self.writer.write(Record {
            time: self.time,
            client: self.client,
            user: self.user.take(),
            method: std::mem::take(&mut self.method),
            path: std::mem::take(&mut self.path),
            version: self.version,
            call,
            status: self.status.load(Ordering::Relaxed),
            grpc_status,
            received: self.received.0.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            is_complete,
            duration: self.began.elapsed(),
            request_id: self.request_id.clone(),
            trace_id: std::mem::take(&mut self.trace_id),
            referer: self.referer.take(),
            user_agent: self.user_agent.take(),
        });
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}
