//! Where a field stands, as a client of REST sees it.
//!
//! Services name fields from the request message on: `product.price`. Where the body is one field of
//! that message, its client has never heard of the rest: the path is that "to a field in the request
//! body" (google.rpc.BadRequest), `price`. OpenAPI names the parameters of the path likewise.

use serde_json::Value;
use transcoder::prost_reflect::FieldDescriptor;

/// The path from the body on; empty for the body itself. What stands elsewhere stays as it is.
pub(super) fn in_body<'a>(path: &'a str, body: &FieldDescriptor) -> &'a str {
    let inside = path
        .strip_prefix(body.json_name())
        .or_else(|| path.strip_prefix(body.name()));
    match inside {
        Some(inside) if inside.is_empty() || inside.starts_with('[') => inside,
        Some(inside) => inside.strip_prefix('.').unwrap_or(path),
        None => path,
    }
}

/// Does so with all that an error says of fields, in its details and in its message.
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

#[cfg(test)]
mod tests {
    use runtime::contract::Contract;

    use super::*;

    #[test]
    fn the_path_begins_where_the_body_does() {
        let contract = Contract::tradewind();
        let name = "tradewind.catalog.v1.UpdateProductRequest";
        let request = contract.descriptors().get_message_by_name(name).unwrap();
        let body = request.get_field_by_name("product").unwrap();
        for (path, expected) in [
            ("product.price.currencyCode", "price.currencyCode"),
            ("product.sku", "sku"),
            ("product[0].sku", "[0].sku"),
            ("product", ""),
            ("products.sku", "products.sku"),
            ("updateMask", "updateMask"),
            ("", ""),
        ] {
            assert_eq!(in_body(path, &body), expected, "{path}");
        }
    }
}
