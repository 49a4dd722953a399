use std::fmt;
use std::ops::Range;

use crate::{Dialect, TemplateError};

mod parse;

/// A path template of google/api/http.proto, such as `/v1/{name=shelves/*/books/*}:archive`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    segments: Vec<Segment>,
    variables: Vec<Variable>,
    verb: Option<String>,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// This text, percent-decoded.
    Literal(String),
    /// `*`: one segment.
    One,
    /// `**`: any number of segments. Once at most, and in http.proto's own words the last.
    Rest,
}

/// `{shelf.name=shelves/*}`: the segments that a field takes its value from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// `["shelf", "name"]`, in proto names.
    pub field_path: Vec<String>,
    /// Which of the template's segments it covers, as a range of their indices.
    pub segments: Range<usize>,
}

impl Template {
    /// Parses the text of a rule. Beside the grammar of http.proto, `/` alone is a template (the root).
    ///
    /// # Errors
    /// [`TemplateError`] with the place and the problem.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::parse_as(text, Dialect::HttpProto)
    }

    /// The same, as others read it.
    ///
    /// # Errors
    /// [`TemplateError`] with the place and the problem.
    pub fn parse_as(text: &str, dialect: Dialect) -> Result<Self, TemplateError> {
        parse::template(text, dialect)
    }

    /// The text as it stands in the rule.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
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

    /// The verb: what stands after the last colon.
    #[must_use]
    pub fn verb(&self) -> Option<&str> {
        self.verb.as_deref()
    }

    /// Whether the variable captures one segment, which is then percent-decoded entirely. In the
    /// value of any other, `%2F` stays as it is (http.proto, path template syntax).
    #[must_use]
    pub fn is_single_segment(&self, variable: &Variable) -> bool {
        variable.segments.len() == 1 && self.segments[variable.segments.start] != Segment::Rest
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
