//! What a file says, as words of a command line.

use std::collections::BTreeSet;

use clap::Arg;

use super::flags::{Flags, takes_nothing, takes_pairs, takes_several};
use super::variables;
use super::yaml::{Content, Entry, Node};
use crate::process::setting::Setting;

/// What the file of that name says, and everything that is wrong with it.
pub(super) fn read(
    file: &str,
    root: &Node,
    flags: &Flags,
    variable: &dyn Fn(&str) -> Option<String>,
) -> (Vec<Setting>, Vec<String>) {
    let mut reader = Reader {
        file,
        flags,
        variable,
        said: BTreeSet::new(),
        settings: Vec::new(),
        mistakes: Vec::new(),
    };
    match &root.content {
        Content::Mapping(entries) => reader.section(None, entries),
        _ => reader.wrong(root.line, "expected settings, each as `flag: value`"),
    }
    (reader.settings, reader.mistakes)
}

struct Reader<'a> {
    file: &'a str,
    flags: &'a Flags,
    variable: &'a dyn Fn(&str) -> Option<String>,
    /// The flags that were there already.
    said: BTreeSet<String>,
    settings: Vec<Setting>,
    mistakes: Vec<String>,
}

impl Reader<'_> {
    fn wrong(&mut self, line: u64, what: &str) {
        self.mistakes.push(format!("{}:{line}: {what}", self.file));
    }

    fn section(&mut self, above: Option<&str>, entries: &[Entry]) {
        for Entry { line, key, value } in entries {
            let name = match above {
                Some(above) => format!("{above}-{key}"),
                None => key.clone(),
            };
            let flag = self.flags.find(&name);
            match &value.content {
                Content::Mapping(entries)
                    if !flag.is_some_and(takes_pairs) && self.flags.is_section(&name) =>
                {
                    self.section(Some(&name), entries);
                }
                _ => match flag {
                    Some(_) if !self.said.insert(name.clone()) => {
                        self.wrong(*line, &format!("{name} stands here twice"));
                    }
                    Some(flag) => self.flag(flag, &name, *line, value),
                    None => self.unknown(&name, *line),
                },
            }
        }
    }

    fn flag(&mut self, flag: &Arg, name: &str, line: u64, value: &Node) {
        match &value.content {
            Content::Text(text) => self.value(flag, name, value.line, text),
            Content::List(all) if takes_several(flag) => {
                for one in all {
                    match &one.content {
                        Content::Text(text) => self.value(flag, name, one.line, text),
                        _ => self.wrong(one.line, &format!("{name}: expected values in the list")),
                    }
                }
            }
            Content::Mapping(pairs) if takes_pairs(flag) => self.pairs(flag, name, pairs),
            Content::List(_) => self.wrong(line, &format!("{name} has one value, not a list")),
            Content::Mapping(_) => self.wrong(line, &format!("{name} has a value, not a mapping")),
            Content::Nothing => self.wrong(line, &format!("{name} has no value; leave it out")),
        }
    }

    fn pairs(&mut self, flag: &Arg, name: &str, pairs: &[Entry]) {
        for Entry { line, key, value } in pairs {
            let longer = format!("{name}-{key}");
            if self.flags.find(&longer).is_some() {
                let what = format!("{longer} is a setting of its own: it stands beside {name}");
                self.wrong(*line, &what);
                continue;
            }
            match &value.content {
                Content::Text(text) => {
                    self.value(flag, name, value.line, &format!("{key}={text}"));
                }
                _ => self.wrong(*line, &format!("{name}: {key}: expected a value")),
            }
        }
    }

    fn value(&mut self, flag: &Arg, name: &str, line: u64, text: &str) {
        let filled = match variables::fill(text, self.variable) {
            Ok(filled) => filled,
            Err(what) => return self.wrong(line, &format!("{name}: {what}")),
        };
        let mut setting = Setting {
            id: flag.get_id().to_string(),
            flag: name.to_owned(),
            value: None,
            place: format!("{}:{line}", self.file),
            has_variables: filled.has_variables,
        };
        match (takes_nothing(flag), filled.value.as_str()) {
            (false, _) => setting.value = Some(filled.value),
            (true, "true") => {}
            (true, "false") => return,
            (true, _) => return self.wrong(line, &format!("{name}: expected true or false")),
        }
        self.settings.push(setting);
    }

    fn unknown(&mut self, name: &str, line: u64) {
        let what = if self.flags.is_own(name) {
            format!("{name} belongs to the command line: --{name}")
        } else if self.flags.is_section(name) {
            format!("{name} has settings of its own: expected a mapping")
        } else {
            match self.flags.like(name) {
                Some(other) => format!("there is no setting {name}; is it {other}?"),
                None => format!("there is no setting {name}; --help lists them"),
            }
        };
        self.wrong(line, &what);
    }
}
