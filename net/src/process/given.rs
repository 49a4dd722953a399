//! What a command line says before anything is made of it.

use std::ffi::OsString;

use clap::builder::OsStringValueParser;
use clap::{ArgMatches, Command};

/// What flags and environment variables say, whatever is wrong with it. Help is not asked of these: what
/// values there are, they do not know any more.
pub(super) fn given(command: &Command, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let lenient = command
        .clone()
        .mut_args(|argument| match argument.get_action().takes_values() {
            true => argument.value_parser(OsStringValueParser::new()),
            false => argument,
        });
    let lenient = lenient.disable_help_flag(true).ignore_errors(true);
    lenient.try_get_matches_from(words)
}
