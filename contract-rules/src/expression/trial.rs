//! Rules are tried on the zero of what they are for: one that has no answer for want of a function, a
//! field or a type would have none for any value.

use cel::ExecutionError;

use super::Source;
use super::value::{of_list, of_map, of_message, of_value};
use crate::kind::Kind;
use crate::list::Inner;
use crate::program::{Cel, Program};
use crate::raw::zero;
use crate::table::Shape;
use crate::time::Time;
use crate::value::ValueRules;
use crate::wire::Malformed;

/// What cannot be checked, by the name of a message and a field.
pub(crate) fn trial(source: &Source, now: Option<Time>) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut tell = |at: &str, programs: &[Program], zero: &dyn Fn() -> Result<Cel, Malformed>| {
        for program in programs {
            let Ok(this) = zero() else { continue };
            if let Some(why) = program.check(this, now).err().filter(is_of_the_rule) {
                let id = &program.id;
                mistakes.push(format!("{at}: the rule {id} cannot be checked: {why}"));
            }
        }
    };
    for (place, table) in source.0.iter().enumerate() {
        tell(&table.name, &table.programs, &|| {
            of_message(source, place, &[])
        });
        for field in &table.fields {
            let at = format!("{}.{}", table.name, field.name.proto);
            let mut inner = |kind: Kind, inner: &Inner| {
                tell(&at, &inner.programs, &|| of_value(source, kind, zero(kind)));
            };
            match &field.shape {
                Shape::One { kind, rules, .. } => {
                    let kind = match rules {
                        ValueRules::Wrapped(kind, _) => *kind,
                        _ => *kind,
                    };
                    tell(&at, &field.programs, &|| of_value(source, kind, zero(kind)));
                }
                Shape::Many { kind, rules } => {
                    inner(*kind, &rules.items);
                    tell(&at, &field.programs, &|| of_list(source, *kind, &[]));
                }
                Shape::Map { key, value, rules } => {
                    inner(*key, &rules.keys);
                    inner(*value, &rules.values);
                    tell(&at, &field.programs, &|| {
                        of_map(source, (*key, *value), &[])
                    });
                }
            }
        }
    }
    mistakes
}

/// Not of the value: an index may be out of bounds, a divisor may be 0.
fn is_of_the_rule(error: &ExecutionError) -> bool {
    matches!(
        error,
        ExecutionError::NoSuchOverload(_)
            | ExecutionError::UndeclaredReference(_)
            | ExecutionError::UnexpectedType { .. }
            | ExecutionError::UnsupportedTargetType { .. }
            | ExecutionError::NotSupportedAsMethod { .. }
            | ExecutionError::UnsupportedBinaryOperator(..)
            | ExecutionError::InvalidArgumentCount { .. }
            | ExecutionError::ValuesNotComparable(..)
    )
}
