//! Parameters of queries and forms -> the records of the request's fields on the wire.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::field::FieldPath;
use crate::{Body, Dialect, FieldViolation, Route, Strays, field, wire};

mod element;
pub(crate) mod spelling;

use element::Elements;

/// Most faults that one request is told of.
const MAX_FAULTS: usize = 50;

/// Binds all parameters of `query`; appends to `out` what fits and to `violations` what does not.
/// Gives back the paths of the fields that were set.
pub(crate) fn bind(
    route: &Route,
    query: &str,
    out: &mut Vec<u8>,
    violations: &mut Vec<FieldViolation>,
) -> Vec<FieldPath> {
    if query.is_empty() {
        return Vec::new();
    }
    Binding::new(route, route.method.input(), Place::Query).bind(query, out, violations)
}

/// The same of a form, whose parameters are the fields of `message`.
pub(crate) fn bind_form(
    route: &Route,
    message: MessageDescriptor,
    form: &str,
    out: &mut Vec<u8>,
    violations: &mut Vec<FieldViolation>,
) -> Vec<FieldPath> {
    Binding::new(route, message, Place::Body).bind(form, out, violations)
}

/// Where parameters stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Query,
    Body,
}

struct Binding<'r> {
    route: &'r Route,
    message: MessageDescriptor,
    place: Place,
    given: AssignedFields,
    elements: Elements,
}

/// What has its value already.
#[derive(Default)]
struct AssignedFields {
    /// The singular fields, by the numbers of their path.
    fields: HashSet<Vec<u32>>,
    /// By the numbers that lead to a oneof and its name, the field that was given.
    oneofs: HashMap<(Vec<u32>, String), FieldDescriptor>,
}

impl<'r> Binding<'r> {
    fn new(route: &'r Route, message: MessageDescriptor, place: Place) -> Self {
        Self {
            route,
            message,
            place,
            given: AssignedFields::default(),
            elements: Elements::default(),
        }
    }

    fn bind(
        mut self,
        parameters: &str,
        out: &mut Vec<u8>,
        violations: &mut Vec<FieldViolation>,
    ) -> Vec<FieldPath> {
        let mut bound = Vec::new();
        for pair in parameters.split('&').filter(|pair| !pair.is_empty()) {
            if violations.len() >= MAX_FAULTS {
                return bound;
            }
            let (key, value) = match pair.split_once('=') {
                // To Envoy, what gives no value to a name is no parameter.
                None | Some(("", _)) if self.route.dialect == Dialect::Envoy => continue,
                named => named.unwrap_or((pair, "")),
            };
            let plus = match self.route.query.plain_plus && self.place == Place::Query {
                true => "+",
                false => " ",
            };
            let (Some(key), Some(value)) = (decoded(key, plus), decoded(value, plus)) else {
                let field = String::from_utf8_lossy(key.as_bytes());
                let description = "is not well percent-encoded UTF-8";
                violations.push(FieldViolation::new(field, description));
                continue;
            };
            let ignored = &self.route.ignored_query;
            if self.place == Place::Query && ignored.iter().any(|ignored| *ignored == key) {
                continue;
            }
            match self.parameter(&key, &value, out) {
                Ok(path) => bound.extend(path),
                Err(description) => violations.push(FieldViolation::new(key, description)),
            }
        }
        self.elements.write(out, violations);
        bound
    }

    /// The field that was set; none if the parameter was passed over.
    fn parameter(
        &mut self,
        key: &str,
        value: &str,
        out: &mut Vec<u8>,
    ) -> Result<Option<FieldPath>, String> {
        let (path, element) = match FieldPath::read(&self.message, key) {
            Ok(read) => read,
            Err(_) if self.route.query.ignore_unknown => return Ok(None),
            Err(problem) => return Err(self.no_parameter(&problem)),
        };
        if let Err(problem) = self.check_place(&path) {
            match self.route.strays {
                Strays::Refused => return Err(problem),
                Strays::Ignored => return Ok(None),
                Strays::Merged => {}
            }
        }
        let json = &self.route.json;
        if let Some(element) = element {
            self.given.check_oneofs(&[], &path)?;
            let options = self.route.query;
            let is_stray = path.leaf().is_list() && !options.indexed_lists;
            if self.route.strays == Strays::Ignored && is_stray {
                return Ok(None);
            }
            let added = self
                .elements
                .add(&mut self.given, json, options, &path, element, value);
            return match added {
                Ok(()) => Ok(Some(path)),
                Err(element::Fault::Unknown(_)) if self.route.query.ignore_unknown => Ok(None),
                Err(element::Fault::Unknown(problem)) => Err(self.no_parameter(&problem)),
                Err(element::Fault::Wrong(problem)) => Err(problem),
            };
        }
        let leaf = path.leaf();
        let is_text = field::is_text(leaf);
        if !is_text && !self.takes_free(leaf) {
            return Err(no_text(leaf, self.route.query.indexed_lists));
        }
        match self.route.strays {
            Strays::Merged => drop(self.given.check_oneofs(&[], &path)?),
            _ => self.given.check(&[], &path)?,
        }
        let mut record = Vec::new();
        if is_text {
            let value = spelling::usual(self.route.query, leaf, value);
            json.parse_text(json.field_of(leaf), &value, &mut record)?;
        } else {
            wire::message(leaf, &self.free(leaf, value)?, &mut record);
        }
        out.extend_from_slice(&wire::nested(&path, record));
        Ok(Some(path))
    }

    /// Whether one text can be any JSON, or nothing.
    fn takes_free(&self, field: &FieldDescriptor) -> bool {
        let name = field::message_name(field);
        match self.route.dialect {
            Dialect::HttpProto => false,
            Dialect::GrpcGateway => {
                field::is_free(field) || name.is_some_and(|n| n == "google.protobuf.Empty")
            }
            Dialect::Envoy => name.is_some_and(|name| name == "google.protobuf.Value"),
        }
    }

    /// The message of one: to grpc-gateway the text is JSON, to Envoy it is a string.
    fn free(&self, field: &FieldDescriptor, text: &str) -> Result<Vec<u8>, String> {
        const STRING_VALUE: u32 = 3;
        let mut content = Vec::new();
        let Kind::Message(message) = field.kind() else {
            return Ok(content);
        };
        let json = &self.route.json;
        let text = match message.full_name() {
            _ if self.route.dialect == Dialect::Envoy => {
                wire::bytes(STRING_VALUE, text.as_bytes(), &mut content);
                return Ok(content);
            }
            "google.protobuf.Empty" if text.is_empty() => "{}",
            _ => text,
        };
        let parsed = json.parse(json.message_of(&message), text.as_bytes(), &mut content);
        parsed.map_err(|fault| fault.description)?;
        Ok(content)
    }

    fn no_parameter(&self, problem: &str) -> String {
        match self.place {
            Place::Query => format!("is not a query parameter: {problem}"),
            Place::Body => format!("is no field of the form: {problem}"),
        }
    }

    /// Only fields that neither path nor body hold are query parameters (http.proto, rules for HTTP
    /// mapping). A form is the body.
    fn check_place(&self, path: &FieldPath) -> Result<(), String> {
        if self.place == Place::Body {
            return Ok(());
        }
        let mut in_path = self.route.path_fields.iter();
        if in_path.any(|bound| bound.overlaps(path)) {
            return Err("is given by the path, and is not a query parameter".to_owned());
        }
        let in_body = self.route.body_path.as_ref();
        match &self.route.body {
            Body::Field(_) if in_body.is_some_and(|body| body.overlaps(path)) => {
                Err("belongs to the body, and is not a query parameter".to_owned())
            }
            Body::None | Body::Field(_) => Ok(()),
            Body::Whole => {
                Err("belongs to the body: this method has no query parameters".to_owned())
            }
        }
    }
}

impl AssignedFields {
    /// Takes the field of a path that starts behind `prefix`.
    fn check(&mut self, prefix: &[u32], path: &FieldPath) -> Result<(), String> {
        let numbers = self.check_oneofs(prefix, path)?;
        if !path.leaf().is_list() && !self.fields.insert(numbers) {
            return Err("is given more than once".to_owned());
        }
        Ok(())
    }

    /// Gives back the numbers of the path.
    fn check_oneofs(&mut self, prefix: &[u32], path: &FieldPath) -> Result<Vec<u32>, String> {
        let mut numbers = Vec::with_capacity(prefix.len() + path.fields().len());
        numbers.extend_from_slice(prefix);
        for field in path.fields() {
            if let Some(oneof) = field.containing_oneof() {
                let place = (numbers.clone(), oneof.name().to_owned());
                let member = self.oneofs.entry(place).or_insert_with(|| field.clone());
                if member != field {
                    return Err(format!(
                        "excludes {:?}, which is given too",
                        member.json_name()
                    ));
                }
            }
            numbers.push(field.number());
        }
        Ok(numbers)
    }
}

/// What to give instead of one text.
fn no_text(field: &FieldDescriptor, indexed_lists: bool) -> String {
    match field {
        map if map.is_map() => "is a map; give its entries, such as \"field[key]=value\"",
        list if list.is_list() && indexed_lists => {
            "is a list of messages; give their fields, such as \"field[0].subfield=value\""
        }
        list if list.is_list() => "is a list of messages, which a query cannot hold",
        _ => "is a message; give its fields, such as \"field.subfield=value\"",
    }
    .to_owned()
}

/// A key or value without its percent-encoding; a plus is a space in forms, and mostly in queries
/// (application/x-www-form-urlencoded).
fn decoded<'t>(text: &'t str, plus: &str) -> Option<Cow<'t, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    crate::capture::decode_all(&text.replace('+', plus)).map(Cow::Owned)
}
