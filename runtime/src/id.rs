//! Ids in requests.

use uuid::Uuid;

use crate::status::Problem;

/// The id that a field holds.
///
/// # Errors
/// INVALID_ARGUMENT that names the field, as REST writes it, if it is none.
pub fn parse(field: &str, text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| Problem::invalid([(field, "must be a UUID")]))
}

/// The id that a field holds which may be left out.
///
/// # Errors
/// As [`parse`].
pub fn parse_if_set(field: &str, text: &str) -> Result<Option<Uuid>, Problem> {
    match text {
        "" => Ok(None),
        text => parse(field, text).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};
    use tonic_types::StatusExt as _;

    use super::*;

    #[test]
    fn what_is_no_id_is_refused_by_the_name_of_its_field_and_is_not_the_nil_id() {
        for refused in [parse("orderId", "7"), parse("orderId", "")] {
            let status = Status::from(refused.expect_err("it is no id"));
            assert_eq!(status.code(), Code::InvalidArgument);
            let details = status.get_error_details();
            let violations = &details.bad_request().expect("violations").field_violations;
            assert_eq!(violations[0].field, "orderId");
        }
        assert!(parse_if_set("orderId", "7").is_err());
    }

    #[test]
    fn an_id_is_read_and_one_that_is_left_out_is_none() {
        let id = Uuid::max();
        assert_eq!(parse("orderId", &id.to_string()).ok(), Some(id));
        let set = parse_if_set("orderId", &id.to_string());
        assert_eq!(set.ok(), Some(Some(id)));
        assert_eq!(parse_if_set("orderId", "").ok(), Some(None));
    }
}
