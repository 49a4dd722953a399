//! Path variables and query parameters.

use prost_reflect::{FieldDescriptor, MessageDescriptor};
use serde_json::{Value, json};

use super::example::{self, Shows};
use super::names::Use;
use super::schema::Schemas;
use crate::field::{self, FieldPath};
use crate::{Body, Route, Segment, Template};

/// A path as OpenAPI writes it, and the parameters in it.
pub(super) struct OpenApiPath {
    /// Segments with `{}` for a parameter, and the verb: what tells paths apart.
    pub(super) shape: String,
    /// The names that this route would give its parameters.
    pub(super) names: Vec<String>,
    /// What the parameters bind, in the same order; `None` for a segment that no field takes.
    bound: Vec<Option<usize>>,
}

impl OpenApiPath {
    /// A variable of several segments is one parameter, whose value has the slashes in it.
    pub(super) fn of(route: &Route) -> Self {
        let template = route.template();
        let mut shape = String::new();
        let mut names: Vec<String> = Vec::new();
        let mut bound = Vec::new();
        let mut at = 0;
        while let Some(segment) = template.segments().get(at) {
            shape.push('/');
            let starts = |v: &crate::Variable| v.segments.start == at;
            let (field, next) = match template.variables().iter().position(starts) {
                Some(index) => (Some(index), template.variables()[index].segments.end),
                None => (None, at + 1),
            };
            match (field, segment) {
                (None, Segment::Literal(text)) => shape.push_str(text),
                _ => {
                    shape.push_str("{}");
                    names.push(name(route, field, &names));
                    bound.push(field);
                }
            }
            at = next;
        }
        if shape.is_empty() {
            shape.push('/');
        }
        if let Some(verb) = template.verb() {
            shape.push(':');
            shape.push_str(verb);
        }
        Self {
            shape,
            names,
            bound,
        }
    }

    /// The path with these names in the places of its parameters.
    pub(super) fn with_names(&self, names: &[String]) -> String {
        let mut parts = self.shape.split("{}");
        let mut path = parts.next().unwrap_or_default().to_owned();
        for (part, name) in parts.zip(names) {
            path.push_str(&format!("{{{name}}}{part}"));
        }
        path
    }

    /// The parameter objects, under these names.
    pub(super) fn parameters(
        &self,
        route: &Route,
        names: &[String],
        schemas: &mut Schemas<'_>,
    ) -> Vec<Value> {
        let of = |(name, bound): (&String, &Option<usize>)| {
            let mut parameter = json!({ "name": name, "in": "path", "required": true });
            match bound {
                Some(index) => {
                    let field = route.path_fields[*index].leaf();
                    let pattern = several_segments(route.template(), *index);
                    fill(&mut parameter, field, schemas);
                    match pattern {
                        Some((pattern, sample)) => {
                            parameter["schema"] = json!({ "type": "string", "pattern": pattern });
                            parameter["example"] = json!(sample);
                        }
                        None => parameter["example"] = example::field(field, Shows::Sendable),
                    }
                }
                None => parameter["schema"] = json!({ "type": "string" }),
            }
            parameter
        };
        names.iter().zip(&self.bound).map(of).collect()
    }
}

/// The JSON name of the last field if it is free, or of the whole way to it.
fn name(route: &Route, variable: Option<usize>, taken: &[String]) -> String {
    let names = variable.map(|index| {
        let path = &route.path_fields[index];
        [path.leaf().json_name().to_owned(), json_path(path.fields())]
    });
    let mut names = names.into_iter().flatten();
    names
        .find(|name| !taken.contains(name))
        .unwrap_or_else(|| format!("segment{}", taken.len() + 1))
}

fn json_path(fields: &[FieldDescriptor]) -> String {
    fields
        .iter()
        .map(FieldDescriptor::json_name)
        .collect::<Vec<_>>()
        .join(".")
}

/// The pattern of a variable that covers more than one segment, and a text for it.
fn several_segments(template: &Template, variable: usize) -> Option<(String, String)> {
    let variable = &template.variables()[variable];
    if template.is_single_segment(variable) {
        return None;
    }
    let segments = &template.segments()[variable.segments.clone()];
    let part = |segment: &Segment| match segment {
        Segment::Literal(text) => (text.clone(), text.clone()),
        Segment::One => ("[^/]+".to_owned(), "a".to_owned()),
        Segment::Rest => (".*".to_owned(), "a/b".to_owned()),
    };
    let (patterns, samples): (Vec<_>, Vec<_>) = segments.iter().map(part).unzip();
    Some((format!("^{}$", patterns.join("/")), samples.join("/")))
}

/// Every field that is neither in the path nor in the body, as far as a query can hold it.
pub(super) fn query(route: &Route, schemas: &mut Schemas<'_>) -> Vec<Value> {
    let mut parameters = Vec::new();
    if !matches!(route.body(), Body::Whole) {
        let mut way = Way {
            route,
            fields: Vec::new(),
            required: true,
        };
        way.message(&route.method().input(), schemas, &mut parameters);
    }
    parameters
}

struct Way<'a> {
    route: &'a Route,
    fields: Vec<FieldDescriptor>,
    /// Whether everything that leads here has to be sent.
    required: bool,
}

impl Way<'_> {
    fn message(
        &mut self,
        message: &MessageDescriptor,
        schemas: &mut Schemas<'_>,
        parameters: &mut Vec<Value>,
    ) {
        for field in message.fields() {
            let recurs = self.fields.iter().any(|outer| outer.kind() == field.kind());
            if recurs && field::submessage(&field).is_some() {
                continue;
            }
            self.fields.push(field.clone());
            let is_body = self.fields == self.route.body_fields();
            if !is_body && !self.is_in_path() {
                let required = self.required && example::is_needed(&field);
                if let Some(inner) = field::submessage(&field) {
                    let outer = std::mem::replace(&mut self.required, required);
                    self.message(&inner, schemas, parameters);
                    self.required = outer;
                } else if field::is_text(&field) {
                    parameters.push(self.parameter(&field, required, schemas));
                }
            }
            self.fields.pop();
        }
    }

    fn is_in_path(&self) -> bool {
        self.route
            .path_fields
            .iter()
            .map(FieldPath::fields)
            .any(|bound| bound == self.fields)
    }

    fn parameter(
        &self,
        field: &FieldDescriptor,
        required: bool,
        schemas: &mut Schemas<'_>,
    ) -> Value {
        let mut parameter = json!({ "name": json_path(&self.fields), "in": "query" });
        if required {
            parameter["required"] = json!(true);
            parameter["example"] = example::field(field, Shows::Sendable);
        }
        fill(&mut parameter, field, schemas);
        parameter
    }
}

/// Schema and description; OpenAPI wants the description on the parameter, and the deprecation.
fn fill(parameter: &mut Value, field: &FieldDescriptor, schemas: &mut Schemas<'_>) {
    let mut schema = schemas.field(field, Use::Request);
    for keyword in ["description", "deprecated"] {
        let of_schema = schema.as_object_mut();
        if let Some(value) = of_schema.and_then(|schema| schema.shift_remove(keyword)) {
            parameter[keyword] = value;
        }
    }
    parameter["schema"] = schema;
}

/// The header that makes a call that changes something safe to send again.
pub(super) fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Any text of the client's own, new for each intention. Sent again with the \
            same key and the same request, the call is done once and answers the same.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
    })
}
