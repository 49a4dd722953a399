//! What is wrong, and where. The place is put together on the way back, so that only a fault pays
//! for it.

use crate::JsonError;
use crate::error::bounded;

pub(super) type Outcome<T> = Result<T, Box<Fault>>;

#[derive(Debug)]
pub(super) struct Fault {
    description: String,
    /// From the inside out.
    steps: Vec<Step>,
}

#[derive(Debug)]
pub(super) enum Step {
    Field(String),
    Index(usize),
    Key(String),
}

impl Fault {
    #[cold]
    pub(super) fn new(description: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            description: description.into(),
            steps: Vec::new(),
        })
    }

    #[cold]
    pub(super) fn in_field(mut self: Box<Self>, name: &str) -> Box<Self> {
        self.steps.push(Step::Field(name.to_owned()));
        self
    }

    #[cold]
    pub(super) fn at_index(mut self: Box<Self>, index: usize) -> Box<Self> {
        self.steps.push(Step::Index(index));
        self
    }

    #[cold]
    pub(super) fn at_key(mut self: Box<Self>, key: &str) -> Box<Self> {
        self.steps.push(Step::Key(key.to_owned()));
        self
    }
}

impl From<Box<Fault>> for JsonError {
    fn from(fault: Box<Fault>) -> Self {
        let mut path = String::new();
        for step in fault.steps.iter().rev() {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => path.extend([".", name]),
                Step::Index(index) => path.push_str(&format!("[{index}]")),
                Step::Key(key) => path.push_str(&format!("[{key:?}]")),
            }
        }
        Self {
            path: bounded(path),
            description: bounded(fault.description),
        }
    }
}
