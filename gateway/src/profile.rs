//! How the gateway answers where others like it answer differently: one value, chosen at the start.
//!
//! Our own behaviour is the default. A profile is that of another gateway with no option set, so that
//! this gateway can take its place without its clients noticing; docs/MIGRATING.md has the tables.

use http::{Method, StatusCode};
use tonic::Code;
use transcoder::{Booleans, Dialect, Masks, Options, Strays};

use crate::failure::{Failure, Problem, Reason};
use crate::metadata::Passing;
use crate::wire::framing::Framing;

/// Whose place the gateway takes.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// grpc-gateway 2.
    GrpcGateway,
    /// Envoy's gRPC-JSON transcoder.
    Envoy,
    /// The same with its option `convert_grpc_status`.
    EnvoyConvertGrpcStatus,
}

/// Everything that differs.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// The body of an error.
    pub(crate) errors: Errors,
    /// What a path or a method gets that has no route.
    pub(crate) unrouted: Unrouted,
    /// The framing of streams, where clients do not choose it.
    pub(crate) framing: Option<Framing>,
    /// What passes between headers and metadata without a rule.
    pub(crate) passing: Passing,
    /// A POST of a form may be the GET of the same path, or the method that it names, with the form
    /// as its query.
    pub(crate) takes_forms_as_queries: bool,
    /// Bodies are JSON whatever they say that they are.
    pub(crate) takes_any_media_type: bool,
    /// There are no pages beside the routes.
    pub(crate) hides_docs: bool,
    /// Query parameters that are no fields are passed over.
    pub(crate) ignores_unknown_query: bool,
    booleans: Booleans,
    go_durations: bool,
    decimal_integers: bool,
    plain_plus: bool,
    prints_defaults: bool,
    prints_null_messages: bool,
    ignores_unknown_fields: bool,
    quoted_enum_numbers: bool,
    dialect: Dialect,
    strays: Strays,
    masks: Masks,
}

/// The form of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errors {
    /// `{"error": {"code", "status", "message", "details"}}`.
    Enveloped,
    /// `google.rpc.Status`: `{"code", "message", "details"}`.
    Status,
    /// The headers `grpc-status`, `grpc-message` and `grpc-status-details-bin`, and no body; what the
    /// gateway itself refuses is told in plain text.
    Headers,
    /// `google.rpc.Status`, of which only what is set is printed; likewise in plain text.
    Converted,
}

/// What a request without a route gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unrouted {
    /// 404, or 405 with `Allow`; OPTIONS is answered.
    Explained,
    /// 404, or 501 for a method that the path has not; in the words of HTTP.
    Unimplemented,
    /// 404.
    NotFound,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            errors: Errors::Enveloped,
            unrouted: Unrouted::Explained,
            framing: None,
            passing: Passing::Listed,
            takes_forms_as_queries: false,
            takes_any_media_type: false,
            hides_docs: false,
            ignores_unknown_query: false,
            booleans: Booleans::Json,
            go_durations: false,
            decimal_integers: false,
            plain_plus: false,
            // An empty list is `[]` and nothing in stock is 0: clients need not know defaults.
            prints_defaults: true,
            prints_null_messages: false,
            ignores_unknown_fields: false,
            quoted_enum_numbers: false,
            dialect: Dialect::HttpProto,
            strays: Strays::Refused,
            masks: Masks::Meant,
        }
    }
}

impl From<Name> for Profile {
    fn from(name: Name) -> Self {
        match name {
            Name::EnvoyConvertGrpcStatus => Self {
                errors: Errors::Converted,
                ..Self::from(Name::Envoy)
            },
            Name::GrpcGateway => Self {
                errors: Errors::Status,
                unrouted: Unrouted::Unimplemented,
                framing: Some(Framing::Results),
                passing: Passing::Prefixed,
                takes_forms_as_queries: true,
                takes_any_media_type: true,
                hides_docs: true,
                ignores_unknown_query: true,
                booleans: Booleans::Go,
                go_durations: true,
                decimal_integers: true,
                plain_plus: false,
                prints_defaults: true,
                prints_null_messages: true,
                ignores_unknown_fields: true,
                quoted_enum_numbers: false,
                dialect: Dialect::GrpcGateway,
                strays: Strays::Ignored,
                masks: Masks::Mentioned,
            },
            Name::Envoy => Self {
                errors: Errors::Headers,
                unrouted: Unrouted::NotFound,
                framing: Some(Framing::Elements),
                passing: Passing::Everything,
                takes_forms_as_queries: false,
                takes_any_media_type: true,
                hides_docs: true,
                ignores_unknown_query: false,
                booleans: Booleans::Abseil,
                go_durations: false,
                decimal_integers: true,
                plain_plus: true,
                prints_defaults: false,
                prints_null_messages: false,
                ignores_unknown_fields: true,
                quoted_enum_numbers: true,
                dialect: Dialect::Envoy,
                strays: Strays::Merged,
                masks: Masks::None,
            },
        }
    }
}

impl Profile {
    /// Sets what the transcoder does.
    pub(crate) fn set(&self, options: &mut Options) {
        let json = &mut options.json;
        json.always_print_fields_without_presence = self.prints_defaults;
        json.absent_messages_as_null = self.prints_null_messages;
        json.ignore_unknown_fields = self.ignores_unknown_fields;
        json.quoted_enum_numbers = self.quoted_enum_numbers;
        options.query.booleans = self.booleans;
        options.query.go_durations = self.go_durations;
        options.query.decimal_integers = self.decimal_integers;
        options.query.plain_plus = self.plain_plus;
        options.dialect = self.dialect;
        options.strays = self.strays;
        options.masks = self.masks;
    }

    /// Nothing has this path.
    pub(crate) fn no_route(&self) -> Failure {
        match self.unrouted {
            Unrouted::Explained => Failure::no_route(),
            Unrouted::Unimplemented | Unrouted::NotFound => {
                told(Reason::RouteNotFound, Code::NotFound, StatusCode::NOT_FOUND)
            }
        }
    }

    /// The path has these methods and no other.
    pub(crate) fn method_not_allowed(&self, allow: &[Method]) -> Failure {
        match self.unrouted {
            Unrouted::Explained => Failure::method_not_allowed(allow),
            Unrouted::Unimplemented => told(
                Reason::MethodNotAllowed,
                Code::Unimplemented,
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            Unrouted::NotFound => self.no_route(),
        }
    }
}

/// In the words of HTTP.
fn told(reason: Reason, code: Code, status: StatusCode) -> Failure {
    let words = status.canonical_reason().unwrap_or_default();
    Problem::new(reason, code, words).into()
}
