//! Expressions, compiled.

use cel::IdedExpr;
use cel::common::value::Val;

/// A value of CEL.
pub(crate) type Cel = Box<dyn Val>;

/// An expression that says whether a value fits, or what is wrong with it.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) id: String,
    /// What is wrong if it is false; empty if the expression itself tells.
    pub(crate) message: String,
    pub(crate) source: String,
    pub(crate) expression: IdedExpr,
    pub(crate) predefined: Option<Predefined>,
}

/// What the expression of a rule refers to that a contract adds to those of a type.
#[derive(Clone, Debug)]
pub(crate) struct Predefined {
    /// The value of the rule.
    pub(crate) rule: Cel,
    /// All rules beside it.
    pub(crate) rules: Cel,
}
