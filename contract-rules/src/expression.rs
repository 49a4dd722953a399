//! Rules in CEL, as far as the crate `cel` carries it. It knows no type before a value is there, so
//! that each rule is tried when it is compiled.

mod functions;
mod message;
mod presence;
mod trial;
mod value;

use std::sync::{Arc, LazyLock};

use cel::common::types::{CelBool, CelString};
use cel::{Context, Env, ExecutionError, Value};

use crate::program::{Cel, Predefined, Program};
use crate::time::Time;
use crate::written::Expression;

pub(crate) use message::Source;
pub(crate) use trial::trial;
pub(crate) use value::{of_field, of_message, of_reflected, of_value};

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(functions::env()));

impl Program {
    /// # Errors
    /// What is wrong with its text.
    pub(crate) fn compile(
        written: &Expression,
        predefined: Option<Predefined>,
    ) -> Result<Program, String> {
        let source = written.expression.clone();
        let program = ENV
            .compile(&source)
            .map_err(|mistakes| mistakes.to_string())?;
        let mut expression = program.expression().clone();
        presence::rewrite(&mut expression);
        Ok(Program {
            id: written.id.clone(),
            message: written.message.clone(),
            source,
            expression,
            predefined,
        })
    }

    /// What is wrong with a value. Without a clock there is no `now`.
    ///
    /// # Errors
    /// The expression has no answer for it.
    pub(crate) fn check(
        &self,
        this: Cel,
        now: Option<Time>,
    ) -> Result<Option<String>, ExecutionError> {
        let mut context = Context::with_env(ENV.clone());
        context.add_variable_as_val("this", this);
        if let Some(now) = now.map(value::timestamp) {
            context.add_variable_as_val("now", now);
        }
        if let Some(Predefined { rule, rules }) = &self.predefined {
            context.add_variable_as_val("rule", rule.clone());
            context.add_variable_as_val("rules", rules.clone());
        }
        let result = Value::resolve_val(&self.expression, &context)?;
        if let Some(fits) = result.downcast_ref::<CelBool>() {
            return Ok((!fits.inner()).then(|| self.says()));
        }
        if let Some(says) = result.downcast_ref::<CelString<'_>>() {
            return Ok(Some(says.inner().to_owned()).filter(|says| !says.is_empty()));
        }
        Err(ExecutionError::UnexpectedType {
            got: result.get_type().name().to_owned(),
            want: "bool or string".to_owned(),
        })
    }

    fn says(&self) -> String {
        match self.message.is_empty() {
            true => format!("must fit {}", self.source),
            false => self.message.clone(),
        }
    }
}
