//! How requests are held against the contract: the standard rules, and the kinds of text that are
//! Tradewind's own.

use std::borrow::Cow;

use contract_rules::{Compiler, Text};
use net::clock::Clock;
use prost_reflect::{DescriptorPool, FieldDescriptor};

use crate::text::Kind;

/// A compiler of the rules of requests.
pub(super) fn compiler(pool: &DescriptorPool) -> Compiler {
    Compiler::new(pool)
        .for_requests(text_of)
        .with_clock(|| Clock::system().now().into())
}

fn text_of(field: &FieldDescriptor) -> Result<Option<&'static dyn Text>, String> {
    let kind = Kind::of(field).map_err(|number| number.to_string())?;
    Ok(kind.map(|kind| -> &'static dyn Text {
        match kind {
            Kind::Line => &Kind::Line,
            Kind::Lines => &Kind::Lines,
            Kind::Email => &Kind::Email,
        }
    }))
}

impl Text for Kind {
    fn normal<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Kind::normal(*self, text)
    }

    fn wrong(&self, text: &str) -> Option<String> {
        Kind::wrong(*self, text)
    }
}

#[cfg(test)]
mod tests;
