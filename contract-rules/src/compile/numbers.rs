//! Rules of numbers, enums and times.

use prost_reflect::{FieldDescriptor, Kind as Declared, Value};

use super::Pass;
use super::reading::Reading;
use crate::number::{Number, NumberRule};
use crate::time::{Time, TimeRule};

pub(super) fn integers(
    reading: &mut Reading<'_>,
    field: &FieldDescriptor,
) -> Vec<NumberRule<i128>> {
    let is_closed = reading.flag("defined_only");
    let defined = match field.kind() {
        Declared::Enum(of) if is_closed => {
            let numbers = of.values().map(|value| value.number().into());
            Some(NumberRule::DefinedOnly(numbers.collect()))
        }
        _ => None,
    };
    numbers(reading, integer, defined)
}

pub(super) fn floats(reading: &mut Reading<'_>) -> Vec<NumberRule<f64>> {
    let finite = reading.flag("finite").then_some(NumberRule::Finite);
    numbers(reading, float, finite)
}

fn numbers<T: Number>(
    reading: &mut Reading<'_>,
    read: fn(&Value) -> Option<T>,
    own: Option<NumberRule<T>>,
) -> Vec<NumberRule<T>> {
    let rules = [
        reading.one("const", read).map(NumberRule::Const),
        own,
        reading.many("in", read).map(NumberRule::In),
        reading.many("not_in", read).map(NumberRule::NotIn),
        reading.range(read).map(NumberRule::Range),
    ];
    rules.into_iter().flatten().collect()
}

impl Pass<'_> {
    pub(super) fn times(&mut self, name: &str, reading: &mut Reading<'_>) -> Vec<TimeRule> {
        let rules = numbers(reading, time, None).into_iter();
        let mut rules: Vec<_> = rules.map(TimeRule::Number).collect();
        let known = rules.len();
        rules.extend(reading.flag("lt_now").then_some(TimeRule::LessThanNow));
        rules.extend(reading.flag("gt_now").then_some(TimeRule::GreaterThanNow));
        rules.extend(reading.one("within", time).map(TimeRule::Within));
        if rules.len() > known && self.compiler.clock.is_none() {
            self.unsupported(name, "of the time that it is, without a clock");
        }
        rules
    }
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::I32(value) | Value::EnumNumber(value) => Some((*value).into()),
        Value::I64(value) => Some((*value).into()),
        Value::U32(value) => Some((*value).into()),
        Value::U64(value) => Some((*value).into()),
        _ => None,
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::F32(value) => Some((*value).into()),
        Value::F64(value) => Some(*value),
        _ => None,
    }
}

fn time(value: &Value) -> Option<Time> {
    let message = value.as_message()?;
    let field = |name| integer(&*message.get_field_by_name(name)?);
    Some(Time::new(field("seconds")?, field("nanos")?))
}
