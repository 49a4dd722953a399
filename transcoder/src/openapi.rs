//! OpenAPI 3.1 from descriptors.

use prost_reflect::MethodDescriptor;
use serde_json::Value;

use crate::Transcoder;

/// What the descriptors do not know of the document.
#[derive(Debug, Clone, Default)]
pub struct Info {
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// `info.description`, in Markdown; none if empty.
    pub description: String,
    /// URLs of `servers`; none if empty, which means where the document was read.
    pub servers: Vec<String>,
    /// The full name of a `uint32` extension of `google.protobuf.MethodOptions` that holds the HTTP
    /// status of success; 200 without it.
    pub success_status_option: Option<String>,
}

/// Who may call a method, for its `security`, its error responses, and whether it is shown at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// Not in the document.
    Hidden,
    /// Without a token.
    Public,
    /// With a bearer token of one of these roles (any token, if there are none).
    Secured {
        /// The roles.
        roles: Vec<String>,
    },
}

/// The OpenAPI 3.1 document of all routes that `visibility` shows.
#[must_use]
pub fn document(
    transcoder: &Transcoder,
    info: &Info,
    visibility: &dyn Fn(&MethodDescriptor) -> Visibility,
) -> Value {
    let _ = (transcoder, info, visibility);
    unimplemented!()
}
