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
    /// What is written beside these, by name: `cel`, and what this `buf.validate` does not know.
    pub others: Vec<String>,
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
                (other, _) => written.others.push(other.to_owned()),
            }
        }
        written
    }
}

const UNKNOWN: &str = "that the vendored buf.validate does not know";

fn knows_not_all(rules: &DynamicMessage) -> bool {
    rules.unknown_fields().next().is_some() || rules.extensions().next().is_some()
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
