//! The syntax of JSON (RFC 8259), byte by byte.

use std::borrow::Cow;

use super::fault::{Fault, Outcome};
use super::number::number_end;
use super::swar::{plain_until, put_plain};

/// A place in a JSON text. The text is UTF-8, so what stands between two quotes is too.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// How many objects and arrays are open.
    depth: usize,
    max_depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(json: &'a [u8], depth: usize, max_depth: usize) -> Outcome<Self> {
        let scanner = |text: &'a str, at| Self {
            text,
            bytes: json,
            at,
            depth,
            max_depth,
        };
        match std::str::from_utf8(json) {
            // A byte order mark says nothing more, and may be passed over (RFC 8259, section 8.1).
            Ok(text) => Ok(scanner(text, json.len() - crate::without_bom(json).len())),
            Err(error) => {
                Err(scanner("", error.valid_up_to()).malformed("invalid unicode code point"))
            }
        }
    }

    /// The next byte that is no white space; 0 at the end of the text.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        loop {
            match self.bytes.get(self.at) {
                Some(&byte) if byte > b' ' => return byte,
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(&byte) => return byte,
                None => return 0,
            }
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Outcome<()> {
        self.peek();
        match self.at == self.bytes.len() {
            true => Ok(()),
            false => Err(self.malformed("trailing characters")),
        }
    }

    /// Goes into the object or array that begins here.
    #[inline]
    pub(super) fn enter(&mut self) -> Outcome<()> {
        if self.depth >= self.max_depth {
            let deep = format!("nested more than {} deep", self.max_depth);
            return Err(Fault::new(deep));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Goes on to the first member or element, or out of the empty object or array.
    #[inline]
    pub(super) fn first(&mut self, close: u8) -> bool {
        if self.peek() == close {
            self.leave();
            return false;
        }
        true
    }

    /// Goes on to the next member or element; or out of the object or array, if there is none.
    #[inline]
    pub(super) fn next(&mut self, close: u8) -> Outcome<bool> {
        match self.peek() {
            b',' => {
                self.at += 1;
                if self.peek() == close {
                    return Err(self.malformed("trailing comma"));
                }
                Ok(true)
            }
            byte if byte == close => {
                self.leave();
                Ok(false)
            }
            _ if close == b'}' => Err(self.unexpected("expected `,` or `}`", "an object")),
            _ => Err(self.unexpected("expected `,` or `]`", "a list")),
        }
    }

    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// The key of a member, and its colon.
    pub(super) fn key(&mut self) -> Outcome<Cow<'a, str>> {
        if self.peek() != b'"' {
            return Err(self.unexpected("key must be a string", "an object"));
        }
        let key = self.string()?;
        if self.peek() != b':' {
            return Err(self.unexpected("expected `:`", "an object"));
        }
        self.at += 1;
        Ok(key)
    }

    /// A fault in the member whose key begins at `start`.
    #[cold]
    pub(super) fn in_member(&self, start: usize, fault: Box<Fault>) -> Box<Fault> {
        let mut scan = self.clone();
        scan.at = start;
        match scan.key() {
            Ok(key) => fault.in_field(&key),
            Err(malformed) => malformed,
        }
    }

    /// The string that begins here, at its quote.
    #[inline]
    pub(super) fn string(&mut self) -> Outcome<Cow<'a, str>> {
        let start = self.at + 1;
        let end = plain_until(self.bytes, start);
        if self.bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Cow::Borrowed(&self.text[start..end]));
        }
        let mut owned = Vec::new();
        self.string_into(&mut owned)?;
        let owned = String::from_utf8(owned);
        Ok(Cow::Owned(
            owned.expect("escapes stand for whole characters"),
        ))
    }

    /// Appends what the string that begins here stands for. It is UTF-8.
    #[inline(always)]
    pub(super) fn string_into(&mut self, out: &mut Vec<u8>) -> Outcome<()> {
        self.at += 1;
        loop {
            self.at = put_plain(self.bytes, self.at, out);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => self.special(out)?,
            }
        }
    }

    /// What stands in a string and is no plain character.
    #[inline(never)]
    fn special(&mut self, out: &mut Vec<u8>) -> Outcome<()> {
        match self.bytes.get(self.at) {
            Some(b'\\') => self.escape(out),
            Some(_) => {
                let problem = "control character (\\u0000-\\u001F) found while parsing a string";
                Err(self.malformed(problem))
            }
            None => Err(self.malformed("EOF while parsing a string")),
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Outcome<()> {
        let Some(&escaped) = self.bytes.get(self.at + 1) else {
            self.at += 1;
            return Err(self.malformed("EOF while parsing a string"));
        };
        let byte = match escaped {
            b'"' | b'\\' | b'/' => escaped,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let c = self.code_point()?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => {
                self.at += 1;
                return Err(self.malformed("invalid escape"));
            }
        };
        out.push(byte);
        self.at += 2;
        Ok(())
    }

    /// `\uXXXX`, or two of them that are a surrogate pair. Half a pair is no character.
    fn code_point(&mut self) -> Outcome<char> {
        let first = self.hex()?;
        let code = match first {
            0xDC00..=0xDFFF => return Err(self.malformed("lone surrogate found")),
            0xD800..=0xDBFF => {
                if !self.bytes[self.at..].starts_with(b"\\u") {
                    return Err(self.malformed("unexpected end of hex escape"));
                }
                let second = self.hex()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(self.malformed("lone surrogate found"));
                }
                0x10000 + ((first - 0xD800) << 10 | (second - 0xDC00))
            }
            code => code,
        };
        Ok(char::from_u32(code).expect("surrogates are dealt with"))
    }

    fn hex(&mut self) -> Outcome<u32> {
        self.at += 2;
        let mut code = 0;
        for _ in 0..4 {
            let digit = self
                .bytes
                .get(self.at)
                .and_then(|&byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.malformed("invalid escape"));
            };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }

    /// One of the words `null`, `true`, `false`, whose first letter is here.
    #[inline]
    pub(super) fn word(&mut self, word: &str) -> Outcome<()> {
        match self.bytes[self.at..].starts_with(word.as_bytes()) {
            true => {
                self.at += word.len();
                Ok(())
            }
            false => Err(self.malformed("expected ident")),
        }
    }

    /// The number that begins here.
    #[inline]
    pub(super) fn number(&mut self) -> Outcome<&'a str> {
        match number_end(self.bytes, self.at) {
            Some(end) => {
                let number = &self.text[self.at..end];
                self.at = end;
                Ok(number)
            }
            None => Err(self.malformed("invalid number")),
        }
    }

    /// Passes over the value that begins here, whatever it is.
    pub(super) fn skip(&mut self) -> Outcome<()> {
        match self.peek() {
            b'{' => {
                self.enter()?;
                let mut more = self.first(b'}');
                while more {
                    let key = self.key()?;
                    self.skip().map_err(|fault| fault.at_key(&key))?;
                    more = self.next(b'}')?;
                }
            }
            b'[' => {
                self.enter()?;
                let mut more = self.first(b']');
                for index in 0.. {
                    if !more {
                        break;
                    }
                    self.skip().map_err(|fault| fault.at_index(index))?;
                    more = self.next(b']')?;
                }
            }
            b'"' => drop(self.string()?),
            b'-' | b'0'..=b'9' => drop(self.number()?),
            b'n' => self.word("null")?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            _ => return Err(self.unexpected("expected value", "a value")),
        }
        Ok(())
    }

    /// The fault of a value that is not what was expected: that, or that it is no JSON.
    #[cold]
    pub(super) fn mismatch(&mut self, expected: impl Into<String>) -> Box<Fault> {
        match self.skip() {
            Ok(()) => Fault::new(expected),
            Err(malformed) => malformed,
        }
    }

    /// What is here does not belong here; or the text ends.
    #[cold]
    pub(super) fn unexpected(&self, problem: &str, inside: &str) -> Box<Fault> {
        match self.at == self.bytes.len() {
            true => self.malformed(&format!("EOF while parsing {inside}")),
            false => self.malformed(problem),
        }
    }

    #[cold]
    pub(super) fn malformed(&self, problem: &str) -> Box<Fault> {
        let before = &self.bytes[..self.bytes.len().min(self.at + 1)];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let column = before.len() - start;
        Fault::new(format!(
            "malformed JSON: {problem} at line {line} column {column}"
        ))
    }
}
