//! What is asked of both gateways.

mod bodies;
mod errors;
mod odd;
mod paths;
mod queries;
mod replies;

/// A request.
pub(super) struct Case {
    /// What it is about.
    pub(super) name: &'static str,
    /// Method and target; a target alone is that of a GET.
    pub(super) line: &'static str,
    pub(super) headers: &'static [&'static str],
    pub(super) body: &'static str,
}

const fn case(
    name: &'static str,
    line: &'static str,
    headers: &'static [&'static str],
    body: &'static str,
) -> Case {
    Case {
        name,
        line,
        headers,
        body,
    }
}

/// A GET whose target says what it is about.
const fn get(target: &'static str) -> Case {
    Case {
        name: target,
        line: target,
        headers: &[],
        body: "",
    }
}

const JSON: &str = "content-type: application/json";
const FORM: &str = "content-type: application/x-www-form-urlencoded";

/// Every request.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    [
        queries::QUERIES,
        paths::PATHS,
        bodies::BODIES,
        bodies::FORMS,
        replies::HEADERS,
        replies::ERRORS,
        errors::DETAILS,
        errors::CODES,
        errors::METADATA,
        errors::DEADLINES,
        errors::DOWNLOADS,
        replies::STREAMS,
        odd::DEEP,
        odd::SEGMENTS,
        odd::LISTS,
        odd::NESTED,
        odd::FORMS,
        odd::MASKS,
        odd::VALUES,
        odd::JSON_BODIES,
    ]
    .into_iter()
    .flatten()
}

/// Requests of what Envoy cannot serve, or not always in the same way.
pub(super) fn of_grpc_gateway() -> impl Iterator<Item = &'static Case> {
    odd::SHOWCASE.iter().chain(errors::LATE)
}
