//! Single values, read as their kinds ask.

use std::borrow::Cow;

use super::{Extent, Stop, Walk};
use crate::kind::Kind;
use crate::raw::{float, integer, texts, time, wrapped};
use crate::requests::Text;
use crate::text;
use crate::time::Time;
use crate::value::{Named, ValueRules};
use crate::wire::Raw;

impl<'t> Walk<'t> {
    /// Reads a value as its kind asks, and holds it against its rules.
    pub(super) fn value(
        &mut self,
        kind: Kind,
        rules: &'t ValueRules,
        raw: Raw<'_>,
    ) -> Result<(), Stop> {
        let none = &ValueRules::None;
        let rules = if self.checking { rules } else { none };
        match (kind, raw) {
            (Kind::Message { table, checked, .. }, Raw::Bytes(bytes)) => {
                let outer = self.checking;
                self.checking = outer && checked;
                let known = self.violations.len();
                self.message(table, bytes)?;
                self.checking = outer;
                if self.extent == Extent::AsTold && self.violations.len() > known {
                    return Ok(());
                }
                self.of_message(rules, bytes)
            }
            (Kind::Text, Raw::Bytes(bytes)) => {
                let text = std::str::from_utf8(bytes).map_err(|_| Stop::Malformed)?;
                self.text(rules, text)
            }
            (Kind::Bytes, Raw::Bytes(bytes)) => match rules {
                ValueRules::Bytes(Named { of, rules }) => {
                    self.judge(of, rules, |rule| rule.check(bytes))
                }
                _ => Ok(()),
            },
            (Kind::Float | Kind::Double, _) => {
                let value = float(kind, raw)?;
                match rules {
                    ValueRules::Float(Named { of, rules }) => {
                        self.judge(of, rules, |rule| rule.check(value))
                    }
                    _ => Ok(()),
                }
            }
            _ => match (integer(kind, raw)?, rules) {
                (value, ValueRules::Int(Named { of, rules })) => {
                    self.judge(of, rules, |rule| rule.check(value))
                }
                (value, ValueRules::Bool { must_be }) if (value != 0) != *must_be => {
                    self.violation("bool.const", format!("must be {must_be}"))
                }
                _ => Ok(()),
            },
        }
    }

    fn text(&mut self, rules: &'t ValueRules, text: &str) -> Result<(), Stop> {
        if self.rules.refuse_nul && text.contains('\0') {
            let says = "must not hold the character U+0000";
            return self.violation("text.nul", says.into());
        }
        let ValueRules::Text(Named { of, rules }) = rules else {
            return Ok(());
        };
        let normal =
            text::kind(rules).map_or(Cow::Borrowed(text), |kind: &dyn Text| kind.normal(text));
        self.is_normal &= matches!(normal, Cow::Borrowed(_));
        self.judge(of, rules, |rule| rule.check(&normal))
    }

    /// Rules of a message as one value.
    fn of_message(&mut self, rules: &'t ValueRules, bytes: &[u8]) -> Result<(), Stop> {
        match rules {
            ValueRules::Time(Named { of, rules }) => {
                let value = time(bytes)?;
                let clock = self.rules.clock.as_ref();
                // Without a clock, no rule that asks for one is compiled.
                let now = || clock.map_or(Time(0), |clock| clock.now());
                self.judge(of, rules, |rule| rule.check(value, now))
            }
            ValueRules::Any(Named { of, rules }) => {
                let urls = texts(bytes)?;
                let url = urls.last().copied().unwrap_or_default();
                self.judge(of, rules, |rule| rule.check(url))
            }
            ValueRules::Mask(Named { of, rules }) => {
                let paths = texts(bytes)?;
                self.judge(of, rules, |rule| rule.check(&paths))
            }
            ValueRules::Wrapped(kind, rules) => self.value(*kind, rules, wrapped(bytes, *kind)?),
            _ => Ok(()),
        }
    }
}
