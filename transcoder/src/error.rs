use std::fmt;

use crate::SkippedRule;

/// A JSON text that does not fit its message, or a message that JSON cannot express.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Where, in the names that the client used: `items[2].quantity`, `labels["a b"]`; empty for
    /// the whole.
    pub path: String,
    /// What is wrong, without the value itself (it may be a secret).
    pub description: String,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.description)
        } else {
            write!(f, "{}: {}", self.path, self.description)
        }
    }
}

impl std::error::Error for JsonError {}

/// One fault of a request, as in `google.rpc.BadRequest.FieldViolation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The path of the field; empty for the request as a whole.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// A request that does not fit its route: 400, INVALID_ARGUMENT.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct BadRequest {
    /// Every fault that was found; at least one.
    pub violations: Vec<FieldViolation>,
}

impl BadRequest {
    /// All faults in one line.
    #[must_use]
    pub fn message(&self) -> String {
        let fault = |v: &FieldViolation| {
            if v.field.is_empty() {
                v.description.clone()
            } else {
                format!("{}: {}", v.field, v.description)
            }
        };
        self.violations
            .iter()
            .map(fault)
            .collect::<Vec<_>>()
            .join("; ")
    }
}

impl FieldViolation {
    pub(crate) fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            field: bounded(field.into()),
            description: bounded(description.into()),
        }
    }
}

/// Most bytes of a text that holds a client's own words: they may be as long as its request.
const TOLD_BYTES: usize = 1024;

/// A text, as much of it as is told.
pub(crate) fn bounded(mut text: String) -> String {
    if text.len() > TOLD_BYTES {
        text.truncate(text.floor_char_boundary(TOLD_BYTES));
        text.push_str("...");
    }
    text
}

/// Why a path template is none (google/api/http.proto, path template syntax).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path template {template:?}, at byte {at}: {problem}")]
pub struct TemplateError {
    /// The template as it stands in the rule.
    pub template: String,
    /// The byte of it at which the problem was seen.
    pub at: usize,
    /// What is wrong.
    pub problem: String,
}

/// A descriptor set that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The bytes are no descriptor set, or one that is incomplete.
    #[error("the descriptor set cannot be read: {0}")]
    Descriptors(#[source] prost_reflect::DescriptorError),
    /// The bytes are a descriptor set of which the JSON engine can make no tables.
    #[error(transparent)]
    Tables(#[from] crate::json::DescriptorError),
    /// The options speak of methods that the set does not have. All are reported together.
    #[error("the options name what is not there:\n  {}", .0.join("\n  "))]
    Unknown(Vec<String>),
    /// Rules are wrong or conflict, and none may be ([`Transcoder::strict`](crate::Transcoder::strict)).
    #[error("{} of the HTTP rules cannot be served:\n  {}", .0.len(), lines(.0))]
    Rules(Vec<SkippedRule>),
}

fn lines(rules: &[SkippedRule]) -> String {
    let lines: Vec<_> = rules.iter().map(SkippedRule::to_string).collect();
    lines.join("\n  ")
}
