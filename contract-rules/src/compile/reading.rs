//! Rules of a type, taken one by one, so that none is left behind.

use std::collections::HashSet;

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use crate::length::{Length, Names};
use crate::range::{Bound, Range};

pub(super) struct Reading<'r> {
    rules: &'r DynamicMessage,
    taken: HashSet<&'static str>,
}

impl<'r> Reading<'r> {
    pub(super) fn new(rules: &'r DynamicMessage) -> Reading<'r> {
        // Examples are no rules.
        let taken = HashSet::from(["example"]);
        Reading { rules, taken }
    }

    /// A rule, if it is written.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.taken.insert(name);
        let field = self.rules.descriptor().get_field_by_name(name)?;
        self.rules
            .has_field(&field)
            .then(|| self.rules.get_field(&field).into_owned())
    }

    pub(super) fn one<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        self.take(name).and_then(|value| read(&value))
    }

    /// A list; none if it is empty.
    pub(super) fn many<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let value = self.take(name)?;
        Some(value.as_list()?.iter().filter_map(read).collect())
    }

    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        self.one(name, Value::as_bool) == Some(true)
    }

    pub(super) fn length(&mut self, names: &Names) -> Length {
        let exact = self.one(names.exact, Value::as_u64);
        let (least, most) = (
            self.one(names.least, Value::as_u64),
            self.one(names.most, Value::as_u64),
        );
        Length {
            least: exact.or(least),
            most: exact.or(most),
            is_exact: exact.is_some(),
        }
    }

    pub(super) fn range<T>(&mut self, read: impl Fn(&Value) -> Option<T>) -> Option<Range<T>> {
        let mut bound = |included, name| {
            let value = self.one(name, &read)?;
            Some(Bound { value, included })
        };
        let low = bound(false, "gt").or_else(|| bound(true, "gte"));
        let high = bound(false, "lt").or_else(|| bound(true, "lte"));
        (low.is_some() || high.is_some()).then_some(Range { low, high })
    }

    /// What is written and was not taken.
    pub(super) fn rest(self) -> Vec<String> {
        let names = self.rules.fields().map(|(rule, _)| rule.name().to_owned());
        names.filter(|name| !self.taken.contains(&**name)).collect()
    }
}
