//! What is asked of both gateways.

mod bodies;
mod paths;
mod queries;
mod replies;

/// A request.
pub(super) struct Case {
    /// What it is about.
    pub(super) name: &'static str,
    /// Method and target.
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
        replies::STREAMS,
    ]
    .into_iter()
    .flatten()
}
