//! Replies that are no gRPC: of a proxy, a load balancer, or a server of something else.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use tonic::{Code, Status};

use super::codec::Codec;

const GRPC: &[u8] = b"application/grpc";

/// Whether a reply without a status, so far, is one of gRPC with messages in protobuf.
pub(super) fn is_grpc(http: StatusCode, headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    let content_type = content_type.map_or(&b""[..], |value| value.as_bytes());
    let (start, subtype) = content_type
        .split_at_checked(GRPC.len())
        .unwrap_or_default();
    http == StatusCode::OK
        && start.eq_ignore_ascii_case(GRPC)
        && Codec::of_grpc(subtype) == Some(Codec::Proto)
}

/// What such a reply comes to (gRPC, http-grpc-status-mapping.md).
pub(super) fn status(upstream: &str, http: StatusCode) -> Status {
    tracing::warn!(service = upstream, status = %http, "no gRPC came back");
    let code = match http.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Status::new(
        code,
        format!("{upstream} answered in HTTP ({http}), not in gRPC"),
    )
}

/// What a reply comes to that ends without a status.
pub(super) fn without_status() -> Status {
    Status::unknown("the reply ended without a status")
}
