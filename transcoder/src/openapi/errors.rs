//! The responses that are not success: one schema, one component for each status.

use serde_json::{Map, Value, json};

use super::Shown;
use crate::Body;

/// Status, name of the component, what it means, and a header that comes with it.
type Failure = (
    u16,
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
);

const FAILURES: [Failure; 14] = [
    (
        400,
        "BadRequest",
        "The request does not fit the contract, or the state of things.",
        None,
    ),
    (
        401,
        "Unauthenticated",
        "There is no valid token, or the credentials do not hold.",
        Some(("WWW-Authenticate", "How to authenticate (RFC 6750).")),
    ),
    (
        403,
        "PermissionDenied",
        "The token does not give the right to this.",
        None,
    ),
    (
        404,
        "NotFound",
        "There is no such thing, or it is not the caller's.",
        None,
    ),
    (
        405,
        "MethodNotAllowed",
        "The path does not have this method.",
        Some(("Allow", "The methods that it has.")),
    ),
    (
        409,
        "Conflict",
        "It exists already, or something else changed it meanwhile.",
        None,
    ),
    (
        412,
        "PreconditionFailed",
        "The resource is not as If-Match or If-None-Match says.",
        None,
    ),
    (413, "TooLarge", "The body is too large.", None),
    (415, "UnsupportedMediaType", "The body is not JSON.", None),
    (
        429,
        "ResourceExhausted",
        "Too many requests.",
        Some(("Retry-After", "Seconds after which to try again.")),
    ),
    (500, "Internal", "A fault of the server.", None),
    (
        501,
        "Unimplemented",
        "The server does not have this method yet, or no longer.",
        None,
    ),
    (
        503,
        "Unavailable",
        "Something that is needed is away.",
        Some(("Retry-After", "Seconds after which to try again.")),
    ),
    (504, "DeadlineExceeded", "It took too long.", None),
];

/// The schemas of an error. Each has a name: generators make up bad ones for what is within another.
pub(super) fn schemas(reasons: Option<Value>) -> Map<String, Value> {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let reason = match reasons {
        Some(_) => json!({ "$ref": "#/components/schemas/Reason" }),
        None => json!({ "type": "string" }),
    };
    let mut of_detail = reason;
    of_detail["description"] = json!("ErrorInfo: why, for programs; one of its domain's reasons.");
    let mut schemas = Map::new();
    let mut add = |name: &str, schema| schemas.insert(name.to_owned(), schema);
    add(
        "ErrorReply",
        json!({
            "type": "object",
            "description": "What a call is answered with that failed.",
            "required": ["error"],
            "properties": { "error": { "$ref": "#/components/schemas/ErrorStatus" } },
            "examples": [{ "error": {
                "code": 404,
                "status": "NOT_FOUND",
                "message": "there is no such order",
                "details": [{
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": example_of(reasons.as_ref()),
                    "domain": "example.com",
                }],
            } }],
        }),
    );
    add(
        "ErrorStatus",
        json!({
            "type": "object",
            "description": "An error: google.rpc.Status as REST sees it.",
            "required": ["code", "status", "message", "details"],
            "properties": {
                "code": { "type": "integer", "description": "The HTTP status." },
                "status": text("The name of the google.rpc.Code."),
                "message": text("What happened, for people."),
                "details": {
                    "type": "array",
                    "description": "What happened, for programs.",
                    "items": { "$ref": "#/components/schemas/ErrorDetail" },
                },
            },
        }),
    );
    add(
        "ErrorDetail",
        json!({
            "type": "object",
            "description": "google.rpc.ErrorInfo, BadRequest, RetryInfo or another, told apart by \
                `@type`.",
            "required": ["@type"],
            "properties": {
                "@type": text("`type.googleapis.com/` and the full name of the message."),
                "reason": of_detail,
                "domain": text("ErrorInfo: whose reason it is."),
                "metadata": {
                    "type": "object",
                    "description": "ErrorInfo: what the reason is about.",
                    "additionalProperties": { "type": "string" },
                },
                "fieldViolations": {
                    "type": "array",
                    "description": "BadRequest: the fields that do not fit the contract.",
                    "items": { "$ref": "#/components/schemas/FieldViolation" },
                },
                "retryDelay": text("RetryInfo: when to come again, such as `1.5s`."),
            },
            "additionalProperties": true,
        }),
    );
    add(
        "FieldViolation",
        json!({
            "type": "object",
            "description": "What is wrong with a field.",
            "required": ["field", "description"],
            "properties": {
                "field": text("The way to the field in the request, such as `items[0].quantity`."),
                "description": text("What is wrong with it, for people."),
            },
        }),
    );
    if let Some(reasons) = reasons {
        add("Reason", reasons);
    }
    schemas
}

fn example_of(reasons: Option<&Value>) -> Value {
    let among = |name: &&Value| **name == "RESOURCE_NOT_FOUND";
    let values = reasons.and_then(|reasons| reasons["enum"].as_array());
    let chosen = values.and_then(|values| values.iter().find(among).or(values.first()));
    chosen.cloned().unwrap_or_else(|| json!("NOT_FOUND"))
}

/// `components.responses`.
pub(super) fn responses() -> Map<String, Value> {
    let response = |&(_, name, description, header): &Failure| {
        let mut response = json!({
            "description": description,
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/ErrorReply" },
            } },
        });
        if let Some((header, description)) = header {
            response["headers"] = json!({
                header: { "description": description, "schema": { "type": "string" } },
            });
        }
        (name.to_owned(), response)
    };
    FAILURES.iter().map(response).collect()
}

/// The failures that a route can answer with, as references by status.
pub(super) fn of(
    shown: &Shown<'_>,
    is_read: bool,
    is_conditional: bool,
) -> impl Iterator<Item = (String, Value)> {
    let is_secured = shown.secured.is_some() || shown.is_optional;
    let has_body = !matches!(shown.route.body(), Body::None);
    let can_be = move |&&(status, ..): &&Failure| match status {
        // A method that is open to anybody may be the one that takes credentials, such as a login.
        401 | 403 => is_secured || !is_read,
        409 => !is_read,
        412 => is_conditional,
        413 | 415 => has_body,
        _ => true,
    };
    FAILURES.iter().filter(can_be).map(|&(status, name, ..)| {
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        (status.to_string(), reference)
    })
}
