//! google.protobuf.Any: an object whose `@type` says what its other members are.

use std::borrow::Cow;

use super::{Reader, TYPE, TypeMember};
use crate::json::expected::expected_message;
use crate::json::fault::{Fault, Outcome};
use crate::json::table::{Form, Message};
use crate::json::wire::{close, open, put_varint};

const TOO_FAR: &str = "holds too much in front of \"@type\", too deep: put it first";

impl<'a> Reader<'a> {
    pub(super) fn any(&mut self, any: &'a Message) -> Outcome<()> {
        if self.scan.peek() != b'{' {
            return Err(self.scan.mismatch(expected_message(self.tables, any)));
        }
        // Where the members begin: the type may stand at the end.
        let mut ahead = self.scan.clone();
        self.scan.enter()?;
        let more = self.scan.first(b'}');
        ahead.enter()?;
        if !ahead.first(b'}') {
            // What has no type and no members is an Any that nobody has set.
            return Ok(());
        }
        let mut type_url: Option<Cow<'a, str>> = None;
        let first = ahead.at;
        loop {
            let is_first = ahead.at == first;
            let key = ahead.key()?;
            match key == TYPE {
                true if type_url.is_some() => {
                    return Err(Fault::new("is given twice").in_field(TYPE));
                }
                true if ahead.peek() == b'"' => type_url = Some(ahead.string()?),
                true => return Err(ahead.mismatch("expected a string").in_field(TYPE)),
                false => ahead.skip().map_err(|fault| fault.in_field(&key))?,
            }
            // Where the type comes first, as nearly always, nothing is read twice.
            if is_first && type_url.is_some() {
                let more = ahead.next(b'}')?;
                self.scan = ahead;
                return self.of_type(any, type_url, more, TypeMember::Read);
            }
            if !ahead.next(b'}')? {
                self.ahead = match self.ahead.checked_sub(ahead.at - first) {
                    Some(left) => left,
                    None => return Err(Fault::new(TOO_FAR)),
                };
                return self.of_type(any, type_url, more, TypeMember::Ahead);
            }
        }
    }

    /// The members of an Any, as from where the scanner stands.
    fn of_type(
        &mut self,
        any: &'a Message,
        type_url: Option<Cow<'a, str>>,
        more: bool,
        type_member: TypeMember,
    ) -> Outcome<()> {
        let known = type_url.and_then(|url| {
            let name = url.rsplit_once('/')?.1;
            let message = self.tables.find(name)?;
            Some((&self.tables.messages[message as usize], url))
        });
        let Some((message, url)) = known else {
            return Err(Fault::new(expected_message(self.tables, any)));
        };
        self.out.push(1 << 3 | 2);
        put_varint(self.out, url.len() as u64);
        self.out.extend_from_slice(url.as_bytes());
        let start = self.out.len();
        self.out.push(2 << 3 | 2);
        let content = open(self.out);
        match message.form {
            Form::Plain => self.members(message, more, type_member)?,
            _ => self.value_member(any, message, more, type_member)?,
        }
        match self.out.len() == content {
            true => self.out.truncate(start),
            false => close(self.out, content),
        }
        Ok(())
    }

    /// A message with a JSON of its own stands in the member `value`.
    fn value_member(
        &mut self,
        any: &'a Message,
        message: &'a Message,
        mut more: bool,
        type_member: TypeMember,
    ) -> Outcome<()> {
        // Empty is `{}` anyway.
        let mut is_given = message.form == Form::Empty;
        let mut seen = false;
        while more {
            let key = self.scan.key()?;
            match &*key {
                "value" if seen => Err(Fault::new("is given twice")),
                "value" => {
                    (seen, is_given) = (true, true);
                    self.message(message)
                }
                TYPE if type_member == TypeMember::Read => Err(Fault::new("is given twice")),
                TYPE => self.scan.skip(),
                _ if self.options.ignore_unknown_fields => self.scan.skip(),
                _ => Err(self.scan.mismatch("no such field")),
            }
            .map_err(|fault| fault.in_field(&key))?;
            more = self.scan.next(b'}')?;
        }
        match is_given {
            true => Ok(()),
            false => Err(Fault::new(expected_message(self.tables, any))),
        }
    }
}
