//! The headers of a part.

use super::{MultipartError, Part, wrong};

/// A part by its headers, each of them behind a line break.
pub(super) fn part(headers: &str) -> Result<Part, MultipartError> {
    let mut part = Part::default();
    let mut is_named = false;
    for line in headers.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| wrong("a header without a colon"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-type") {
            part.content_type = value.to_owned();
        } else if name.eq_ignore_ascii_case("content-disposition") {
            let (kind, parameters) = value.split_once(';').unwrap_or((value, ""));
            if !kind.trim().eq_ignore_ascii_case("form-data") {
                return Err(wrong("a part that is no form-data"));
            }
            let name = parameter(parameters, "name");
            is_named = name.is_some();
            part.name = name.unwrap_or_default();
            part.file_name = parameter(parameters, "filename");
        } else if name.eq_ignore_ascii_case("content-transfer-encoding")
            && !["binary", "8bit", "7bit"].contains(&value.to_ascii_lowercase().as_str())
        {
            // RFC 7578 section 4.7: deprecated, and nobody's browser sends it.
            return Err(wrong("a part in a content-transfer-encoding"));
        }
    }
    match is_named {
        true => Ok(part),
        false => Err(wrong("a part without a name")),
    }
}

/// The parameter of that name in `a=b; c="d"`. In quotes, a backslash takes the next quote or
/// backslash as it is.
pub(super) fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_matches([' ', '\t', ';']);
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (value, after) = after.split_once(';').unwrap_or((after, ""));
                (value.trim().to_owned(), after)
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// What stands before the closing quote, and what after; none if there is none.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push('\\'),
            },
            other => value.push(other),
        }
    }
    None
}
