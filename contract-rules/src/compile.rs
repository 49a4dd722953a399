//! Descriptors to tables. A rule that is not known here refuses the start: it would hold nowhere.

mod expressions;
mod fields;
mod lists;
mod messages;
mod numbers;
mod reading;
mod texts;
mod values;
mod wellknown;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, MessageDescriptor};

use crate::expression::{Source, trial};
use crate::requests::TextOf;
use crate::rules::{Clock, Rules};
use crate::table::Table;

/// Compiles rules from descriptors.
#[derive(Debug)]
pub struct Compiler {
    message: Option<ExtensionDescriptor>,
    oneof: Option<ExtensionDescriptor>,
    requests: Option<TextOf>,
    clock: Option<Clock>,
}

impl Compiler {
    /// A compiler for the messages of a pool.
    #[must_use]
    pub fn new(pool: &DescriptorPool) -> Compiler {
        let extension = |name| pool.get_extension_by_name(name);
        Compiler {
            message: extension("buf.validate.message"),
            oneof: extension("buf.validate.oneof"),
            requests: None,
            clock: None,
        }
    }

    /// The same for requests. Fields that are OUTPUT_ONLY are ignored in them, so their rules are not
    /// asked (AIP-203). No text may hold U+0000, which Postgres does not store. And texts of a kind
    /// hold to it.
    #[must_use]
    pub fn for_requests(self, texts: TextOf) -> Compiler {
        let requests = Some(texts);
        Compiler { requests, ..self }
    }

    /// The same with a clock, without which no rule that asks for the time can be checked.
    #[must_use]
    pub fn with_clock(self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Compiler {
        let clock = Some(Clock(Arc::new(now)));
        Compiler { clock, ..self }
    }

    /// The rules of a message.
    ///
    /// # Errors
    /// The rules that cannot be checked.
    pub fn rules(&self, message: &MessageDescriptor) -> Result<Arc<Rules>, Vec<String>> {
        let mut pass = Pass {
            compiler: self,
            tables: Vec::new(),
            places: HashMap::new(),
            mistakes: Vec::new(),
        };
        pass.table(message);
        let Pass {
            tables,
            mut mistakes,
            ..
        } = pass;
        let tables = Arc::new(tables);
        if mistakes.is_empty() {
            let now = self.clock.as_ref().map(Clock::now);
            mistakes = trial(&Source(tables.clone()), now);
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Arc::new(Rules {
            tables,
            refuse_nul: self.requests.is_some(),
            clock: self.clock.clone(),
        }))
    }
}

struct Pass<'c> {
    compiler: &'c Compiler,
    tables: Vec<Table>,
    places: HashMap<String, usize>,
    mistakes: Vec<String>,
}

impl Pass<'_> {
    fn unsupported(&mut self, name: &str, rule: &str) {
        self.mistakes
            .push(format!("{name}: the rule {rule} cannot be checked"));
    }
}
