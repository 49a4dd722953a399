//! Flags and environment variables, with all mistakes told at once and no secret printed.

use std::error::Error as _;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::OsStringValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Args, Command};

use super::secret_files;
use super::setting::Setting;
use crate::start::StartError;

/// Why there is no configuration.
#[derive(Debug)]
pub enum Refused {
    /// Help or the version was asked for, or clap has its own words.
    Clap(clap::Error),
    /// Everything that is wrong.
    Mistakes(Vec<String>),
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Refused {
        Refused::Clap(error)
    }
}

impl From<Refused> for StartError {
    fn from(refused: Refused) -> StartError {
        match refused {
            Refused::Mistakes(mistakes) => StartError::Config(mistakes),
            Refused::Clap(error) => {
                let text = error.to_string();
                // How the program is called stands behind it.
                let what = text.split("\n\n").next().unwrap_or_default();
                StartError::config(what.trim_start_matches("error: "))
            }
        }
    }
}

impl Refused {
    /// Prints it; the exit code is 0 for help and the version, else 2.
    #[expect(
        clippy::print_stderr,
        reason = "there are no logs before there is a configuration"
    )]
    pub fn tell(&self) -> ExitCode {
        match self {
            Refused::Clap(error) => {
                // There is nobody to tell that the terminal is gone.
                let _ = error.print();
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
            }
            Refused::Mistakes(mistakes) => {
                eprintln!("error: the configuration is wrong:");
                for mistake in mistakes {
                    eprintln!("  {mistake}");
                }
                eprintln!("\n--help lists all flags and environment variables.");
                ExitCode::from(2)
            }
        }
    }
}

/// What flags say where nobody says anything else, so that each default stands at its flag alone.
///
/// # Panics
/// When one of them has none.
pub fn defaults<C: Args>() -> C {
    let command = C::augment_args(Command::new("defaults"));
    let command = command.mut_args(|argument| argument.env(None));
    let config = command
        .try_get_matches_from(["defaults"])
        .and_then(|matches| C::from_arg_matches(&matches));
    config.unwrap_or_else(|error| panic!("a flag has no default: {error}"))
}

/// Parses as clap does, but goes on after a mistake to find the others. The values of arguments
/// with `hide_env_values` are secrets and not printed, and may be [in files](secret_files).
///
/// # Errors
/// Everything that is wrong, or what clap prints, such as help.
pub fn parse(command: Command, arguments: Vec<OsString>) -> Result<ArgMatches, Refused> {
    let (arguments, mistakes) = secret_files::added(&command, arguments);
    told_after(mistakes, parse_with(command, arguments, &[]))
}

/// What was wrong before belongs to what a parse says.
pub(super) fn told_after(
    mut mistakes: Vec<String>,
    parsed: Result<ArgMatches, Refused>,
) -> Result<ArgMatches, Refused> {
    if mistakes.is_empty() {
        return parsed;
    }
    if let Err(Refused::Mistakes(more)) = parsed {
        mistakes.extend(more);
    }
    Err(Refused::Mistakes(mistakes))
}

/// As [`parse`] without files of secrets, where some of the arguments are the settings of a file.
pub(super) fn parse_with(
    mut command: Command,
    mut arguments: Vec<OsString>,
    of_file: &[Setting],
) -> Result<ArgMatches, Refused> {
    let mut mistakes = Vec::new();
    loop {
        let error = match command.clone().try_get_matches_from(&arguments) {
            Ok(matches) if mistakes.is_empty() => return Ok(matches),
            Ok(_) => return Err(Refused::Mistakes(mistakes)),
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return Err(error.into()),
            ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
                let Some(argument) = argument_of(&command, &error) else {
                    return Err(error.into());
                };
                mistakes.push(wrong_value(&argument, &error, of_file));
                command = command.mut_arg(argument.get_id(), |argument| {
                    argument.value_parser(OsStringValueParser::new())
                });
            }
            ErrorKind::UnknownArgument => {
                let unknown = context(&error, ContextKind::InvalidArg).unwrap_or_default();
                mistakes.push(format!("there is no argument {unknown}"));
                let before = arguments.len();
                arguments.retain(|one| !is_argument(one, &unknown));
                if arguments.len() == before {
                    return Err(Refused::Mistakes(mistakes));
                }
            }
            ErrorKind::MissingRequiredArgument => {
                let missing = context(&error, ContextKind::InvalidArg).unwrap_or_default();
                mistakes.push(format!("missing: {missing}"));
                return Err(Refused::Mistakes(mistakes));
            }
            _ if mistakes.is_empty() => return Err(error.into()),
            _ => {
                mistakes.push(error.kind().to_string());
                return Err(Refused::Mistakes(mistakes));
            }
        }
    }
}

fn argument_of(command: &Command, error: &clap::Error) -> Option<clap::Arg> {
    let named = context(error, ContextKind::InvalidArg)?;
    // Written as `--listen <ADDRESS>`.
    let long = named.trim_start_matches('-').split([' ', '=']).next()?;
    let is_it = |argument: &&clap::Arg| argument.get_long() == Some(long);
    command.get_arguments().find(is_it).cloned()
}

fn wrong_value(argument: &clap::Arg, error: &clap::Error, of_file: &[Setting]) -> String {
    let value = context(error, ContextKind::InvalidValue);
    let is_its = |setting: &&Setting| setting.has(argument, value.as_deref().unwrap_or_default());
    let of_file = of_file.iter().find(is_its);
    let place = of_file.map(|setting| format!("{}: ", setting.place));
    let place = place.unwrap_or_default();
    let flag = format!("{place}--{}", argument.get_long().unwrap_or("?"));
    let variable = argument
        .get_env()
        .map(|name| format!(" ({})", name.to_string_lossy()));
    let variable = variable.unwrap_or_default();
    if of_file.is_some_and(|setting| setting.has_variables) {
        return format!("{flag}{variable}: the value is not valid with its variables filled in");
    }
    let why = match error.source() {
        Some(why) => why.to_string(),
        None => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(valid)) => format!("it must be one of {}", valid.join(", ")),
            _ => "the value is not valid".to_owned(),
        },
    };
    match value {
        Some(value) if !argument.is_hide_env_values_set() => {
            format!("{flag}{variable} {value:?}: {why}")
        }
        _ => format!("{flag}{variable}: {why}"),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        _ => None,
    }
}

fn is_argument(given: &OsString, unknown: &str) -> bool {
    let Some(given) = given.to_str() else {
        return false;
    };
    given == unknown
        || given
            .split_once('=')
            .is_some_and(|(flag, _)| flag == unknown)
}
