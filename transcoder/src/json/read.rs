//! JSON -> wire, in one pass: each value is written as soon as it has been read, and the lengths of
//! messages are put in front of them when they end.

use std::borrow::Cow;

use super::expected::expected;
use super::fault::{Fault, Outcome};
use super::scan::Scanner;
use super::table::{Field, Form, Kind, Message, NO_ONEOF, Shape, Tables};
use super::wire::{close, open, put_varint};
use crate::JsonOptions;

mod any;
mod free;
mod known;
mod numbers;
mod repeated;
mod scalar;
mod text;

pub(super) use text::text_field;

pub(super) struct Reader<'a> {
    tables: &'a Tables,
    options: &'a JsonOptions,
    scan: Scanner<'a>,
    out: &'a mut Vec<u8>,
    /// Of each message that is being read: a bit for each field beyond the first 64 that was given,
    /// then for each oneof the index of the member that has it, plus one.
    given: Vec<u64>,
    /// How many bytes may yet be read ahead, looking for the `@type` of an Any. It bounds the work
    /// for one Any inside of another, each with its type at the end.
    ahead: usize,
}

/// The `@type` among the members of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TypeMember {
    /// Nothing special.
    None,
    /// It has been read.
    Read,
    /// It is known already, and comes once.
    Ahead,
}

/// The member of an Any that says what the others are.
const TYPE: &str = "@type";

impl<'a> Reader<'a> {
    /// `depth` is how many objects and arrays count as open around the text.
    pub(super) fn new(
        tables: &'a Tables,
        options: &'a JsonOptions,
        json: &'a [u8],
        depth: usize,
        out: &'a mut Vec<u8>,
    ) -> Outcome<Self> {
        if json.len() > options.max_bytes {
            let large = format!("JSON of more than {} bytes", options.max_bytes);
            return Err(Fault::new(large));
        }
        out.reserve(json.len() / 2 + 16);
        Ok(Self {
            tables,
            options,
            scan: Scanner::new(json, depth, options.max_depth)?,
            out,
            given: Vec::new(),
            ahead: 8 * json.len() + (64 << 10),
        })
    }

    /// Reads all of the text as one message.
    pub(super) fn whole(mut self, message: &'a Message) -> Outcome<()> {
        self.message(message)?;
        self.scan.end()
    }

    /// Reads all of the text as the value of one field.
    pub(super) fn whole_field(mut self, field: &'a Field) -> Outcome<()> {
        self.field(field)?;
        self.scan.end()
    }

    /// Appends the content of a message.
    #[inline(always)]
    fn message(&mut self, message: &'a Message) -> Outcome<()> {
        match message.form {
            Form::Plain => self.object(message),
            _ => self.known(message),
        }
    }

    #[inline(always)]
    fn object(&mut self, message: &'a Message) -> Outcome<()> {
        if self.scan.peek() != b'{' {
            return Err(self.scan.mismatch("expected an object"));
        }
        self.scan.enter()?;
        let more = self.scan.first(b'}');
        self.members(message, more, TypeMember::None)
    }

    /// The members of an object that has been entered, up to its end.
    fn members(
        &mut self,
        message: &'a Message,
        mut more: bool,
        type_member: TypeMember,
    ) -> Outcome<()> {
        let base = self.given.len();
        self.given.resize(base + message.more_given(), 0);
        let mut given = 0;
        // Most texts have the fields in the order of the contract.
        let mut guess = 0;
        while more {
            let start = self.scan.at;
            let guessed = message.fields.get(guess).map(|field| &field.json_key);
            let index = match guessed.and_then(|key| key.begins(&self.scan.bytes[start..])) {
                Some(length) => {
                    self.scan.at += length;
                    Some(guess)
                }
                None => self.name(message, type_member)?,
            };
            if let Some(index) = index {
                guess = index + 1;
                self.member(message, index, &mut given, base)
                    .map_err(|fault| self.scan.in_member(start, fault))?;
            }
            more = self.scan.next(b'}')?;
        }
        self.given.truncate(base);
        Ok(())
    }

    /// The field that the member here is of, up to its value; `None` if the member has been passed.
    #[inline(never)]
    fn name(&mut self, message: &'a Message, type_member: TypeMember) -> Outcome<Option<usize>> {
        let key = self.scan.key()?;
        match message.by_name(&key) {
            Some(index) => return Ok(Some(index)),
            None if key == TYPE && type_member == TypeMember::Read => {
                Err(Fault::new("is given twice"))
            }
            None if key == TYPE && type_member == TypeMember::Ahead => self.scan.skip(),
            None if self.options.ignore_unknown_fields => self.scan.skip(),
            None => Err(self.scan.mismatch("no such field")),
        }
        .map_err(|fault| fault.in_field(&key))?;
        Ok(None)
    }

    /// `given` has the first 64 fields of the message; what is in `self.given` from `base` on, the
    /// others and the oneofs.
    #[inline(always)]
    fn member(
        &mut self,
        message: &'a Message,
        index: usize,
        given: &mut u64,
        base: usize,
    ) -> Outcome<()> {
        let field = &message.fields[index];
        let bit = 1 << (index % 64);
        let word = match index / 64 {
            0 => given,
            more => &mut self.given[base + more - 1],
        };
        if *word & bit != 0 {
            return Err(Fault::new("is given twice"));
        }
        *word |= bit;
        if self.scan.peek() == b'n' && !self.tables.takes_null(field) {
            return self.scan.word("null");
        }
        if field.oneof != NO_ONEOF {
            let members = base + message.more_given() - message.oneofs;
            let word = &mut self.given[members + field.oneof as usize];
            if let Some(other) = (*word as usize).checked_sub(1) {
                let other = &message.fields[other].json_name;
                return Err(Fault::new(format!(
                    "excludes {other:?}, which is given too"
                )));
            }
            *word = index as u64 + 1;
        }
        self.present(field)
    }

    /// The value of a field, or null for none.
    fn field(&mut self, field: &'a Field) -> Outcome<()> {
        if self.scan.peek() == b'n' && !self.tables.takes_null(field) {
            return self.scan.word("null");
        }
        self.present(field)
    }

    #[inline(always)]
    fn present(&mut self, field: &'a Field) -> Outcome<()> {
        match field.shape {
            Shape::Implicit => {
                let start = self.out.len();
                put_varint(self.out, u64::from(field.tag));
                let content = self.out.len();
                self.content(field)?;
                // Each type's zero is written as zeros alone, and nothing else is.
                if self.out[content..].iter().all(|&byte| byte == 0) {
                    self.out.truncate(start);
                }
                Ok(())
            }
            Shape::Explicit => self.record(field),
            Shape::List => self.list(field),
            Shape::Packed => self.packed(field),
            Shape::Map => self.map(field),
        }
    }

    /// One value with its tag; nothing, if it is to be ignored.
    #[inline(always)]
    fn record(&mut self, field: &'a Field) -> Outcome<()> {
        if field.is_item {
            return self.item(field);
        }
        let start = self.out.len();
        put_varint(self.out, u64::from(field.tag));
        let content = self.out.len();
        self.content(field)?;
        if self.out.len() == content {
            self.out.truncate(start);
        }
        Ok(())
    }

    /// What stands behind the tag of a record.
    #[inline(always)]
    fn content(&mut self, field: &'a Field) -> Outcome<()> {
        match field.kind {
            Kind::String => self.string(field),
            Kind::Message => {
                let content = open(self.out);
                self.message(self.tables.message(field))?;
                close(self.out, content);
                Ok(())
            }
            Kind::Group => {
                self.message(self.tables.message(field))?;
                put_varint(self.out, u64::from(field.end_tag()));
                Ok(())
            }
            Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 => self.varint(field),
            _ => self.scalar(field),
        }
    }

    /// An item of a message set (descriptor.proto): a group with the number of the extension and the
    /// message.
    #[cold]
    fn item(&mut self, field: &'a Field) -> Outcome<()> {
        self.out.extend_from_slice(&[1 << 3 | 3, 2 << 3]);
        put_varint(self.out, u64::from(field.number));
        self.out.push(3 << 3 | 2);
        let content = open(self.out);
        self.message(self.tables.message(field))?;
        close(self.out, content);
        self.out.push(1 << 3 | 4);
        Ok(())
    }

    /// The string that stands here, where nothing else may stand.
    fn text(&mut self, expected: &str) -> Outcome<Cow<'a, str>> {
        match self.scan.peek() {
            b'"' => self.scan.string(),
            _ => Err(self.scan.mismatch(expected)),
        }
    }

    #[cold]
    fn mismatch(&mut self, field: &Field) -> Box<Fault> {
        self.scan.mismatch(expected(self.tables, field))
    }

    #[cold]
    fn wrong(&self, field: &Field) -> Box<Fault> {
        Fault::new(expected(self.tables, field))
    }
}
