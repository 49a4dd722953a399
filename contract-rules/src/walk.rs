//! The pass over a message.

mod fields;
mod values;

use crate::expression::{Source, of_message};
use crate::path::{self, Step};
use crate::program::{Cel, Program};
use crate::rules::{Clock, Rules};
use crate::slots::{Slot, Sorted, read};
use crate::table::{Field, Shape, Table};
use crate::violation::{Violation, Wrong};
use crate::wire::Malformed;

/// Deeper messages are refused, as the decoder does.
const MAX_DEPTH: usize = 100;
/// More violations are not told: a status travels in headers, whose size is limited, and nobody reads
/// on. One more ends the pass.
pub(crate) const MAX_VIOLATIONS: usize = 20;

/// Why a pass ends before the message does.
pub(crate) enum Stop {
    Malformed,
    /// There are more violations than are told.
    Enough,
}

impl From<Malformed> for Stop {
    fn from(Malformed: Malformed) -> Stop {
        Stop::Malformed
    }
}

/// How much a pass looks for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Extent {
    /// What clients are told: the first rule that a value breaks, nothing of the items of a list that
    /// is too long, [`MAX_VIOLATIONS`].
    AsTold,
    Everything,
}

pub(crate) struct Walk<'t> {
    rules: &'t Rules,
    extent: Extent,
    path: Vec<Step<'t>>,
    depth: usize,
    /// False inside of what is only read, not checked.
    checking: bool,
    /// What is checked is the key of an entry.
    for_key: bool,
    violations: Vec<Violation>,
    /// Why a rule has no answer, if everything is looked for.
    pub(crate) not_evaluated: Option<String>,
    /// False once a text is in another form than its kind asks for.
    pub(crate) is_normal: bool,
}

impl<'t> Walk<'t> {
    pub(crate) fn new(rules: &'t Rules, extent: Extent) -> Walk<'t> {
        Walk {
            rules,
            extent,
            path: Vec::new(),
            depth: 0,
            checking: true,
            for_key: false,
            violations: Vec::new(),
            not_evaluated: None,
            is_normal: true,
        }
    }

    pub(crate) fn violations(self) -> Vec<Violation> {
        self.violations
    }

    pub(crate) fn message(&mut self, table: usize, bytes: &[u8]) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::Malformed);
        }
        let (place, table) = (table, &self.rules.tables[table]);
        let known = self.violations.len();
        let Sorted { slots, replaced } = read(table, bytes, self.in_haste())?;
        for (place, slot) in &replaced {
            if let (Shape::One { kind, .. }, Some(raw)) = (&table.fields[*place].shape, slot.raw())
            {
                self.unchecked(*kind, raw)?;
            }
        }
        for (field, slot) in table.fields.iter().zip(&slots) {
            self.path.push(Step::Field(&field.name));
            self.field(field, slot)?;
            self.path.pop();
        }
        self.oneofs(table, &slots)?;
        self.choices(table, &slots)?;
        self.express(&table.programs, known, |source| {
            of_message(source, place, bytes)
        })?;
        self.depth -= 1;
        Ok(())
    }

    fn oneofs(&mut self, table: &'t Table, slots: &[Slot<'_>]) -> Result<(), Stop> {
        let oneofs = table.oneofs.iter().enumerate();
        for (index, oneof) in oneofs.filter(|(_, one)| one.required) {
            let is_set = |(field, slot): (&Field, &Slot<'_>)| {
                field.oneof == Some(index) && !matches!(slot, Slot::Unset)
            };
            if !table.fields.iter().zip(slots).any(is_set) {
                self.path.push(Step::Field(&oneof.name));
                self.violation(
                    "required",
                    "exactly one of its fields must be set".to_owned(),
                )?;
                self.path.pop();
            }
        }
        Ok(())
    }

    fn choices(&mut self, table: &'t Table, slots: &[Slot<'_>]) -> Result<(), Stop> {
        for choice in &table.choices {
            let fields = choice.fields.iter();
            let are_set = fields.filter(|field| table.fields[**field].is_set(&slots[**field]));
            let says = match are_set.count() {
                0 if choice.required => "one of",
                0 | 1 => continue,
                _ => "at most one of",
            };
            let names = choice.fields.iter().map(|field| &table.fields[*field].name);
            let names: Vec<_> = names.map(|name| name.json.as_str()).collect();
            let says = format!("{says} {} must be set", names.join(", "));
            self.violation("message.oneof", says)?;
        }
        Ok(())
    }

    /// Whether what is known already may decide.
    fn in_haste(&self) -> bool {
        self.checking && self.extent == Extent::AsTold
    }

    /// Holds a value against its rules, in their order.
    fn judge<R>(
        &mut self,
        of: &str,
        rules: &[R],
        check: impl Fn(&R) -> Option<Wrong>,
    ) -> Result<(), Stop> {
        for wrong in rules.iter().filter_map(check) {
            self.violation(&format!("{of}.{}", wrong.rule), wrong.says)?;
            if self.extent == Extent::AsTold {
                break;
            }
        }
        Ok(())
    }

    /// Asks rules in CEL, unless a value is refused already since `known` violations.
    fn express(
        &mut self,
        programs: &[Program],
        known: usize,
        this: impl FnOnce(&Source) -> Result<Cel, Malformed>,
    ) -> Result<(), Stop> {
        let is_refused = self.extent == Extent::AsTold && self.violations.len() > known;
        if programs.is_empty() || !self.checking || is_refused {
            return Ok(());
        }
        let now = self.rules.clock.as_ref().map(Clock::now);
        let this = this(&Source(self.rules.tables.clone()))?;
        for program in programs {
            let says = match program.check(this.clone(), now) {
                Ok(None) => continue,
                Ok(Some(says)) => says,
                Err(error) if self.extent == Extent::Everything => {
                    self.not_evaluated.get_or_insert(error.to_string());
                    continue;
                }
                Err(_) => "has a rule that knows no answer for it".to_owned(),
            };
            self.violation(&program.id, says)?;
            if self.extent == Extent::AsTold {
                break;
            }
        }
        Ok(())
    }

    fn violation(&mut self, rule: &str, description: String) -> Result<(), Stop> {
        if !self.checking {
            return Ok(());
        }
        if self.extent == Extent::AsTold && self.violations.len() == MAX_VIOLATIONS {
            return Err(Stop::Enough);
        }
        self.violations.push(Violation {
            path: path::json(&self.path),
            description,
            field: path::proto(&self.path),
            rule: rule.to_owned(),
            for_key: self.for_key,
        });
        Ok(())
    }
}
