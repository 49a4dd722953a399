//! Where in a message a value stands.

use std::fmt::Write as _;

use crate::table::Name;

/// Keys are the client's own words, and may be as long as its message: what is told of one.
const KEY_CHARACTERS: usize = 40;
/// Longer paths end in dots. A status travels in headers, whose size is limited.
const PATH_BYTES: usize = 256;

#[derive(Debug)]
pub(crate) enum Step<'a> {
    Field(&'a Name),
    Index(usize),
    Key(String),
}

/// As a client of REST writes it.
pub(crate) fn json(steps: &[Step<'_>]) -> String {
    print(steps, |name| &name.json)
}

/// As the contract names its fields.
pub(crate) fn proto(steps: &[Step<'_>]) -> String {
    print(steps, |name| &name.proto)
}

fn print(steps: &[Step<'_>], name_of: fn(&Name) -> &str) -> String {
    let mut path = String::new();
    for step in steps {
        // Writing to a string cannot fail.
        let _ = match step {
            Step::Field(name) if path.is_empty() => write!(path, "{}", name_of(name)),
            Step::Field(name) => write!(path, ".{}", name_of(name)),
            Step::Index(index) => write!(path, "[{index}]"),
            Step::Key(key) => write!(path, "[{key}]"),
        };
        if path.len() > PATH_BYTES {
            path.truncate(path.floor_char_boundary(PATH_BYTES));
            path.push_str("...");
            break;
        }
    }
    path
}

/// A key of text in quotes, as much of it as is told.
pub(crate) fn quoted(key: &str) -> String {
    match key.char_indices().nth(KEY_CHARACTERS) {
        None => format!("{key:?}"),
        Some((end, _)) => format!("{:?}...", &key[..end]),
    }
}
