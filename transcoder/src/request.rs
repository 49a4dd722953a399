use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use crate::capture::{Captures, Reserved, decode_variable};
use crate::field::FieldPath;
use crate::{
    BadRequest, Body, Dialect, FieldViolation, JsonError, Route, Strays, field, http_body, query,
    wire,
};

/// A request that has found its route. It owns what it needs, so it may wait for the body.
#[derive(Debug, Clone)]
pub struct Matched {
    route: Arc<Route>,
    captures: Captures,
}

/// The body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// JSON; empty for none.
    Json(&'a [u8]),
    /// `application/x-www-form-urlencoded`: the fields of the message that the body is, by the rules
    /// of query parameters.
    Form(&'a [u8]),
    /// The body as it is, for a route that takes `google.api.HttpBody`; or the first piece of it,
    /// for one that takes a stream of them.
    Raw {
        /// Its media type; empty if the client gave none.
        content_type: &'a str,
        /// The bytes.
        data: &'a [u8],
    },
}

impl Matched {
    pub(crate) fn new(route: Arc<Route>, captures: Captures) -> Self {
        Self { route, captures }
    }

    /// The route.
    #[must_use]
    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// The protobuf bytes of the request message (without gRPC's frame header).
    ///
    /// `query` is what stands after the `?`, still encoded; `body` is the JSON, empty for none. An
    /// absent body is an empty message where the whole message is the body, and an absent field
    /// where one field is. A PATCH without its `update_mask` gets one with the fields that the body
    /// mentions, less those that the path binds or that are OUTPUT_ONLY.
    ///
    /// # Errors
    /// [`BadRequest`] with the path of each field that does not fit.
    pub fn request(&self, query: Option<&str>, body: &[u8]) -> Result<Bytes, BadRequest> {
        self.request_of(query, Content::Json(body))
    }

    /// As [`Matched::request`], of a body that may be no JSON.
    ///
    /// # Errors
    /// [`BadRequest`] with the path of each field that does not fit.
    pub fn request_of(
        &self,
        query: Option<&str>,
        content: Content<'_>,
    ) -> Result<Bytes, BadRequest> {
        let size = match content {
            Content::Json(body) | Content::Form(body) | Content::Raw { data: body, .. } => {
                body.len()
            }
        };
        // Later records win over earlier ones: query, body, path; or, where all count, path, query,
        // body.
        let mut out = Vec::with_capacity(size + 64);
        let mut violations = Vec::new();
        let path_is_weakest = self.route.strays == Strays::Merged;
        if path_is_weakest {
            self.path(&mut out, &mut violations);
        }
        let in_query = query::bind(&self.route, query.unwrap_or(""), &mut out, &mut violations);
        let has_mask = self.route.mask.as_ref().is_some_and(|mask| {
            in_query
                .iter()
                .any(|path| path.fields()[0] == mask.update_mask)
        });
        match content {
            Content::Json(body) => match self.body(body, !has_mask, &mut out) {
                Ok(()) => {}
                Err(JsonError { path, description }) => {
                    violations.push(FieldViolation::new(path, description));
                }
            },
            Content::Form(body) => self.form(body, !has_mask, &mut out, &mut violations),
            Content::Raw { content_type, data } if self.route.takes_http_body() => {
                http_body::append(self.route.body_path.as_ref(), content_type, data, &mut out);
            }
            Content::Raw { .. } => violations.push(FieldViolation::new("", "expected JSON")),
        }
        if !path_is_weakest {
            self.path(&mut out, &mut violations);
        }
        if violations.is_empty() {
            Ok(out.into())
        } else {
            Err(BadRequest { violations })
        }
    }

    /// The message of a further piece of a body, for a route that takes a stream of
    /// `google.api.HttpBody`. Fields of path and query, and the media type, are in the first one
    /// alone.
    #[must_use]
    pub fn piece(&self, data: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(data.len() + 16);
        http_body::append(self.route.body_path.as_ref(), "", data, &mut out);
        out.into()
    }

    fn body(&self, body: &[u8], infer_mask: bool, out: &mut Vec<u8>) -> Result<(), JsonError> {
        // The engine passes a byte order mark over, once.
        let bare = crate::without_bom(body).trim_ascii();
        let Route { json, tables, .. } = &*self.route;
        match &self.route.body {
            Body::None if bare.is_empty() || bare == b"{}" => Ok(()),
            Body::None if self.route.strays == Strays::Refused => Err(no_body()),
            Body::None if self.route.strays == Strays::Ignored => Ok(()),
            Body::Field(_) if bare.is_empty() && self.route.strays == Strays::Refused => Ok(()),
            Body::Field(field) if bare.is_empty() => {
                let path = self.body_path();
                if field::submessage(field).is_some() {
                    wire::message_at(path, &[], out);
                }
                match &self.route.mask {
                    Some(mask) if infer_mask && mask.is_whole => mask.append(json, body, out),
                    _ => Ok(()),
                }
            }
            _ if bare.is_empty() => Ok(()),
            Body::Whole | Body::None => json.parse(tables.input, body, out),
            // To grpc-gateway the text of a message is an object.
            Body::Field(field)
                if bare == b"null"
                    && self.route.dialect == Dialect::GrpcGateway
                    && field::submessage(field).is_some() =>
            {
                Err(JsonError {
                    path: field.json_name().to_owned(),
                    description: "expected an object".to_owned(),
                })
            }
            Body::Field(_) => {
                let known = tables.body.expect("the body is a field");
                match self.body_path() {
                    path if path.fields().len() == 1 => json.parse_field(known, body, out)?,
                    path => {
                        let mut record = Vec::with_capacity(body.len());
                        json.parse_field(known, body, &mut record)?;
                        out.extend_from_slice(&wire::nested(path, record));
                    }
                }
                match &self.route.mask {
                    Some(mask) if infer_mask => mask.append(json, body, out),
                    _ => Ok(()),
                }
            }
        }
    }

    fn form(
        &self,
        form: &[u8],
        infer_mask: bool,
        out: &mut Vec<u8>,
        violations: &mut Vec<FieldViolation>,
    ) {
        let form = form.trim_ascii();
        if form.is_empty() {
            return;
        }
        let Ok(form) = std::str::from_utf8(form) else {
            return violations.push(FieldViolation::new("", "a form is ASCII"));
        };
        let route = &*self.route;
        match &route.body {
            Body::None => {
                let JsonError { path, description } = no_body();
                violations.push(FieldViolation::new(path, description));
            }
            Body::Whole => {
                query::bind_form(route, route.method.input(), form, out, violations);
            }
            Body::Field(body) => {
                let Some(message) = field::submessage(body) else {
                    let description = "is no message: it cannot be given as a form";
                    return violations.push(FieldViolation::new(body.name(), description));
                };
                let mut content = Vec::with_capacity(form.len());
                let faults = violations.len();
                let bound = query::bind_form(route, message, form, &mut content, violations);
                for fault in &mut violations[faults..] {
                    fault.field = format!("{}.{}", body.json_name(), fault.field);
                }
                wire::message_at(self.body_path(), &content, out);
                if infer_mask && let Some(mask) = &route.mask {
                    mask.append_paths(&route.json, &bound, out);
                }
            }
        }
    }

    /// The way to the field that the body is.
    fn body_path(&self) -> &FieldPath {
        let path = self.route.body_path.as_ref();
        path.expect("the body is a field")
    }

    fn path(&self, out: &mut Vec<u8>, violations: &mut Vec<FieldViolation>) {
        let Route {
            template,
            path_fields,
            json,
            tables,
            ..
        } = &*self.route;
        let variables = template
            .variables()
            .iter()
            .zip(path_fields)
            .zip(&tables.path)
            .zip(self.captures.iter());
        for (((variable, path), leaf), raw) in variables {
            let mut record = Vec::new();
            let stays = match self.route.dialect {
                _ if template.is_single_segment(variable) => Reserved::Nothing,
                Dialect::Envoy => Reserved::Rfc6570,
                Dialect::HttpProto | Dialect::GrpcGateway => Reserved::Slash,
            };
            let text = match self.captures.is_decoded() {
                true => Some(Cow::Borrowed(raw)),
                false => decode_variable(raw, stays),
            };
            // To grpc-gateway a list is its elements with commas between, if it is the request's own.
            let is_list = path.leaf().is_list()
                && self.route.dialect == Dialect::GrpcGateway
                && path.fields().len() == 1;
            let encoded = text
                .ok_or_else(|| "is not well percent-encoded UTF-8".to_owned())
                .and_then(|text| {
                    let values = text.split(|c| c == ',' && is_list);
                    values.into_iter().try_for_each(|value| {
                        let value = query::spelling::usual(self.route.query, path.leaf(), value);
                        json.parse_text(*leaf, &value, &mut record)
                    })
                });
            match encoded {
                Ok(()) => out.extend_from_slice(&wire::nested(path, record)),
                Err(description) => violations.push(FieldViolation::new(path.name(), description)),
            }
        }
    }
}

fn no_body() -> JsonError {
    JsonError {
        path: String::new(),
        description: "this method takes no body".to_owned(),
    }
}
