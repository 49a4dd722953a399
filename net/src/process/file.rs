//! A file of configuration beside flags and environment variables: it is the flags, as YAML, so that
//! nothing is said of a setting but at its flag.
//!
//! Keys are the long flags. Mappings within one another join their keys with `-`, so that
//! `body: {limit: 1}` is `--body-limit=1`; a list is the flag given several times; where a flag takes
//! `NAME=VALUE` (as its value's name in `--help` tells), a mapping of such names is the list of them.
//! `true` gives a flag that takes no value, `false` leaves it. `${NAME}` in a value is that environment
//! variable, and `$$` a dollar. Paths are, as those of flags, relative to the working directory.
//!
//! A flag goes before its environment variable, this before the file, and the file before the default.

mod flags;
mod settings;
mod variables;
mod yaml;

use std::ffi::OsString;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::arguments::{self, Refused};
use super::given::given;
use super::secret_files;
use super::setting::Setting;
pub(super) use flags::{Flags, takes_nothing, takes_pairs, takes_several};

/// What a command line, the environment and a file say together.
#[derive(Debug)]
pub struct Parsed {
    /// All of it.
    pub matches: ArgMatches,
    /// The text of the file, if there is one: by it one finds whether it has changed since.
    pub text: Option<String>,
}

/// Parses as [`arguments::parse`] does, with what the file says that the flag `own[0]` names, if it
/// names one. No flag of `own` can be in the file.
///
/// # Errors
/// As there; of what the file says, with its name and the line.
pub fn parse(command: Command, mut words: Vec<OsString>, own: &[&str]) -> Result<Parsed, Refused> {
    let given = given(&command, &words)?;
    let (secrets, mut mistakes) = secret_files::read(&command, &given);
    secret_files::add(&mut words, &secrets);
    let file = own.first().and_then(|id| given.get_one::<OsString>(id));
    let Some(file) = file else {
        let parsed = arguments::parse_with(command, words, &[]);
        let matches = arguments::told_after(mistakes, parsed)?;
        return Ok(Parsed {
            matches,
            text: None,
        });
    };
    let text = std::fs::read_to_string(file);
    let (name, flags) = (Path::new(file).display(), Flags::of(&command, own));
    let (mut settings, more) = match &text {
        Ok(text) => read(&name.to_string(), text, &flags),
        Err(error) => (
            Vec::new(),
            vec![format!("{} {name}: {error}", flags.file())],
        ),
    };
    mistakes.extend(more);
    settings.retain(|setting| {
        let source = given.value_source(&setting.id);
        let is_given = matches!(
            source,
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        );
        !is_given && secrets.iter().all(|secret| secret.id != setting.id)
    });
    words.extend(settings.iter().map(Setting::word));
    let parsed = arguments::parse_with(command, words, &settings);
    let matches = arguments::told_after(mistakes, parsed)?;
    Ok(Parsed {
        matches,
        text: text.ok(),
    })
}

fn read(name: &str, text: &str, flags: &Flags) -> (Vec<Setting>, Vec<String>) {
    match yaml::read(text) {
        Ok(root) => settings::read(name, &root, flags, &|name| std::env::var(name).ok()),
        Err(mistake) => (Vec::new(), vec![format!("{name}:{mistake}")]),
    }
}

#[cfg(test)]
mod tests;
