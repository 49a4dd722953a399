//! What a rule binds beside the path.

use std::fmt;

use prost_reflect::FieldDescriptor;

/// The HTTP method of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HttpMethod {
    /// One method.
    Is(http::Method),
    /// `custom { kind: "*" }`: all that no other rule of the same path has.
    Any,
}

/// What the HTTP body holds (the rule's `body`).
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing: what the path does not bind comes from the query.
    None,
    /// `body: "*"`: the request message, less what the path binds.
    Whole,
    /// One field of the request message, or of a message in it; the others come from path and query.
    Field(FieldDescriptor),
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(method) => method.fmt(f),
            Self::Any => f.write_str("*"),
        }
    }
}
