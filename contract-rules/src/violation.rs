//! What is wrong with a message.

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Invalid {
    /// It is not a message of the type.
    Malformed,
    /// Fields break rules.
    Violations(Vec<Violation>),
    /// The same, and there may be more than these.
    ManyViolations(Vec<Violation>),
}

/// Why it cannot be told what is wrong with a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Unchecked {
    /// It is not a message of the type.
    Malformed,
    /// A rule in CEL has no answer for it, and why.
    NotEvaluated(String),
}

/// A rule that a message breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Where, as in JSON: `items[2].unitPrice`, `labels["color"]`. Empty for a message as a whole.
    pub path: String,
    /// What is wrong, for people.
    pub description: String,
    /// Where, as the contract names fields (`buf.validate.FieldPath`): `items[2].unit_price`.
    pub field: String,
    /// The rule's id: `string.min_len`, `required`.
    pub rule: String,
    /// It is the key of the entry at that place, not its value.
    pub for_key: bool,
}

/// What is wrong with a value.
#[derive(Debug, PartialEq)]
pub(crate) struct Wrong {
    /// The rule's name within its type: `min_len`.
    pub(crate) rule: String,
    pub(crate) says: String,
}

impl Wrong {
    pub(crate) fn new(rule: impl Into<String>, says: impl Into<String>) -> Wrong {
        let (rule, says) = (rule.into(), says.into());
        Wrong { rule, says }
    }

    /// One if the value does not fit.
    pub(crate) fn unless(fits: bool, rule: &str, says: impl FnOnce() -> String) -> Option<Wrong> {
        (!fits).then(|| Wrong::new(rule, says()))
    }
}
