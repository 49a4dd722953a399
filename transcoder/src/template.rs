use std::fmt;

use crate::TemplateError;

/// A path template of google/api/http.proto, such as `/v1/{name=shelves/*/books/*}:archive`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub(crate) text: String,
    pub(crate) segments: Vec<Segment>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) verb: Option<String>,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// This text, percent-decoded.
    Literal(String),
    /// `*`: one segment that is not empty.
    One,
    /// `**`: all that follows, also nothing.
    Rest,
}

/// `{shelf.name=shelves/*}`: the segments that a field takes its value from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// `["shelf", "name"]`, in proto names.
    pub field_path: Vec<String>,
    /// Which of the template's segments it covers, as a range of their indices.
    pub segments: std::ops::Range<usize>,
}

impl Template {
    /// Parses the text of a rule.
    ///
    /// # Errors
    /// [`TemplateError`] with the place and the problem.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let _ = text;
        unimplemented!()
    }

    /// The segments, with those inside of variables in their place.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The variables, from left to right.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The verb after the last colon.
    #[must_use]
    pub fn verb(&self) -> Option<&str> {
        self.verb.as_deref()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
