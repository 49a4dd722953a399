//! Keywords that stand in any schema.

use serde_json::{Value, json};

pub(super) fn describe(schema: &mut Value, description: &str) {
    if !description.is_empty() {
        schema["description"] = json!(description);
    }
}

/// `deprecated = true` among the options of whatever it is.
pub(super) fn is_deprecated(options: &prost_reflect::DynamicMessage) -> bool {
    let option = options.get_field_by_name("deprecated");
    option.and_then(|value| value.as_bool()) == Some(true)
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
