//! A setting that is not from the command line itself.

use std::ffi::OsString;

use clap::Arg;

/// A flag with one of its values.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// What clap calls the flag.
    pub(super) id: String,
    pub(super) flag: String,
    /// What the flag gets; nothing if it is a matter of being there.
    pub(super) value: Option<String>,
    /// Where it stands: file and line.
    pub(super) place: String,
    /// The value has something of the environment, which is not told.
    pub(super) has_variables: bool,
}

impl Setting {
    /// Whether that value of that flag is of it.
    pub(super) fn has(&self, flag: &Arg, value: &str) -> bool {
        let text = self.value.as_deref().unwrap_or_default();
        let is_its = match flag.get_value_delimiter() {
            Some(delimiter) => text.split(delimiter).any(|part| part == value),
            None => text == value,
        };
        is_its && self.id == *flag.get_id()
    }

    /// How a command line says it.
    pub(super) fn word(&self) -> OsString {
        match &self.value {
            Some(value) => format!("--{}={value}", self.flag).into(),
            None => format!("--{}", self.flag).into(),
        }
    }
}
