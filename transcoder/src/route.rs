use bytes::Bytes;
use prost_reflect::{FieldDescriptor, MethodDescriptor};

use crate::binding::{Body, HttpMethod};
use crate::field::FieldPath;
use crate::http_body::{self, HttpBody, Places};
use crate::json::{Engine, FieldRef, MessageType};
use crate::mask::Inference;
use crate::{Dialect, JsonError, QueryOptions, Strays, Template};

/// One binding of a gRPC method to HTTP: a rule of `google.api.http`, or one of its additional bindings.
#[derive(Debug)]
pub struct Route {
    pub(crate) method: MethodDescriptor,
    pub(crate) grpc_path: String,
    pub(crate) http_method: HttpMethod,
    pub(crate) template: Template,
    /// What each variable of the template binds, in their order.
    pub(crate) path_fields: Vec<FieldPath>,
    pub(crate) body: Body,
    /// The way to the field that the body is, if it is one.
    pub(crate) body_path: Option<FieldPath>,
    pub(crate) mask: Option<Inference>,
    pub(crate) response_body: Option<FieldDescriptor>,
    pub(crate) additional: bool,
    pub(crate) is_alias: bool,
    /// Where its rule stands, if it is no annotation.
    pub(crate) place: Option<String>,
    pub(crate) dialect: Dialect,
    pub(crate) query: QueryOptions,
    pub(crate) strays: Strays,
    pub(crate) http_body: Places,
    pub(crate) ignored_query: Vec<String>,
    pub(crate) json: Engine,
    pub(crate) tables: RouteTables,
}

/// What the JSON engine calls the types of a route.
#[derive(Debug)]
pub(crate) struct RouteTables {
    pub(crate) input: MessageType,
    pub(crate) output: MessageType,
    /// The last field of each of the path's variables.
    pub(crate) path: Vec<FieldRef>,
    /// The field that the body is, if it is one.
    pub(crate) body: Option<FieldRef>,
    pub(crate) response_body: Option<FieldRef>,
}

impl Route {
    /// `/pkg.Service/Method`, the path of the gRPC call.
    #[must_use]
    pub fn grpc_path(&self) -> &str {
        &self.grpc_path
    }

    /// The descriptor of the method: its streams, its messages, its options (also your own).
    #[must_use]
    pub fn method(&self) -> &MethodDescriptor {
        &self.method
    }

    /// The HTTP method.
    #[must_use]
    pub fn http_method(&self) -> &HttpMethod {
        &self.http_method
    }

    /// The path template: low in cardinality, so it fits spans and metrics (`http.route`).
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// What the HTTP body holds.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The way to the field that the body is; nothing if it is none.
    pub(crate) fn body_fields(&self) -> &[FieldDescriptor] {
        self.body_path.as_ref().map_or(&[], FieldPath::fields)
    }

    /// The field of the reply message that is the HTTP body, if not the whole message.
    #[must_use]
    pub fn response_body(&self) -> Option<&FieldDescriptor> {
        self.response_body.as_ref()
    }

    /// Whether this is from a rule beside the annotation that the method has (see
    /// [`Options::rules`](crate::Options::rules)).
    #[must_use]
    pub fn is_alias(&self) -> bool {
        self.is_alias
    }

    /// Whether this is one of the `additional_bindings`, or an alias.
    #[must_use]
    pub fn is_additional(&self) -> bool {
        self.additional
    }

    /// Whether the reply is a stream of messages.
    #[must_use]
    pub fn is_server_streaming(&self) -> bool {
        self.method.is_server_streaming()
    }

    /// Whether the request is a stream of messages.
    #[must_use]
    pub fn is_client_streaming(&self) -> bool {
        self.method.is_client_streaming()
    }

    /// The JSON of one reply message, or of its `response_body` field. A message field that is absent
    /// prints as `{}` (as `null`, if it is a well-known type that is no JSON object).
    ///
    /// # Errors
    /// [`JsonError`] if the bytes are not the method's reply message, or hold what JSON cannot
    /// express (a timestamp after the year 9999): a fault of the upstream, INTERNAL.
    pub fn response(&self, message: &[u8]) -> Result<Vec<u8>, JsonError> {
        let mut out = Vec::new();
        match self.tables.response_body {
            None => self.json.print(self.tables.output, message, &mut out)?,
            Some(field) => self.json.print_field(field, message, &mut out)?,
        }
        Ok(out)
    }

    /// Whether the body of a request goes upstream as it is, in a `google.api.HttpBody`
    /// ([`Content::Raw`](crate::Content::Raw)).
    #[must_use]
    pub fn takes_http_body(&self) -> bool {
        self.http_body.request
    }

    /// Whether the body of the reply is a `google.api.HttpBody`: [`Route::http_body`] instead of
    /// [`Route::response`].
    #[must_use]
    pub fn gives_http_body(&self) -> bool {
        self.http_body.reply
    }

    /// The body of one reply message of a route that gives HttpBody. Its data is a part of the
    /// message, not a copy.
    ///
    /// # Errors
    /// [`JsonError`] if the bytes are not the method's reply message: a fault of the upstream,
    /// INTERNAL.
    pub fn http_body(&self, message: Bytes) -> Result<HttpBody, JsonError> {
        http_body::read(message, self.response_body.as_ref())
    }
}
