//! Query parameters -> the records of the request's fields on the wire.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use prost_reflect::FieldDescriptor;

use crate::field::FieldPath;
use crate::{Body, FieldViolation, Route, field, wire};

/// Binds all parameters of `query`; appends to `out` what fits and to `violations` what does not.
/// Gives back the paths of the fields that were set.
pub(crate) fn bind(
    route: &Route,
    query: &str,
    out: &mut Vec<u8>,
    violations: &mut Vec<FieldViolation>,
) -> Vec<FieldPath> {
    let mut binding = Binding {
        route,
        given: HashSet::new(),
        oneofs: HashMap::new(),
    };
    let mut bound = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(key), Some(value)) = (decoded(key), decoded(value)) else {
            let field = String::from_utf8_lossy(key.as_bytes());
            violations.push(FieldViolation::new(
                field,
                "is not well percent-encoded UTF-8",
            ));
            continue;
        };
        if route.ignored_query.iter().any(|ignored| *ignored == key) {
            continue;
        }
        match binding.parameter(&key, &value, out) {
            Ok(path) => bound.push(path),
            Err(description) => violations.push(FieldViolation::new(key, description)),
        }
    }
    bound
}

struct Binding<'r> {
    route: &'r Route,
    /// The singular fields that have their value, by the numbers of their path.
    given: HashSet<Vec<u32>>,
    /// By the numbers that lead to a oneof and its name, the field that was given.
    oneofs: HashMap<(Vec<u32>, String), FieldDescriptor>,
}

impl Binding<'_> {
    fn parameter(
        &mut self,
        key: &str,
        value: &str,
        out: &mut Vec<u8>,
    ) -> Result<FieldPath, String> {
        let path = FieldPath::resolve(&self.route.method.input(), key.split('.'))
            .map_err(|problem| format!("is not a query parameter: {problem}"))?;
        self.check_place(&path)?;
        let leaf = path.leaf();
        if !field::is_text(leaf) {
            return Err(match leaf {
                map if map.is_map() => "is a map, which a query cannot hold",
                list if list.is_list() => "is a list of messages, which a query cannot hold",
                _ => "is a message; give its fields, such as \"field.subfield=value\"",
            }
            .to_owned());
        }
        self.check_once(&path)?;
        let mut record = Vec::new();
        let json = &self.route.json;
        json.parse_text(json.field_of(leaf), value, &mut record)?;
        out.extend_from_slice(&wire::nested(&path, record));
        Ok(path)
    }

    /// Only fields that neither path nor body hold are query parameters (http.proto, rules for HTTP mapping).
    fn check_place(&self, path: &FieldPath) -> Result<(), String> {
        if self
            .route
            .path_fields
            .iter()
            .any(|bound| bound.overlaps(path))
        {
            return Err("is given by the path, and is not a query parameter".to_owned());
        }
        match &self.route.body {
            Body::None => Ok(()),
            Body::Field(field) if *field != path.fields()[0] => Ok(()),
            Body::Field(_) => Err("belongs to the body, and is not a query parameter".to_owned()),
            Body::Whole => {
                Err("belongs to the body: this method has no query parameters".to_owned())
            }
        }
    }

    fn check_once(&mut self, path: &FieldPath) -> Result<(), String> {
        let mut numbers = Vec::with_capacity(path.fields().len());
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
        if !path.leaf().is_list() && !self.given.insert(numbers) {
            return Err("is given more than once".to_owned());
        }
        Ok(())
    }
}

/// A key or value without its percent-encoding; `+` is a space (application/x-www-form-urlencoded).
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    crate::capture::decode_all(&text.replace('+', " ")).map(Cow::Owned)
}
