//! Secrets in files, as containers are given them: where a flag's variable is `DATABASE_URL` and its
//! values are secrets, `DATABASE_URL_FILE` names a file with one. The images of Postgres and of others
//! have it so.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::given::given;
use super::setting::Setting;

/// The words of a command line, the name first, with what such files hold; and what is wrong with
/// them. Flags and the variables themselves go before, and so does a flag whose own variable is called
/// like that of the file.
pub fn added(command: &Command, mut words: Vec<OsString>) -> (Vec<OsString>, Vec<String>) {
    let Ok(given) = given(command, &words) else {
        return (words, Vec::new());
    };
    let (secrets, mistakes) = read(command, &given);
    add(&mut words, &secrets);
    (words, mistakes)
}

/// Adds them to a command line, right behind the name: what comes last may belong to a command.
pub(super) fn add(words: &mut Vec<OsString>, secrets: &[Setting]) {
    let place = words.len().min(1);
    words.splice(place..place, secrets.iter().map(Setting::word));
}

/// What such files hold, beside what is given already; and what is wrong with them.
pub(super) fn read(command: &Command, given: &ArgMatches) -> (Vec<Setting>, Vec<String>) {
    let (mut read, mut mistakes) = (Vec::new(), Vec::new());
    let variables: BTreeSet<&OsStr> = command
        .get_arguments()
        .filter_map(|it| it.get_env())
        .collect();
    let secrets = command
        .get_arguments()
        .filter(|it| it.is_hide_env_values_set());
    for secret in secrets {
        let (Some(variable), Some(flag)) = (secret.get_env(), secret.get_long()) else {
            continue;
        };
        let variable = [variable, OsStr::new("_FILE")].join(OsStr::new(""));
        let source = given.value_source(secret.get_id().as_str());
        let is_given = source.is_some_and(|source| source != ValueSource::DefaultValue);
        if is_given || variables.contains(variable.as_os_str()) {
            continue;
        }
        let Some(path) = std::env::var_os(&variable) else {
            continue;
        };
        let place = format!("{} {}", variable.display(), path.display());
        match std::fs::read_to_string(&path) {
            Ok(text) => read.push(Setting {
                id: secret.get_id().to_string(),
                flag: flag.to_owned(),
                value: Some(text.trim_end_matches(['\r', '\n']).to_owned()),
                place,
                has_variables: false,
            }),
            Err(error) => mistakes.push(format!("{place}: {error}")),
        }
    }
    (read, mistakes)
}
