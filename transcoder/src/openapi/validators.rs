//! The version of a resource as `ETag`, conditions on it, and how long a reply may be kept (RFC 9110,
//! section 13; RFC 9111).

use prost_reflect::MethodDescriptor;
use serde_json::{Map, Value, json};

use super::Contract;

/// What the contract says of one method.
#[derive(Clone, Copy)]
pub(super) struct Validators {
    pub(super) is_conditional: bool,
    is_cached: bool,
    is_read: bool,
}

impl Validators {
    pub(super) fn of(contract: &Contract, method: &MethodDescriptor, is_read: bool) -> Self {
        let options = method.options();
        let conditional = contract.conditional.as_ref();
        let cache = contract.cache.as_ref();
        Self {
            is_conditional: conditional
                .is_some_and(|option| options.get_extension(option).as_bool() == Some(true)),
            is_cached: is_read && cache.is_some_and(|option| options.has_extension(option)),
            is_read,
        }
    }

    /// The headers by which a request makes conditions.
    pub(super) fn parameters(self) -> impl Iterator<Item = Value> {
        let names = [
            ("IfMatch", self.is_conditional),
            ("IfNoneMatch", self.is_conditional || self.is_cached),
        ];
        names
            .into_iter()
            .filter(|(_, is_taken)| *is_taken)
            .map(|(name, _)| json!({ "$ref": format!("#/components/parameters/{name}") }))
    }

    /// Adds the headers of success, and the reply to who has the resource already.
    pub(super) fn tell(self, success: &mut Value, responses: &mut Map<String, Value>) {
        if self.is_conditional || self.is_cached {
            success["headers"]["ETag"] = etag();
        }
        if self.is_cached {
            success["headers"]["Cache-Control"] = text("How long the reply may be kept.");
        }
        if self.is_read && (self.is_conditional || self.is_cached) {
            let reference = json!({ "$ref": "#/components/responses/NotModified" });
            responses.insert("304".to_owned(), reference);
        }
    }
}

/// `components.parameters`, of contracts that know conditions.
pub(super) fn parameters(components: &mut Map<String, Value>) {
    let header = |name: &str, description: &str| {
        json!({
            "name": name,
            "in": "header",
            "description": description,
            "schema": { "type": "string" },
            "example": "\"3\"",
        })
    };
    components.insert(
        "IfMatch".to_owned(),
        header(
            "If-Match",
            "Entity tags in quotes, or *: the request is done only if the resource has one of them; \
             412 otherwise.",
        ),
    );
    components.insert(
        "IfNoneMatch".to_owned(),
        header(
            "If-None-Match",
            "Entity tags in quotes, or *: the request is done only if the resource has none of them; \
             304 (reads) or 412 otherwise.",
        ),
    );
}

/// `components.responses`, of the same.
pub(super) fn responses(components: &mut Map<String, Value>) {
    let not_modified = json!({
        "description": "The client has the resource as it stands.",
        "headers": { "ETag": etag() },
    });
    components.insert("NotModified".to_owned(), not_modified);
}

fn etag() -> Value {
    text("The version of what the reply shows.")
}

fn text(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" } })
}
