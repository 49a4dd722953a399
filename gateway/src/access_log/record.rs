//! What is known of a request in the end.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// What is known of a request in the end. Texts are as they came, but for what is masked or cut.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) time: DateTime<Utc>,
    pub(super) client: IpAddr,
    pub(super) user: Option<Arc<str>>,
    pub(super) method: String,
    /// With its query.
    pub(super) path: String,
    /// `HTTP/1.1`.
    pub(super) version: &'static str,
    pub(super) call: Option<Call>,
    pub(super) status: u16,
    pub(super) grpc_status: Option<i32>,
    /// Bytes of bodies.
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) is_complete: bool,
    pub(super) duration: Duration,
    pub(super) request_id: Arc<str>,
    pub(super) trace_id: String,
    pub(super) referer: Option<String>,
    pub(super) user_agent: Option<String>,
}

/// What it called, if it called something.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) protocol: &'static str,
    /// What is called upstream; nothing, if the gateway answers itself.
    pub(super) target: Option<Target>,
}

/// What is called upstream.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The template of the route, or the path of the method.
    pub(super) route: Arc<str>,
    pub(super) upstream: String,
}
