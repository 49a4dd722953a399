use std::sync::Arc;

use bytes::Bytes;

use crate::capture::{Captures, decode_variable};
use crate::{BadRequest, Body, FieldViolation, JsonError, Route, query, wire};

/// A request that has found its route. It owns what it needs, so it may wait for the body.
#[derive(Debug, Clone)]
pub struct Matched {
    route: Arc<Route>,
    captures: Captures,
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
        // Later records win over earlier ones: query, body, path.
        let mut out = Vec::with_capacity(body.len() + 64);
        let mut violations = Vec::new();
        let in_query = query::bind(&self.route, query.unwrap_or(""), &mut out, &mut violations);
        let has_mask = self.route.mask.as_ref().is_some_and(|mask| {
            in_query
                .iter()
                .any(|path| path.fields()[0] == mask.update_mask)
        });
        match self.body(body, !has_mask, &mut out) {
            Ok(()) => {}
            Err(JsonError { path, description }) => {
                violations.push(FieldViolation::new(path, description));
            }
        }
        self.path(&mut out, &mut violations);
        if violations.is_empty() {
            Ok(out.into())
        } else {
            Err(BadRequest { violations })
        }
    }

    fn body(&self, body: &[u8], infer_mask: bool, out: &mut Vec<u8>) -> Result<(), JsonError> {
        let body = body.trim_ascii();
        let Route { json, tables, .. } = &*self.route;
        match &self.route.body {
            Body::None if body.is_empty() || body == b"{}" => Ok(()),
            Body::None => Err(JsonError {
                path: String::new(),
                description: "this method takes no body".to_owned(),
            }),
            _ if body.is_empty() => Ok(()),
            Body::Whole => json.parse(tables.input, body, out),
            Body::Field(_) => {
                let known = tables.body.expect("the body is a field");
                json.parse_field(known, body, out)?;
                if infer_mask && let Some(mask) = &self.route.mask {
                    mask.append(json, body, out);
                }
                Ok(())
            }
        }
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
            let encoded = decode_variable(raw, template.is_single_segment(variable))
                .ok_or_else(|| "is not well percent-encoded UTF-8".to_owned())
                .and_then(|text| json.parse_text(*leaf, &text, &mut record));
            match encoded {
                Ok(()) => out.extend_from_slice(&wire::nested(path, record)),
                Err(description) => violations.push(FieldViolation::new(path.name(), description)),
            }
        }
    }
}
