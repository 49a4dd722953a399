//! What gRPC needs beyond HTTP. No browser speaks it.

use net::metadata::GRPC_TIMEOUT;
use net::metadata::parse_timeout;

use crate::protocol::declared::{Deadline, Declared};

pub(crate) static DECLARED: Declared = Declared {
    media_types: &["application/grpc"],
    compresses: false,
    has_browsers: false,
    deadline: Some(Deadline {
        header: GRPC_TIMEOUT,
        read: parse_timeout,
    }),
    reserved: Some("grpc-"),
    ..Declared::NOTHING
};
