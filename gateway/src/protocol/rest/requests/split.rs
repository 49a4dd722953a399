//! Finds where one JSON text ends and the next begins, without reading what is in them.

use crate::failure::Failure;

/// What stands between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separation {
    /// A line break (`application/x-ndjson`). Empty lines are nothing.
    Lines,
    /// What JSON itself says: they are elements of an array, or stand one after the other.
    Syntax,
}

/// Takes values out of a stream of bytes. It holds no more than one of them.
#[derive(Debug)]
pub(super) struct Values {
    separation: Separation,
    limit: usize,
    /// The value that has not ended.
    value: Vec<u8>,
    /// Lines that have ended, or values.
    count: usize,
    array: Array,
    depth: usize,
    string: Option<Escape>,
    /// How much of a byte order mark has come, while nothing else has.
    mark: Option<usize>,
}

/// What some editors put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The array around the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Array {
    /// Nothing has come yet.
    Unknown,
    None,
    Open,
    Closed,
}

/// Whether the next character of a string means itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    No,
    Yes,
}

type Each<'a> = &'a mut dyn FnMut(String, &[u8]) -> Result<(), Failure>;

impl Values {
    /// Of at most `limit` bytes each.
    pub(super) fn new(separation: Separation, limit: usize) -> Self {
        Self {
            separation,
            limit,
            value: Vec::new(),
            count: 0,
            array: match separation {
                Separation::Lines => Array::None,
                Separation::Syntax => Array::Unknown,
            },
            depth: 0,
            string: None,
            mark: Some(0),
        }
    }

    /// Bytes of a value that has not ended.
    pub(super) fn held(&self) -> usize {
        self.value.len()
    }

    /// These bytes are next: `each` gets every value that ends in them, and its place.
    pub(super) fn push(&mut self, bytes: &[u8], each: Each<'_>) -> Result<(), Failure> {
        match self.separation {
            Separation::Lines => self.lines(bytes, each),
            Separation::Syntax => bytes
                .iter()
                .try_for_each(|byte| self.byte(*byte, &mut *each)),
        }
    }

    /// Nothing follows.
    pub(super) fn end(&mut self, each: Each<'_>) -> Result<(), Failure> {
        if self.array == Array::Open {
            return Err(Failure::malformed(format!(
                "{}: the array ends without its bracket",
                self.place()
            )));
        }
        self.value_ends(each)
    }

    fn lines(&mut self, bytes: &[u8], each: Each<'_>) -> Result<(), Failure> {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let last = lines.next_back().unwrap_or_default();
        for line in lines {
            self.extend(line)?;
            self.value_ends(&mut *each)?;
        }
        self.extend(last)
    }

    fn byte(&mut self, byte: u8, each: Each<'_>) -> Result<(), Failure> {
        if let Some(come) = self.mark {
            if byte == BYTE_ORDER_MARK[come] {
                self.mark = Some(come + 1).filter(|come| *come < BYTE_ORDER_MARK.len());
                return Ok(());
            }
            self.mark = None;
            if come > 0 {
                self.extend(&BYTE_ORDER_MARK[..come])?;
            }
        }
        if let Some(escape) = self.string {
            self.string = match (escape, byte) {
                (Escape::No, b'"') => None,
                (Escape::No, b'\\') => Some(Escape::Yes),
                _ => Some(Escape::No),
            };
            self.extend(&[byte])?;
            // A string that is a whole value, one after the other.
            return match self.string.is_none() && self.depth == 0 && self.array == Array::None {
                true => self.value_ends(each),
                false => Ok(()),
            };
        }
        match byte {
            _ if self.array == Array::Closed && !byte.is_ascii_whitespace() => Err(
                Failure::malformed("there is something after the end of the array"),
            ),
            b'[' if self.array == Array::Unknown => {
                self.array = Array::Open;
                Ok(())
            }
            b']' if self.array == Array::Open && self.depth == 0 => {
                self.array = Array::Closed;
                // `[]` and `[1,]`: the second is what a reader of JSON would refuse.
                match self.value.trim_ascii().is_empty() && self.count > 0 {
                    true => Err(self.nothing()),
                    false => self.value_ends(each),
                }
            }
            b',' if self.array == Array::Open && self.depth == 0 => {
                match self.value.trim_ascii().is_empty() {
                    true => Err(self.nothing()),
                    false => self.value_ends(each),
                }
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.extend(&[byte])
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.extend(&[byte])?;
                match self.depth == 0 && self.array == Array::None {
                    true => self.value_ends(each),
                    false => Ok(()),
                }
            }
            byte if byte.is_ascii_whitespace() => match self.depth == 0 {
                true if self.array == Array::None => self.value_ends(each),
                true if self.value.is_empty() => Ok(()),
                _ => self.extend(&[byte]),
            },
            byte => {
                self.string = (byte == b'"').then_some(Escape::No);
                self.extend(&[byte])
            }
        }
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.array == Array::Unknown {
            self.array = Array::None;
        }
        if self.value.len() + bytes.len() > self.limit {
            return Err(Failure::too_large_at(self.limit, &self.place()));
        }
        self.value.extend_from_slice(bytes);
        Ok(())
    }

    fn value_ends(&mut self, each: Each<'_>) -> Result<(), Failure> {
        let is_line = self.separation == Separation::Lines;
        if self.value.trim_ascii().is_empty() {
            self.value.clear();
            self.count += usize::from(is_line);
            return Ok(());
        }
        each(self.place(), &self.value)?;
        self.count += 1;
        self.value.clear();
        Ok(())
    }

    fn nothing(&self) -> Failure {
        Failure::malformed(format!("{}: there is nothing", self.place()))
    }

    /// The line, or the number of the message, that is not whole.
    fn place(&self) -> String {
        let kind = match self.separation {
            Separation::Lines => "line",
            Separation::Syntax => "message",
        };
        format!("{kind} {}", self.count + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values and their places, or the message of the error, however the text is cut.
    fn values(separation: Separation, text: &str) -> Result<Vec<(String, String)>, String> {
        let cut = |size: usize| {
            let (mut values, mut found) = (Values::new(separation, 20), Vec::new());
            let mut each = |place, json: &[u8]| {
                let json = std::str::from_utf8(json).unwrap().trim().to_owned();
                found.push((place, json));
                Ok(())
            };
            for piece in text.as_bytes().chunks(size) {
                values.push(piece, &mut each)?;
            }
            values.end(&mut each)?;
            Ok(found)
        };
        let results: Vec<_> = [1, 2, 3, 1000]
            .map(|size| cut(size).map_err(|failure: Failure| failure.message().to_owned()))
            .into();
        assert!(results.iter().all(|one| *one == results[0]), "{results:?}");
        results.into_iter().next().unwrap()
    }

    fn found(pairs: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let owned = |(place, json): &(&str, &str)| ((*place).to_owned(), (*json).to_owned());
        Ok(pairs.iter().map(owned).collect())
    }

    #[test]
    fn a_line_is_a_value() {
        let lines = |text| values(Separation::Lines, text);
        let two = [("line 1", r#"{"a":1}"#), ("line 3", "[2]")];
        assert_eq!(lines("{\"a\":1}\r\n\n[2]"), found(&two));
        assert_eq!(lines("{\"a\":1}\n \n[2]\n"), found(&two));
        assert_eq!(lines(""), found(&[]));
        let long = lines("1\n\"a string of more than twenty\"");
        assert!(long.unwrap_err().starts_with("line 2: "));
    }

    #[test]
    fn the_elements_of_an_array_are_values() {
        let syntax = |text| values(Separation::Syntax, text);
        let two = [
            ("message 1", r#"{"a":["]",1]}"#),
            ("message 2", r#""\"],""#),
        ];
        assert_eq!(syntax(r#" [ {"a":["]",1]} , "\"],"] "#), found(&two));
        assert_eq!(syntax("[]"), found(&[]));
        assert_eq!(syntax("\u{feff}[1]"), found(&[("message 1", "1")]));
        assert_eq!(syntax("\u{feff}"), found(&[]));
        for wrong in ["[1,]", "[,1]", "[1", "[1,,2]", "[1] 2", "["] {
            assert!(syntax(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_stand_one_after_the_other() {
        let syntax = |text| values(Separation::Syntax, text);
        let two = [("message 1", "{}"), ("message 2", r#"{"a":[1]}"#)];
        assert_eq!(syntax("{}{\"a\":[1]}"), found(&two));
        assert_eq!(syntax("{}\n\n{\"a\":[1]}\n"), found(&two));
        let three = [
            ("message 1", "1"),
            ("message 2", r#""x""#),
            ("message 3", "true"),
        ];
        assert_eq!(syntax("1 \"x\"true"), found(&three));
    }
}
