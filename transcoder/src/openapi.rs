//! An OpenAPI 3.1 document of the routes.
//!
//! Everything in it comes from the descriptors: paths from `google.api.http`, texts from the comments
//! (so the descriptor set should keep its source info), `required` and `readOnly` from
//! `google.api.field_behavior`, bounds and formats from `buf.validate`. What the contract cannot know
//! is in [`Info`] and in the `visibility` of each method.
//!
//! Messages become components under short names, one for requests and one for replies where they
//! serve both; examples are made up from types and bounds, or taken from `buf.validate`'s own `example`.
//!
//! The document is written for generators of clients as much as for people: nothing that has a name of
//! its own is left without one, no `anyOf`, and no name that generators make themselves.

use std::collections::BTreeMap;

use prost_reflect::{ExtensionDescriptor, FieldDescriptor, MethodDescriptor};
use serde_json::{Map, Value, json};

use crate::{Body, HttpMethod, Route, Transcoder};

mod comments;
mod empty;
mod enums;
mod errors;
mod example;
mod ids;
mod integer;
mod keywords;
mod names;
mod operation;
mod parameters;
mod pattern;
mod rules;
mod schema;
mod validators;

use comments::Comments;
use names::{Names, Reachable};
use operation::Operations;
use schema::Schemas;

/// What the descriptors do not know of the document.
#[derive(Debug, Clone, Default)]
pub struct Info {
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// `info.description`, in Markdown; none if empty.
    pub description: String,
    /// `info.contact.name`, whom to ask; nobody if empty.
    pub contact: String,
    /// `info.license`: its name, and its identifier among those of SPDX.
    pub license: Option<(String, String)>,
    /// URLs of `servers`; the one that the document was read from, if empty.
    pub servers: Vec<String>,
    /// The full name of the enum whose values, less the prefix of its name, are the reasons of errors.
    pub reasons: Option<String>,
    /// The full name of a `uint32` extension of `google.protobuf.MethodOptions` that holds the HTTP
    /// status of success; 200 without it.
    pub success_status_option: Option<String>,
    /// A method without an idempotency level has its effect once for one `Idempotency-Key`. Without it,
    /// no method takes one.
    pub keeps_idempotency_keys: bool,
    /// The full name of a `bool` extension of `google.protobuf.FieldOptions` that marks secrets: they
    /// get the format `password`, and a method whose reply has one takes no idempotency key.
    pub sensitive_option: Option<String>,
    /// What options of the contract's own say of a field's text, or of each of its texts, beyond
    /// `buf.validate`.
    pub text: Option<fn(&FieldDescriptor) -> Option<Text>>,
    /// The full name of a `bool` extension of `google.protobuf.MethodOptions` that marks methods which
    /// hold to `If-Match` and `If-None-Match`.
    pub conditional_option: Option<String>,
    /// The full name of an extension of `google.protobuf.MethodOptions` that methods have whose
    /// replies may be kept.
    pub cache_option: Option<String>,
}

/// What may stand in a text of a request. `pattern` takes the empty text too, whether there may be
/// one or not; a pattern of `buf.validate` stands in its place.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// `pattern`.
    pub pattern: &'static str,
    /// `format`, where the text may not be empty.
    pub format: Option<&'static str>,
}

/// Who may call a method, for its `security`, its error responses, and whether it is shown at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// Not in the document.
    Hidden,
    /// Without a token.
    Public,
    /// Without a token, or with one that allows more.
    Optional,
    /// With a bearer token of one of these roles (any token, if there are none).
    Secured {
        /// The roles.
        roles: Vec<String>,
    },
}

/// The OpenAPI 3.1 document of all routes that `visibility` shows. Rules for HTTP methods that
/// OpenAPI does not have (`custom`) are left out, and so are methods whose request is a stream, and
/// aliases: a method is documented where its contract has it.
#[must_use]
pub fn document(
    transcoder: &Transcoder,
    info: &Info,
    visibility: &dyn Fn(&MethodDescriptor) -> Visibility,
) -> Value {
    let shown: Vec<Shown<'_>> = transcoder
        .routes()
        .iter()
        .filter_map(|route| Shown::of(route, visibility))
        .collect();
    let contract = Contract::new(transcoder, info, &shown);
    let mut schemas = Schemas::new(&contract);
    let mut operations = Operations::new(&contract, &mut schemas, &shown);
    for shown in &shown {
        operations.add(shown);
    }
    let paths = operations.into_paths();
    let mut schemas = schemas.into_components();
    schemas.extend(errors::schemas(contract.reasons(transcoder, info)));

    let mut head = Map::new();
    head.insert("title".to_owned(), json!(info.title));
    head.insert("version".to_owned(), json!(info.version));
    if !info.description.is_empty() {
        head.insert("description".to_owned(), json!(info.description));
    }
    if !info.contact.is_empty() {
        head.insert("contact".to_owned(), json!({ "name": info.contact }));
    }
    if let Some((name, identifier)) = &info.license {
        let license = json!({ "name": name, "identifier": identifier });
        head.insert("license".to_owned(), license);
    }
    let servers = match info.servers.as_slice() {
        [] => json!([{ "url": "/", "description": "Where this document was read." }]),
        urls => urls.iter().map(|url| json!({ "url": url })).collect(),
    };
    let mut document = json!({ "openapi": "3.1.0", "info": head, "servers": servers });
    document["tags"] = tags(&contract, &shown);
    document["paths"] = Value::Object(paths);
    let mut responses = errors::responses();
    let mut parameters = Map::new();
    if contract.keeps_idempotency_keys {
        parameters.insert("IdempotencyKey".to_owned(), parameters::idempotency_key());
    }
    if contract.conditional.is_some() {
        validators::responses(&mut responses);
        validators::parameters(&mut parameters);
    }
    document["components"] = json!({
        "schemas": schemas,
        "responses": responses,
        "parameters": parameters,
        "securitySchemes": {
            "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
        },
    });
    document
}

/// A route that goes into the document.
struct Shown<'a> {
    route: &'a Route,
    /// The key of its path item.
    method: &'static str,
    /// The roles that it takes; `None` if it is public.
    secured: Option<Vec<String>>,
    /// It is public, and a token may allow more.
    is_optional: bool,
}

impl<'a> Shown<'a> {
    fn of(route: &'a Route, visibility: &dyn Fn(&MethodDescriptor) -> Visibility) -> Option<Self> {
        if route.is_client_streaming() || route.is_alias() {
            return None;
        }
        let (secured, is_optional) = match visibility(route.method()) {
            Visibility::Hidden => return None,
            Visibility::Public => (None, false),
            Visibility::Optional => (None, true),
            Visibility::Secured { roles } => (Some(roles), false),
        };
        let HttpMethod::Is(method) = route.http_method() else {
            return None;
        };
        let methods = [
            "get", "put", "post", "delete", "options", "head", "patch", "trace",
        ];
        let method = methods
            .into_iter()
            .find(|name| method.as_str().eq_ignore_ascii_case(name))?;
        Some(Self {
            route,
            method,
            secured,
            is_optional,
        })
    }
}

/// What the descriptors say beyond types.
struct Contract {
    comments: Comments,
    names: Names,
    /// Whether replies have every field that has no presence.
    prints_defaults: bool,
    success_status: Option<ExtensionDescriptor>,
    keeps_idempotency_keys: bool,
    sensitive: Option<ExtensionDescriptor>,
    text: Option<fn(&FieldDescriptor) -> Option<Text>>,
    conditional: Option<ExtensionDescriptor>,
    cache: Option<ExtensionDescriptor>,
}

impl Contract {
    fn new(transcoder: &Transcoder, info: &Info, shown: &[Shown<'_>]) -> Self {
        let pool = transcoder.pool();
        let extension = |name: &Option<String>| pool.get_extension_by_name(name.as_deref()?);
        let mut requests = Reachable::default();
        let mut replies = Reachable::default();
        for Shown { route, .. } in shown {
            let method = route.method();
            match route.body() {
                Body::Field(field) => requests.add_field(field),
                Body::Whole => requests.add(&method.input()),
                Body::None => {}
            }
            requests.add_enums(&method.input());
            match route.response_body() {
                Some(field) => replies.add_field(field),
                None => replies.add(&method.output()),
            }
        }
        Self {
            comments: Comments::of(pool),
            names: Names::new(&requests, &replies),
            prints_defaults: shown.iter().all(|shown| shown.route.json.prints_defaults()),
            success_status: extension(&info.success_status_option),
            keeps_idempotency_keys: info.keeps_idempotency_keys,
            sensitive: extension(&info.sensitive_option),
            text: info.text,
            conditional: extension(&info.conditional_option),
            cache: extension(&info.cache_option),
        }
    }

    /// The schema of the reasons that errors have.
    fn reasons(&self, transcoder: &Transcoder, info: &Info) -> Option<Value> {
        let name = info.reasons.as_deref()?;
        let values = transcoder.pool().get_enum_by_name(name)?;
        Some(enums::reasons(self, &values))
    }

    fn is_sensitive(&self, field: &FieldDescriptor) -> bool {
        let is_set = |extension| field.options().get_extension(extension).as_bool() == Some(true);
        self.sensitive.as_ref().is_some_and(is_set)
    }
}

/// One tag for each service, with its comment.
fn tags(contract: &Contract, shown: &[Shown<'_>]) -> Value {
    let mut tags = BTreeMap::new();
    for Shown { route, .. } in shown {
        let service = route.method().parent_service();
        let description = contract.comments.of_service(service);
        tags.insert(service.name().to_owned(), description);
    }
    let tag = |(name, description): (String, String)| match description.as_str() {
        "" => json!({ "name": name }),
        _ => json!({ "name": name, "description": description }),
    };
    tags.into_iter().map(tag).collect()
}
