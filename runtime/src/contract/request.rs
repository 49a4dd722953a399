//! The message of a method's requests, and what the contract says of it beyond its type.

use std::sync::{Arc, OnceLock};

use contract_rules::{Rules, Size};
use prost_reflect::MessageDescriptor;

use super::rules::compiler;

/// What a method is asked by. Rules are compiled when they are first asked for, since they take memory:
/// whoever only calls needs no more than how large a request may be, and whoever stands in front of
/// other people's methods not even that.
#[derive(Debug)]
pub struct Request {
    message: MessageDescriptor,
    rules: OnceLock<Result<Arc<Rules>, Vec<String>>>,
    largest: OnceLock<Option<Size>>,
}

impl Request {
    pub(super) fn of(message: MessageDescriptor) -> Request {
        Request {
            message,
            rules: OnceLock::new(),
            largest: OnceLock::new(),
        }
    }

    /// The message.
    pub fn message(&self) -> &MessageDescriptor {
        &self.message
    }

    /// The rules of its fields.
    ///
    /// # Errors
    /// Those that cannot be checked.
    pub fn rules(&self) -> Result<&Rules, &[String]> {
        let rules = self.rules.get_or_init(|| self.compiled()).as_ref();
        rules.map(|rules| &**rules).map_err(Vec::as_slice)
    }

    /// The most bytes that the rules allow, with room to spare; none if they do not tell
    /// ([`Rules::largest`]).
    pub fn largest(&self) -> Option<Size> {
        let of = |rules: &Result<Arc<Rules>, _>| rules.as_ref().ok()?.largest();
        *self.largest.get_or_init(|| match self.rules.get() {
            Some(rules) => of(rules),
            None => of(&self.compiled()),
        })
    }

    fn compiled(&self) -> Result<Arc<Rules>, Vec<String>> {
        compiler(self.message.parent_pool()).rules(&self.message)
    }
}
