//! Routes -> path items.

use std::collections::{HashMap, HashSet};

use contract_rules::behavior::Behavior;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::example::{self, Shows, is_output};
use super::ids::Ids;
use super::keywords::is_deprecated;
use super::names::{Use, capitalized};
use super::parameters::{self, OpenApiPath};
use super::schema::{Schemas, Variant};
use super::validators::Validators;
use super::{Contract, Shown, comments, errors};
use crate::field::{self, FieldPath};
use crate::{Body, Route};

/// What the content types of a stream are, and who gets which.
const STREAM: &str = "One after the other, as `Accept` asks for:\n\n\
    - `application/x-ndjson`: one JSON text per line. Whoever sends no `Accept`, or `*/*`, gets this; \
    `fetch` of browsers and Node gets events.\n\
    - `text/event-stream`: server-sent events, the JSON text as `data`. The last event is `end`, or \
    `error` with an ErrorReply, as the last line would be.";

pub(super) struct Operations<'a, 's> {
    contract: &'a Contract,
    schemas: &'s mut Schemas<'a>,
    ids: Ids,
    /// By the shape of a path, the names of its parameters: paths of one shape are one path item.
    names: HashMap<String, Vec<String>>,
    paths: Map<String, Value>,
}

impl<'a, 's> Operations<'a, 's> {
    pub(super) fn new(
        contract: &'a Contract,
        schemas: &'s mut Schemas<'a>,
        shown: &[Shown<'_>],
    ) -> Self {
        Self {
            contract,
            schemas,
            ids: Ids::new(shown),
            names: HashMap::new(),
            paths: Map::new(),
        }
    }

    pub(super) fn into_paths(self) -> Map<String, Value> {
        self.paths
    }

    pub(super) fn add(&mut self, shown: &Shown<'_>) {
        let path = OpenApiPath::of(shown.route);
        let names = self
            .names
            .entry(path.shape.clone())
            .or_insert_with(|| path.names.clone())
            .clone();
        let mut parameters = path.parameters(shown.route, &names, self.schemas);
        parameters.extend(parameters::query(shown.route, self.schemas));
        let operation = self.operation(shown, parameters);
        let item = self
            .paths
            .entry(path.with_names(&names))
            .or_insert_with(|| json!({}));
        item[shown.method] = operation;
    }

    fn operation(&mut self, shown: &Shown<'_>, mut parameters: Vec<Value>) -> Value {
        let route = shown.route;
        let method = route.method();
        let id = self.ids.next(method);
        let text = self.contract.comments.of_method(method);
        let mut operation = json!({
            "operationId": id,
            "tags": [method.parent_service().name()],
        });
        if !text.is_empty() {
            operation["summary"] = json!(comments::summary(&text));
            operation["description"] = json!(text);
        }
        let options = method.options();
        if is_deprecated(&options) || is_deprecated(&method.parent_service().options()) {
            operation["deprecated"] = json!(true);
        }
        operation["security"] = match &shown.secured {
            // An empty requirement makes the other optional (OpenAPI 3.1, Security Requirement Object).
            None if shown.is_optional => json!([{}, { "bearer": [] }]),
            None => json!([]),
            Some(roles) => json!([{ "bearer": roles }]),
        };
        // google.protobuf.MethodOptions.IdempotencyLevel: 0 unknown, 1 no side effects, 2 idempotent.
        let level = options.get_field_by_name("idempotency_level");
        let level = level.and_then(|level| level.as_enum_number()).unwrap_or(0);
        let takes_key = self.contract.keeps_idempotency_keys
            && level == 0
            && !self.has_secret(&method.output(), &mut HashSet::new());
        if takes_key {
            parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
        }
        operation["x-idempotency"] = json!(match level {
            1 => "safe",
            2 => "idempotent",
            _ if takes_key => "key",
            _ => "none",
        });
        let validators = Validators::of(self.contract, method, level == 1);
        parameters.extend(validators.parameters());
        if !parameters.is_empty() {
            operation["parameters"] = json!(parameters);
        }
        if let Some(body) = self.request_body(route) {
            operation["requestBody"] = body;
        }
        let mut responses = Map::new();
        let (status, mut success) = self.success(route);
        validators.tell(&mut success, &mut responses);
        responses.insert(status, success);
        responses.extend(errors::of(shown, level == 1, validators.is_conditional));
        operation["responses"] = Value::Object(responses);
        operation
    }

    fn has_secret(&self, message: &MessageDescriptor, seen: &mut HashSet<String>) -> bool {
        seen.insert(message.full_name().to_owned())
            && message.fields().any(|field| {
                let is_secret = self.contract.is_sensitive(&field);
                is_secret || matches!(field.kind(), Kind::Message(m) if self.has_secret(&m, seen))
            })
    }

    fn request_body(&mut self, route: &Route) -> Option<Value> {
        let input = route.method().input();
        let (message, prefix) = match route.body() {
            Body::None => return None,
            Body::Whole => (input, &[][..]),
            Body::Field(field) => match field::submessage(field) {
                Some(message) => (message, route.body_fields()),
                None => {
                    let example = example::field(field, Shows::Needed);
                    let schema = self.schemas.field(field, Use::Request);
                    let required = example::is_needed(field);
                    return Some(json!({
                        "required": required,
                        "content": { "application/json": { "schema": schema, "example": example } },
                    }));
                }
            },
        };
        let omit: Vec<String> = route
            .path_fields
            .iter()
            .filter_map(|path| bound_directly(path, prefix))
            .collect();
        if message
            .fields()
            .all(|field| omit.iter().any(|name| name == field.name()))
        {
            return None;
        }
        let partial = route.mask.is_some();
        let schema = match (omit.is_empty(), partial) {
            (true, false) => self.schemas.message(&message, Use::Request),
            _ => {
                let variant = Variant {
                    of: Use::Request,
                    omit: &omit,
                    partial,
                };
                let object = self.schemas.object(&message, variant);
                let name = format!("{}Body", capitalized(route.method().name()));
                let name = self.schemas.unused(&name);
                self.schemas.add(&name, object)
            }
        };
        let is_needed =
            |f: &FieldDescriptor| example::is_needed(f) && !omit.iter().any(|o| o == f.name());
        let required = match prefix {
            [.., field] if example::is_needed(field) => true,
            _ => !partial && message.fields().any(|field| is_needed(&field)),
        };
        let example = match partial {
            // Any one field will do for an update.
            true => a_change(&message, &omit),
            false => example::message(&message, Shows::Needed, &omit),
        };
        Some(json!({
            "required": required,
            "content": { "application/json": { "schema": schema, "example": example } },
        }))
    }

    fn success(&mut self, route: &Route) -> (String, Value) {
        let method = route.method();
        let status = self.contract.success_status.as_ref().and_then(|extension| {
            method
                .options()
                .get_extension(extension)
                .as_u32()
                .filter(|status| *status != 0)
        });
        let status = status.unwrap_or(200);
        let output = method.output();
        let (schema, example, description) = match route.response_body() {
            Some(field) => (
                self.schemas.reply(field),
                example::field(field, Shows::All),
                self.contract.comments.of_field(field),
            ),
            None => (
                self.schemas.message(&output, Use::Reply),
                example::message(&output, Shows::All, &[]),
                self.contract.comments.of_message(&output),
            ),
        };
        let mut description = match description.as_str() {
            "" => "Success.".to_owned(),
            _ => description,
        };
        if route.is_server_streaming() {
            description = [&description, STREAM].join("\n\n");
        }
        let mut response = json!({ "description": description });
        if status != 204 {
            response["content"] = match route.is_server_streaming() {
                false => json!({ "application/json": { "schema": schema, "example": example } }),
                // The schema is that of each event's data, or of each line.
                true => json!({
                    "text/event-stream": { "schema": schema },
                    "application/x-ndjson": { "schema": schema },
                }),
            };
        }
        (status.to_string(), response)
    }
}

/// The top-level field of the body, which the prefix leads to, that a path variable takes as a whole.
fn bound_directly(path: &FieldPath, prefix: &[FieldDescriptor]) -> Option<String> {
    match path.fields().strip_prefix(prefix) {
        Some([field]) => Some(field.name().to_owned()),
        _ => None,
    }
}

fn a_change(message: &MessageDescriptor, omit: &[String]) -> Value {
    let can_change = |field: &FieldDescriptor| {
        !is_output(field)
            && !Behavior::Immutable.is_of(field)
            && !omit.iter().any(|name| name == field.name())
    };
    let change = message.fields().find(can_change);
    let change = change.map(|f| (f.json_name().to_owned(), example::field(&f, Shows::Needed)));
    Value::Object(change.into_iter().collect())
}
