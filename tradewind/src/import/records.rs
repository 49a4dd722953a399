//! From text to records (RFC 4180), each with the lines that it takes. Quotes are read strictly:
//! a quote that is not closed would swallow the lines after it, so it costs its own line only, and
//! reading goes on with the next. Line ends are LF, CRLF and CR.

use std::{borrow::Cow, ops::Range};

use super::skip::Skip;

/// Lines that a record may take: a quote that is open for longer is not meant.
const MOST_LINES: usize = 20;

/// The fields of a record, or why there are none.
pub(crate) type Fields<'a> = Result<Vec<Cow<'a, str>>, Skip>;

/// Reads one record after another. Together they take every line once, in order.
pub(crate) struct Records<'a> {
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    /// Index of the first line that has not been read.
    next: usize,
    delimiter: char,
    /// How many fields a record should have, if that is known.
    fields: Option<usize>,
}

impl<'a> Records<'a> {
    pub(crate) fn new(text: &'a str, delimiter: char, fields: Option<usize>) -> Records<'a> {
        Records {
            text,
            lines: line_starts(text),
            next: 0,
            delimiter,
            fields,
        }
    }

    /// How many lines the text has.
    pub(crate) fn lines(&self) -> u64 {
        self.lines.len() as u64
    }

    /// The next record, and the numbers of its lines, the first line of the text being 1.
    pub(crate) fn next(&mut self) -> Option<(Range<u64>, Fields<'a>)> {
        let first = self.next;
        let start = *self.lines.get(first)?;
        let beyond = |line: usize| self.lines.get(line).copied().unwrap_or(self.text.len());
        let window = &self.text[start..beyond(first + MOST_LINES)];
        let (mut taken, mut fields) = (1, Err(Skip::Quote));
        if let Some((read, rest)) = record(window, self.delimiter) {
            let end = start + window.len() - rest.len();
            let lines = self.lines[first..]
                .iter()
                .take_while(|start| **start < end)
                .count()
                .max(1);
            let whole = self.fields.unwrap_or(read.len());
            let swallowed = (first..first + lines).any(|line| {
                let line = &self.text[self.lines[line]..beyond(line + 1)];
                line.matches(self.delimiter).count() + 1 >= whole
            });
            // A line that would be a record by itself is no part of a text in quotes.
            if lines == 1 || !swallowed {
                (taken, fields) = (lines, Ok(read));
            }
        }
        self.next = first + taken;
        Some((first as u64 + 1..(first + taken) as u64 + 1, fields))
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    std::iter::once(0)
        .chain(ends.map(|(at, _)| at + 1))
        .filter(|start| *start < text.len())
        .collect()
}

/// Splits the first record off a text; none if a quote is not closed, or closed before the end of
/// its field.
fn record(text: &str, delimiter: char) -> Option<(Vec<Cow<'_, str>>, &str)> {
    let ends = |c: char| c == delimiter || c == '\n' || c == '\r';
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = in_quotes(quoted)?;
                if !(after.is_empty() || after.starts_with(ends)) {
                    return None;
                }
                (Cow::Owned(field), after)
            }
            None => {
                let (field, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
                (Cow::Borrowed(field), after)
            }
        };
        fields.push(field);
        match after.strip_prefix(delimiter) {
            Some(more) => rest = more,
            None => return Some((fields, after)),
        }
    }
}

/// The text up to the closing quote, and what stands after it.
fn in_quotes(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each record as the number of its first line and its fields; `!` where there are none.
    fn read(text: &str) -> Vec<(u64, String)> {
        let mut records = Records::new(text, ',', Some(3));
        std::iter::from_fn(|| records.next())
            .map(|(lines, fields)| {
                let fields = fields.map_or("!".to_owned(), |fields| fields.join("|"));
                (lines.start, fields)
            })
            .collect()
    }

    fn rows<const N: usize>(rows: [(u64, &str); N]) -> Vec<(u64, String)> {
        rows.map(|(line, fields)| (line, fields.to_owned())).into()
    }

    #[test]
    fn every_line_end_ends_a_line_and_an_empty_line_is_one() {
        assert_eq!(
            read("a,b\r\n\nc,d\re,f\n"),
            rows([(1, "a|b"), (2, ""), (3, "c|d"), (4, "e|f")])
        );
        assert_eq!(read(""), rows([]));
        assert_eq!(read("\r\n\r\n"), rows([(1, ""), (2, "")]));
    }

    #[test]
    fn quotes_hold_delimiters_quotes_and_line_ends() {
        assert_eq!(
            read("1,\"a, \"\"b\"\"\",2\n3,\"two\r\nlines\",4\n5,\"\",6"),
            rows([(1, "1|a, \"b\"|2"), (2, "3|two\r\nlines|4"), (4, "5||6")])
        );
        assert_eq!(read("7\" nail,b\n"), rows([(1, "7\" nail|b")]));
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_its_own_line_only() {
        assert_eq!(
            read("1,\"lamp,2\n3,sofa,4\n5,bed,6\n"),
            rows([(1, "!"), (2, "3|sofa|4"), (3, "5|bed|6")])
        );
        // Another quote, further on, does not close it.
        for sofa in ["sofa\"", "\"sofa\"", "\"sofa, red\""] {
            let read = read(&format!("1,\"lamp,2\n3,{sofa},4\n5,bed,6\n"));
            assert_eq!(read.len(), 3, "{read:?}");
            assert_eq!(read[0], (1, "!".to_owned()), "{read:?}");
            assert_eq!(read[2], (3, "5|bed|6".to_owned()), "{read:?}");
        }
    }

    #[test]
    fn a_quote_is_closed_at_the_end_of_its_field_or_not_at_all() {
        assert_eq!(
            read("1,\"lamp\" red,2\n3,sofa,4\n"),
            rows([(1, "!"), (2, "3|sofa|4")])
        );
    }
}
