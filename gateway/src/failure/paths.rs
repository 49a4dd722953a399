//! Where a field stands, as a client of REST sees it.
//!
//! Services name fields from the request message on: `product.price`. Where the body is one field of
//! that message, its client has never heard of the rest: the path is that "to a field in the request
//! body" (google.rpc.BadRequest), `price`. OpenAPI names the parameters of the path likewise.

use transcoder::prost_reflect::FieldDescriptor;

/// The path from the body on; empty for the body itself. What stands elsewhere stays as it is.
pub(crate) fn in_body<'a>(path: &'a str, body: &FieldDescriptor) -> &'a str {
    let inside = path
        .strip_prefix(body.json_name())
        .or_else(|| path.strip_prefix(body.name()));
    match inside {
        Some(inside) if inside.is_empty() || inside.starts_with('[') => inside,
        Some(inside) => inside.strip_prefix('.').unwrap_or(path),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use transcoder::prost_reflect::DescriptorPool;

    use super::*;

    #[test]
    fn the_path_begins_where_the_body_does() {
        let request = DescriptorPool::global().get_message_by_name("google.protobuf.Field");
        let body = request.unwrap().get_field_by_name("options").unwrap();
        for (path, expected) in [
            ("options.value.typeUrl", "value.typeUrl"),
            ("options.name", "name"),
            ("options[0].name", "[0].name"),
            ("options", ""),
            ("optional.name", "optional.name"),
            ("kind", "kind"),
            ("", ""),
        ] {
            assert_eq!(in_body(path, &body), expected, "{path}");
        }
    }
}
