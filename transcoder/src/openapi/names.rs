//! Short names for the components, unique within the document.

use std::collections::{BTreeMap, HashMap, HashSet};

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor};

use crate::field::is_well_known;

/// Everything that a message is made of, the message included.
#[derive(Default)]
pub(super) struct Reachable {
    messages: HashSet<String>,
    /// By full name, the package.
    packages: BTreeMap<String, String>,
}

impl Reachable {
    pub(super) fn add(&mut self, message: &MessageDescriptor) {
        if is_well_known(message) || !self.messages.insert(message.full_name().to_owned()) {
            return;
        }
        if !message.is_map_entry() {
            let package = message.package_name().to_owned();
            self.packages
                .insert(message.full_name().to_owned(), package);
        }
        for field in message.fields() {
            match field.kind() {
                Kind::Message(message) => self.add(&message),
                Kind::Enum(values) => self.add_enum(&values),
                _ => {}
            }
        }
    }

    fn add_enum(&mut self, values: &EnumDescriptor) {
        let package = values.package_name().to_owned();
        self.packages.insert(values.full_name().to_owned(), package);
    }

    /// The full names of the messages.
    pub(super) fn into_messages(self) -> HashSet<String> {
        self.messages
    }
}

/// From full names to names of components.
pub(super) struct Names(HashMap<String, String>);

impl Names {
    /// The name without its package; where two would be the same, with the package's last word that is
    /// no version before it; where that is not enough, the full names.
    pub(super) fn new(reachable: &Reachable) -> Self {
        let mut candidates: Vec<(String, [String; 3])> = Vec::new();
        for (full, package) in &reachable.packages {
            let own = full
                .strip_prefix(package.as_str())
                .unwrap_or(full)
                .replace('.', "");
            let with_package = format!("{}{own}", qualifier(package));
            candidates.push((full.clone(), [own, with_package, full.clone()]));
        }
        let mut names = HashMap::new();
        let mut taken = HashSet::from(["Error".to_owned()]);
        for level in 0..3 {
            let mut count: HashMap<String, usize> = HashMap::new();
            for (_, names) in &candidates {
                *count.entry(names[level].clone()).or_default() += 1;
            }
            candidates.retain(|(full, own)| {
                let name = &own[level];
                let is_free = count[name] == 1 && !taken.contains(name);
                if is_free {
                    names.insert(full.clone(), name.clone());
                    taken.insert(name.clone());
                }
                !is_free
            });
        }
        Self(names)
    }

    pub(super) fn of<'a>(&'a self, full_name: &'a str) -> &'a str {
        self.0.get(full_name).map_or(full_name, String::as_str)
    }
}

/// `Orders` of `tradewind.orders.v1`.
fn qualifier(package: &str) -> String {
    let is_version = |word: &&str| {
        word.strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let word = package
        .rsplit('.')
        .find(|word| !is_version(word))
        .unwrap_or_default();
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}
