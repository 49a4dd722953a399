//! The rules of a field as its contract writes them (`buf.validate.FieldRules`).

use prost_reflect::{DynamicMessage, FieldDescriptor, Value};

/// What a contract says of a field, of each item, or of each key or value.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// It has to be set.
    pub required: bool,
    /// Which values its rules are not asked of.
    pub ignore: Ignore,
    /// The name of its type, such as `string`, and the rules of that type.
    pub typed: Option<Typed>,
    /// Rules in CEL.
    pub expressions: Vec<Expression>,
    /// What is written beside these, and this `buf.validate` does not know.
    pub others: Vec<String>,
}

/// A rule in CEL (`buf.validate.Rule`).
#[derive(Clone, Debug, Default)]
pub struct Expression {
    /// What it is called; the expression itself, if it is called nothing.
    pub id: String,
    /// What is wrong with a value that does not fit; empty if the expression tells.
    pub message: String,
    /// In CEL.
    pub expression: String,
}

/// The name of a type, such as `string`, and rules of that type.
pub type Typed = (String, DynamicMessage);

/// `buf.validate.Ignore`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ignore {
    /// Of values that are not set, if the field tells these from others.
    #[default]
    Unset,
    /// Of the zero of its type too.
    Zero,
    /// Of none.
    Always,
}

impl Written {
    /// The rules of a field; none if the descriptors do not know `buf.validate`.
    #[must_use]
    pub fn of(field: &FieldDescriptor) -> Written {
        let pool = field.parent_pool();
        let extension = pool.get_extension_by_name("buf.validate.field");
        let options = field.options();
        match extension.filter(|extension| options.has_extension(extension)) {
            Some(extension) => Written::read(&options.get_extension(&extension)),
            None => Written::default(),
        }
    }

    /// The rules of `items`, `keys` or `values`, or of a whole field.
    #[must_use]
    pub fn read(rules: &Value) -> Written {
        let mut written = Written::default();
        let Some(rules) = rules.as_message() else {
            return written;
        };
        if knows_not_all(rules) {
            written.others.push(UNKNOWN.to_owned());
        }
        for (rule, value) in rules.fields() {
            match (rule.name(), value) {
                ("required", value) => written.required = value.as_bool() == Some(true),
                ("ignore", value) => written.ignore = Ignore::of(value),
                (name, Value::Message(typed)) if rule.containing_oneof().is_some() => {
                    if knows_not_all(typed) {
                        written.others.push(UNKNOWN.to_owned());
                    }
                    written.typed = Some((name.to_owned(), typed.clone()));
                }
                ("cel" | "cel_expression", value) => {
                    written.expressions.extend(Expression::all(value));
                }
                (other, _) => written.others.push(other.to_owned()),
            }
        }
        written
    }
}

const UNKNOWN: &str = "that the vendored buf.validate does not know";

fn knows_not_all(rules: &DynamicMessage) -> bool {
    rules.unknown_fields().next().is_some()
}

impl Expression {
    /// Those of a list of rules, or of bare expressions.
    #[must_use]
    pub fn all(rules: &Value) -> Vec<Expression> {
        let rules = rules.as_list().unwrap_or_default().iter();
        rules.map(Expression::of).collect()
    }

    fn of(rule: &Value) -> Expression {
        if let Some(expression) = rule.as_str() {
            return Expression {
                id: expression.to_owned(),
                expression: expression.to_owned(),
                ..Expression::default()
            };
        }
        let text = |name| {
            let value = rule.as_message()?.get_field_by_name(name)?;
            Some(value.as_str()?.to_owned())
        };
        Expression {
            id: text("id").unwrap_or_default(),
            message: text("message").unwrap_or_default(),
            expression: text("expression").unwrap_or_default(),
        }
    }
}

/// The rules in CEL of rules that a contract adds to those of a type (`buf.validate.predefined`), each
/// with the value of its rule.
pub(crate) fn predefined(rules: &DynamicMessage) -> Vec<(Value, Vec<Expression>)> {
    let added = rules.extensions().filter_map(|(rule, value)| {
        let pool = rule.parent_pool();
        let option = pool.get_extension_by_name("buf.validate.predefined")?;
        let options = rule.options();
        let options = options.get_extension(&option);
        let cel = options.as_message()?.get_field_by_name("cel")?;
        Some((value.clone(), Expression::all(&cel)))
    });
    added.collect()
}

impl Ignore {
    fn of(value: &Value) -> Ignore {
        match value.as_enum_number() {
            Some(1) => Ignore::Zero,
            Some(3) => Ignore::Always,
            _ => Ignore::Unset,
        }
    }
}
