//! Where in a message a value stands, as a client of REST writes it.

use std::fmt::Write as _;

#[derive(Clone, Debug)]
pub(super) enum Step<'a> {
    Field(&'a str),
    Index(usize),
    Key(String),
}

pub(super) fn print(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        // Writing to a string cannot fail.
        let _ = match step {
            Step::Field(name) if path.is_empty() => write!(path, "{name}"),
            Step::Field(name) => write!(path, ".{name}"),
            Step::Index(index) => write!(path, "[{index}]"),
            Step::Key(key) => write!(path, "[{key}]"),
        };
    }
    path
}
