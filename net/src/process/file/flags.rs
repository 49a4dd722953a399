//! The flags of a program, by the names that a file calls them.

use clap::{Arg, ArgAction, Command};

/// How alike names have to be, of 1, for one to be meant by the other: a little more than clap wants it
/// of flags, since names of sections are short.
const LIKENESS: f64 = 0.8;

/// The flags of a program.
pub(in crate::process) struct Flags {
    all: Vec<Arg>,
    /// What the command line alone can say; the first names the file.
    own: Vec<String>,
}

impl Flags {
    pub(in crate::process) fn of(command: &Command, own: &[&str]) -> Self {
        let mut command = command.clone();
        // What clap makes of what the flags do not say themselves.
        command.build();
        let has_name = |argument: &&Arg| argument.get_long().is_some();
        let is_asked = |argument: &&Arg| {
            use ArgAction::{Help, HelpLong, HelpShort, Version};
            !matches!(argument.get_action(), Help | HelpShort | HelpLong | Version)
        };
        let all = command.get_arguments().filter(has_name).filter(is_asked);
        Self {
            all: all.cloned().collect(),
            own: own.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// Those that a file may have.
    pub(in crate::process) fn all(&self) -> impl Iterator<Item = (&str, &Arg)> {
        let all = self.all.iter();
        let named = all.filter_map(|flag| Some((flag.get_long()?, flag)));
        named.filter(|(name, _)| !self.is_own(name))
    }

    /// The flag that names the file.
    pub(super) fn file(&self) -> String {
        format!("--{}", self.own.first().map_or("", String::as_str))
    }

    pub(super) fn find(&self, name: &str) -> Option<&Arg> {
        self.all().find(|(flag, _)| *flag == name).map(|(_, it)| it)
    }

    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.iter().any(|own| own == name)
    }

    /// Whether there are flags whose names go on from this one.
    pub(super) fn is_section(&self, name: &str) -> bool {
        let goes_on = |flag: &str| {
            let rest = flag.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('-'))
        };
        self.all().any(|(flag, _)| goes_on(flag))
    }

    /// The one that somebody may have meant.
    pub(super) fn like(&self, name: &str) -> Option<&str> {
        let name = name.replace('_', "-").to_lowercase();
        let close = self
            .all()
            .map(|(flag, _)| (strsim::jaro(flag, &name), flag));
        let close = close.filter(|(likeness, _)| *likeness > LIKENESS);
        let closest = close.max_by(|(one, _), (other, _)| one.total_cmp(other));
        closest.map(|(_, flag)| flag)
    }
}

/// Whether its values are `NAME=VALUE`.
pub(in crate::process) fn takes_pairs(flag: &Arg) -> bool {
    let names = flag.get_value_names().unwrap_or_default();
    names.iter().any(|name| name.contains('='))
}

/// Whether it may be given several times.
pub(in crate::process) fn takes_several(flag: &Arg) -> bool {
    matches!(flag.get_action(), ArgAction::Append)
}

/// Whether it is a matter of being there.
pub(in crate::process) fn takes_nothing(flag: &Arg) -> bool {
    !flag.get_action().takes_values()
}
