//! Questions are calls of gRPC.

use crate::protocol::declared::Declared;

pub(crate) static DECLARED: Declared = Declared {
    media_types: &["application/grpc"],
    compresses: false,
    has_browsers: false,
    ..Declared::NOTHING
};
