//! Rules in CEL.

use prost_reflect::{DynamicMessage, Value};

use super::Pass;
use crate::expression::of_reflected;
use crate::program::{Predefined, Program};
use crate::written::{Expression, Written, predefined};

impl Pass<'_> {
    pub(super) fn programs(&mut self, at: &str, written: &Written) -> Vec<Program> {
        let mut programs = self.compiled(at, &written.expressions, None);
        if let Some((_, rules)) = &written.typed {
            programs.extend(self.predefined(at, rules));
        }
        programs
    }

    fn predefined(&mut self, at: &str, rules: &DynamicMessage) -> Vec<Program> {
        let all = of_reflected(&Value::Message(rules.clone()));
        let added = predefined(rules).into_iter();
        let programs = added.flat_map(|(value, expressions)| {
            let predefined = Predefined {
                rule: of_reflected(&value),
                rules: all.clone(),
            };
            self.compiled(at, &expressions, Some(&predefined))
        });
        programs.collect()
    }

    pub(super) fn compiled(
        &mut self,
        at: &str,
        expressions: &[Expression],
        predefined: Option<&Predefined>,
    ) -> Vec<Program> {
        let programs = expressions.iter().filter_map(|written| {
            let program = Program::compile(written, predefined.cloned());
            let refused =
                program.map_err(|why| self.unsupported(at, &format!("{}: {why}", written.id)));
            refused.ok()
        });
        programs.collect()
    }
}
