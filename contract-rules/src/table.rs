//! A message's fields and their rules, compiled.

use crate::kind::Kind;
use crate::list::{ListRules, MapRules};
use crate::program::Program;
use crate::value::ValueRules;

/// A message. Fields are sorted by number.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Its full name.
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) oneofs: Vec<Oneof>,
    pub(crate) choices: Vec<Choice>,
    /// Rules of the whole message.
    pub(crate) programs: Vec<Program>,
}

impl Table {
    /// The place of the field with this number.
    pub(crate) fn find(&self, number: u32) -> Option<usize> {
        // Numbers are dense in most messages: the field is where its number says, or before.
        let guess = (number as usize).checked_sub(1)?;
        if self
            .fields
            .get(guess)
            .is_some_and(|field| field.number == number)
        {
            return Some(guess);
        }
        self.fields
            .binary_search_by_key(&number, |field| field.number)
            .ok()
    }
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    pub(crate) name: Name,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// Rules are not asked if the value is the zero of its type.
    pub(crate) skip_zero: bool,
    /// A `oneof` that it is a member of, by place.
    pub(crate) oneof: Option<usize>,
    /// Rules of its value, of all of its items or entries together.
    pub(crate) programs: Vec<Program>,
}

/// What a field is called.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) json: String,
    /// In the contract.
    pub(crate) proto: String,
}

#[derive(Debug)]
pub(crate) enum Shape {
    /// `presence`: rules are not asked if it is not set.
    One {
        kind: Kind,
        rules: ValueRules,
        presence: bool,
    },
    Many {
        kind: Kind,
        rules: ListRules,
    },
    Map {
        key: Kind,
        value: Kind,
        rules: MapRules,
    },
}

#[derive(Debug)]
pub(crate) struct Oneof {
    pub(crate) name: Name,
    pub(crate) required: bool,
}

/// Fields of which at most one may be set (`buf.validate.MessageOneofRule`), by place.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) fields: Vec<usize>,
    pub(crate) required: bool,
}
