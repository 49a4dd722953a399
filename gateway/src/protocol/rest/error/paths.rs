//! Fields by the names that a client of the route knows.

use serde_json::Value;
use transcoder::prost_reflect::FieldDescriptor;

use crate::failure::paths::in_body;

/// All that an error says of fields, in its details and in its message, told from the body on.
pub(super) fn tell_from_body(error: &mut Value, body: &FieldDescriptor) {
    let mut message = error["message"].as_str().unwrap_or_default().to_owned();
    let details = error.get_mut("details").and_then(Value::as_array_mut);
    let violations = details
        .into_iter()
        .flatten()
        .filter_map(|detail| detail.get_mut("fieldViolations")?.as_array_mut())
        .flatten();
    for violation in violations {
        if let Some(Value::String(path)) = violation.get_mut("field") {
            let inside = in_body(path, body).to_owned();
            let told = match inside.as_str() {
                "" => String::new(),
                inside => format!("{inside}: "),
            };
            message = message.replace(&format!("{path}: "), &told);
            *path = inside;
        }
    }
    error["message"] = message.into();
}
