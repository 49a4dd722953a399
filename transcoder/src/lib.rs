//! REST/JSON in front of gRPC, from descriptors alone.
//!
//! A [`Transcoder`] is compiled once from a protobuf descriptor set: the `google.api.http` options of
//! its methods become one route tree. From then on it turns an HTTP request into the protobuf bytes
//! of the method's request message, and the bytes of each reply message into JSON. It is pure: no
//! sockets, no runtime, no authentication; whoever has the connections drives it.
//!
//! ```
//! # use transcoder::{Options, RouteMatch, Transcoder};
//! # let descriptor_set = protox::Compiler::new(["tests/proto", "../proto"])?
//! #     .include_imports(true)
//! #     .open_file("library.proto")?
//! #     .encode_file_descriptor_set();
//! let transcoder = Transcoder::new(&descriptor_set, &Options::default())?;
//!
//! let RouteMatch::Found(call) = transcoder.route(&http::Method::GET, "/v1/shelves/7/books") else {
//!     panic!("no such route");
//! };
//! assert_eq!(call.route().grpc_path(), "/library.v1.Library/ListBooks");
//!
//! // What goes into the gRPC request frame: `shelf` from the path, `page_size` from the query.
//! let request = call.request(Some("pageSize=2"), &[])?;
//! assert_eq!(&request[..], b"\x10\x02\x0a\x017");
//!
//! // And one reply message back: `{"books":[{"title":"Emma"}]}`.
//! let json = call.route().response(b"\x0a\x06\x12\x04Emma")?;
//! assert_eq!(json, br#"{"books":[{"title":"Emma"}]}"#);
//!
//! // An error of the upstream, for whom HTTP is the only language.
//! let (status, body) = transcoder.error_body(5, "no such shelf", None);
//! assert_eq!(status, 404);
//! assert_eq!(body, br#"{"error":{"code":404,"status":"NOT_FOUND","message":"no such shelf","details":[]}}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How a request is put together
//!
//! Fields come from the path, the body and the query, in this order of precedence (google/api/http.proto).
//! Protobuf's own rule that the last occurrence on the wire wins and that messages merge does the
//! work: the parts are encoded on their own and concatenated, the strongest last. A field that is
//! bound by the path or that belongs to the body is not a query parameter, and is refused as one.
//!
//! A query parameter is named like its field, in JSON or proto names, with dots into messages
//! (`?filter.minPrice.units=5`); a repeated field is repeated. Its text is the JSON of the value
//! without quotes. Unknown parameters are refused, and so are singular ones that come twice.
//! An entry of a map is `?labels[key]=value`, or `?byId[7].name=value` where the value is a message;
//! a bracket closes where a dot or the end follows, so a key may hold brackets of its own. With
//! [`QueryOptions::indexed_lists`], an element of a list is given by its index in the same way,
//! `?items[0].sku=A`. A form body has the same rules, for the fields of the message that the body
//! is ([`Content::Form`]).
//!
//! A PATCH whose body is one message field, and whose request has an `update_mask` that the client
//! left out, gets the mask from the fields that the body mentions (AIP-134).
//!
//! Everything that does not fit is reported at once, as [`BadRequest`] with the path of each field.
//!
//! # Routes beside the annotations
//!
//! [`Options::rules`] holds rules of a service config (`google.api.Service`, `http.rules`), each of
//! them for the method that its selector names. They are further ways to a method that has a
//! route: aliases, which the OpenAPI document does not show. A method without an annotation has its
//! first rule as its route. With [`Options::rules_override`] it is as google/api/http.proto has it:
//! the last rule for a method takes the place of its annotation.
//!
//! # What is not JSON
//!
//! Where the body of a rule is a `google.api.HttpBody`, the bytes go as they came, with their media
//! type ([`Content::Raw`]); a file of a form is found by [`multipart`]. In a stream of requests they
//! go piece by piece ([`Matched::piece`]). Where the reply is one, [`Route::http_body`] gives its
//! bytes back.
//!
//! # How a path is matched
//!
//! Raw, segment by segment, in one tree: a literal goes before `*`, and `*` before `**`, with
//! backtracking. A variable of one segment is then percent-decoded entirely; one of several keeps its
//! `%2F`. What stands after the last colon is a verb where some route has this verb; elsewhere the
//! colon is part of the value. A client that means the character can always write `%3A`. This is
//! http.proto's way; [`Dialect`] has those of others.
//!
//! # Streams
//!
//! [`Route::response`] maps one reply message. How messages are framed (server-sent events,
//! newline-delimited JSON) is the caller's business.
#![forbid(unsafe_code)]

mod binding;
mod capture;
mod error;
mod field;
mod http_body;
pub mod json;
mod load;
mod mask;
mod method;
pub mod multipart;
pub mod openapi;
mod options;
mod query;
mod request;
mod route;
mod router;
mod rule;
pub mod status;
mod template;
mod wire;

use std::sync::Arc;

pub use binding::{Body, HttpMethod};
pub use error::{BadRequest, BuildError, FieldViolation, JsonError, TemplateError};
pub use http_body::HttpBody;
pub use load::Descriptors;
pub use method::Method;
pub use options::{
    Booleans, Dialect, JsonChoices, JsonOptions, Masks, Options, QueryOptions, Strays,
};
/// Re-exported, so that callers read their own options from the descriptors of this same version.
pub use prost_reflect;
use prost_reflect::{DescriptorPool, MethodDescriptor};
pub use request::{Content, Matched};
pub use route::Route;
pub use rule::{ConfiguredRule, CustomHttpPattern, HttpRule, SkippedRule};
pub use template::{Segment, Template, Variable};

/// The routes of one descriptor set, and everything needed to serve them. Cheap to share by `Arc`;
/// nothing in it changes.
#[derive(Debug)]
pub struct Transcoder {
    pool: DescriptorPool,
    routes: Vec<Arc<Route>>,
    skipped: Vec<SkippedRule>,
    router: router::Router,
    json: json::Engine,
    options: Options,
}

/// What [`Transcoder::route`] found.
#[derive(Debug)]
pub enum RouteMatch {
    /// The route, with what its path captured.
    Found(Matched),
    /// No template matches the path: 404.
    NotFound,
    /// A template matches the path, but not with this method: 405, or the answer to OPTIONS.
    /// `allow` is sorted, and holds HEAD where there is GET, and OPTIONS.
    MethodNotAllowed {
        /// The methods that the path has.
        allow: Vec<http::Method>,
    },
}

impl Transcoder {
    /// Compiles every method that has a `google.api.http` option. Rules that cannot be served are
    /// passed over and told ([`Transcoder::skipped`]).
    ///
    /// `descriptor_set` is a serialized `google.protobuf.FileDescriptorSet` with its imports
    /// (`protoc --include_imports --descriptor_set_out`, `buf build -o x.binpb`).
    ///
    /// # Errors
    /// [`BuildError`] if the set cannot be read, or if the options name what it does not have.
    pub fn new(descriptor_set: &[u8], options: &Options) -> Result<Self, BuildError> {
        Self::with_methods(&Descriptors::read(descriptor_set)?, options, |_| true)
    }

    /// Like [`Transcoder::new`], of the methods alone for which `keep` holds: the edge routes only
    /// what the contract opens to the public.
    ///
    /// # Errors
    /// As [`Transcoder::new`].
    pub fn with_methods(
        descriptors: &Descriptors<'_>,
        options: &Options,
        keep: impl Fn(&MethodDescriptor) -> bool,
    ) -> Result<Self, BuildError> {
        let pool = descriptors.pool().clone();
        let json = json::Engine::new(descriptors.set(), &options.json)?;
        let (routes, skipped) = load::routes(&pool, &json, options, keep)?;
        let router = router::Router::new(&routes, options.dialect);
        Ok(Self {
            pool,
            routes,
            skipped,
            router,
            json,
            options: options.clone(),
        })
    }

    /// Itself, if every rule is served.
    ///
    /// # Errors
    /// [`BuildError::Rules`] with all that are not.
    pub fn strict(self) -> Result<Self, BuildError> {
        match self.skipped.is_empty() {
            true => Ok(self),
            false => Err(BuildError::Rules(self.skipped)),
        }
    }

    /// The rules that are not served, and why: those that are wrong, and of several for the same
    /// paths all but one.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedRule] {
        &self.skipped
    }

    /// Finds the route of a request. `raw_path` is the path as it came, percent-encoded, without
    /// the query. HEAD falls back to GET.
    #[must_use]
    pub fn route(&self, method: &http::Method, raw_path: &str) -> RouteMatch {
        match self.router.find(method, raw_path) {
            router::Found::Route { index, captures } => {
                RouteMatch::Found(Matched::new(Arc::clone(&self.routes[index]), captures))
            }
            router::Found::Nothing => RouteMatch::NotFound,
            router::Found::OtherMethods(allow) => RouteMatch::MethodNotAllowed { allow },
        }
    }

    /// All routes, in the order of the descriptor set, additional bindings after their primary one.
    #[must_use]
    pub fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// The descriptors.
    #[must_use]
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The HTTP status and the JSON body of an error:
    /// `{"error":{"code":404,"status":"NOT_FOUND","message":"...","details":[...]}}`.
    ///
    /// `code` is a `google.rpc.Code` (unknown ones count as UNKNOWN); `details` are the bytes of a
    /// `google.rpc.Status`, as in the metadata `grpc-status-details-bin` after its base64. A detail
    /// whose type the descriptor set does not have keeps its bytes:
    /// `{"@type": "...", "value": "<base64>"}`. This never fails: an error about an error helps nobody.
    #[must_use]
    pub fn error_body(&self, code: i32, message: &str, details: Option<&[u8]>) -> (u16, Vec<u8>) {
        let (code, error) = self.error(code, message, details);
        (
            code.http_status(),
            serde_json::json!({ "error": error })
                .to_string()
                .into_bytes(),
        )
    }

    /// The JSON of a `google.rpc.Status`, as the mapping has it:
    /// `{"code":5,"message":"...","details":[...]}`; details as of [`Transcoder::error_body`].
    #[must_use]
    pub fn status(&self, code: i32, message: &str, details: Option<&[u8]>) -> serde_json::Value {
        serde_json::json!({
            "code": code,
            "message": message,
            "details": status::details(&self.json, details),
        })
    }

    /// The inner object of [`Transcoder::error_body`], for a terminal frame of a stream.
    #[must_use]
    pub fn error(
        &self,
        code: i32,
        message: &str,
        details: Option<&[u8]>,
    ) -> (status::Code, serde_json::Value) {
        status::error(&self.json, status::Code::from(code), message, details)
    }
}

/// A text without the mark that some editors put in front of UTF-8.
fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}
