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
