//! Which fields a JSON text mentions.

use super::fault::{Fault, Outcome};
use super::scan::Scanner;
use super::table::{Message, Shape, Tables};
use super::{FieldRef, MessageType};

/// How a field that is mentioned is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mention {
    /// Not at all.
    Passed,
    /// By its own path, whatever is within it.
    Whole,
    /// By the paths of what is mentioned within it.
    Within,
    /// The same of JSON without fields, by its keys; of an empty object nothing.
    Keys,
}

/// The most bytes that the paths of one text may have: by keys, a text can name one long key again
/// and again.
const MAX_BYTES: usize = 1 << 20;

/// The walk through a text that has been accepted as a message.
pub(super) struct Mentions<'a> {
    tables: &'a Tables,
    scan: Scanner<'a>,
    /// How a field is told, at the end of its way in proto names.
    how: &'a dyn Fn(FieldRef, &[&str]) -> Mention,
    way: Vec<&'a str>,
    paths: Vec<String>,
    bytes: usize,
}

impl<'a> Mentions<'a> {
    pub(super) fn new(
        tables: &'a Tables,
        scan: Scanner<'a>,
        how: &'a dyn Fn(FieldRef, &[&str]) -> Mention,
    ) -> Self {
        Self {
            tables,
            scan,
            how,
            way: Vec::new(),
            paths: Vec::new(),
            bytes: 0,
        }
    }

    /// The paths to the innermost fields that are mentioned, in proto names.
    pub(super) fn of(mut self, message: MessageType) -> Outcome<Vec<String>> {
        let table = &self.tables.messages[message.0 as usize];
        match self.scan.peek() {
            b'{' => drop(self.object(message, table)?),
            _ => self.scan.skip()?,
        }
        Ok(self.paths)
    }

    /// Whether the object has any members.
    fn object(&mut self, message: MessageType, table: &'a Message) -> Outcome<bool> {
        self.scan.enter()?;
        let is_full = self.scan.first(b'}');
        let mut more = is_full;
        while more {
            let key = self.scan.key()?;
            match table.by_name(&key) {
                Some(index) => self.member(message, table, index)?,
                None => self.scan.skip()?,
            }
            more = self.scan.next(b'}')?;
        }
        Ok(is_full)
    }

    fn member(&mut self, message: MessageType, table: &'a Message, index: usize) -> Outcome<()> {
        let field = &table.fields[index];
        let known = FieldRef {
            message: message.0,
            field: index,
        };
        self.way.push(&field.proto_name);
        let has_fields = field.shape == Shape::Explicit
            && field.is_message()
            && self.tables.message(field).is_plain();
        let how = (self.how)(known, &self.way);
        if how == Mention::Passed {
            self.scan.skip()?;
        } else if how == Mention::Keys {
            self.keys(&self.way.join("."))?;
        } else if how == Mention::Whole || !has_fields || self.scan.peek() != b'{' {
            self.scan.skip()?;
            self.paths.push(self.way.join("."));
        } else if !self.object(MessageType(field.target), self.tables.message(field))? {
            self.paths.push(self.way.join("."));
        }
        self.way.pop();
        Ok(())
    }

    /// The paths to all that is no object, by their keys.
    fn keys(&mut self, way: &str) -> Outcome<()> {
        if self.scan.peek() != b'{' {
            self.bytes += way.len();
            if self.bytes > MAX_BYTES {
                let large =
                    format!("its paths are more than {MAX_BYTES} bytes: send an update mask");
                return Err(Fault::new(large));
            }
            self.paths.push(way.to_owned());
            return self.scan.skip();
        }
        self.scan.enter()?;
        let mut more = self.scan.first(b'}');
        while more {
            let key = self.scan.key()?;
            self.keys(&format!("{way}.{key}"))?;
            more = self.scan.next(b'}')?;
        }
        Ok(())
    }
}
