//! Secrets in files, as containers are given them: where a flag's variable is `DATABASE_URL` and its
//! values are secrets, `DATABASE_URL_FILE` names a file with one. The images of Postgres and of others
//! have it so.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

use clap::Command;
use clap::parser::ValueSource;

use super::given::given;

/// The words of a command line, the name first, with what such files hold; and what is wrong with
/// them. Flags and the variables themselves go before, and so does a flag whose own variable is called
/// like that of the file.
pub fn added(command: &Command, mut words: Vec<OsString>) -> (Vec<OsString>, Vec<String>) {
    let mut mistakes = Vec::new();
    let Ok(given) = given(command, &words) else {
        return (words, mistakes);
    };
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
        match std::fs::read_to_string(&path) {
            // Right behind the name: what comes last may belong to a command.
            Ok(text) => {
                let word = format!("--{flag}={}", text.trim_end_matches(['\r', '\n']));
                words.insert(words.len().min(1), word.into());
            }
            Err(error) => mistakes.push(format!(
                "{} {}: {error}",
                variable.display(),
                path.display()
            )),
        }
    }
    (words, mistakes)
}
