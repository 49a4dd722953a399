//! Names of the metadata that calls of the mesh carry, beside what [`net::metadata`] knows.

use http::HeaderName;

/// The calling workload's token, `Bearer …`.
pub const WORKLOAD_AUTHORIZATION: HeaderName = HeaderName::from_static("x-workload-authorization");
