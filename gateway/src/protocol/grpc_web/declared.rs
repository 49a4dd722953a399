//! What gRPC-Web needs beyond gRPC: browsers.

use crate::protocol::declared::Declared;

pub(crate) static DECLARED: Declared = Declared {
    media_types: &["application/grpc-web"],
    compresses: false,
    request_headers: &["grpc-timeout", "x-grpc-web", "x-user-agent"],
    reply_headers: &[
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "grpc-encoding",
    ],
    ..Declared::NOTHING
};
