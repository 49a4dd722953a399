//! Short names for the components, unique within the document.
//!
//! A message that requests and replies have in common is two schemas, since they promise different
//! things: a request may leave out what a reply always has, and may not hold what the contract does
//! not know. The reply's has the message's name, the request's that and `Input`.

use std::collections::{BTreeMap, HashMap, HashSet};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::field::is_well_known;

/// What a schema is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Use {
    Request,
    Reply,
}

/// The components that no message makes; `Error` is what generators call something of their own.
const TAKEN: [&str; 6] = [
    "Error",
    "ErrorDetail",
    "ErrorReply",
    "ErrorStatus",
    "FieldViolation",
    "Reason",
];

/// Everything that messages are made of, the messages included.
#[derive(Default)]
pub(super) struct Reachable {
    /// By full name, the package.
    messages: BTreeMap<String, String>,
    enums: BTreeMap<String, String>,
}

impl Reachable {
    pub(super) fn add(&mut self, message: &MessageDescriptor) {
        let name = message.full_name().to_owned();
        let package = message.package_name().to_owned();
        if is_well_known(message) || self.messages.insert(name, package).is_some() {
            return;
        }
        for field in message.fields() {
            self.add_field(&field);
        }
    }

    pub(super) fn add_field(&mut self, field: &FieldDescriptor) {
        match field.kind() {
            Kind::Message(message) => self.add(&message),
            Kind::Enum(values) => {
                let package = values.package_name().to_owned();
                self.enums.insert(values.full_name().to_owned(), package);
            }
            _ => {}
        }
    }

    /// Of a message that may be spread over a query, what has a component there.
    pub(super) fn add_enums(&mut self, message: &MessageDescriptor) {
        let mut inner = Self::default();
        inner.add(message);
        self.enums.extend(inner.enums);
    }
}

/// From full names to names of components; enums are the same in requests and replies.
pub(super) struct Names {
    messages: HashMap<(String, Use), String>,
    enums: HashMap<String, String>,
    taken: HashSet<String>,
}

/// Something that needs a name: for an enum, of no use.
type Subject = (String, Option<Use>);

impl Names {
    /// The name without its package; where two would be the same, with the package's last word that is
    /// no version before it; where that is not enough, the full names.
    pub(super) fn new(requests: &Reachable, replies: &Reachable) -> Self {
        let mut candidates: Vec<(Subject, [String; 3])> = Vec::new();
        let mut add = |full: &str, package: &str, of: Option<Use>| {
            let short = full.strip_prefix(package).unwrap_or(full).replace('.', "");
            let is_shared = replies.messages.contains_key(full);
            let (own, suffix) = match of {
                Some(Use::Request) if is_shared => (short, "Input"),
                Some(Use::Reply) => (reply(&short), ""),
                _ => (short, ""),
            };
            let names = [
                format!("{own}{suffix}"),
                format!("{}{own}{suffix}", qualifier(package)),
                format!("{full}{suffix}"),
            ];
            candidates.push(((full.to_owned(), of), names));
        };
        for (full, package) in &requests.messages {
            add(full, package, Some(Use::Request));
        }
        for (full, package) in &replies.messages {
            add(full, package, Some(Use::Reply));
        }
        let enums: BTreeMap<_, _> = requests.enums.iter().chain(&replies.enums).collect();
        for (full, package) in enums {
            add(full, package, None);
        }
        let mut names = Self {
            messages: HashMap::new(),
            enums: HashMap::new(),
            taken: TAKEN
                .into_iter()
                .flat_map(|name| [name.to_owned(), format!("{name}Input")])
                .collect(),
        };
        for level in 0..3 {
            let mut count: HashMap<String, usize> = HashMap::new();
            for (_, of_level) in &candidates {
                *count.entry(of_level[level].clone()).or_default() += 1;
            }
            candidates.retain(|((full, of), own)| {
                let name = &own[level];
                let is_free = count[name] == 1 && names.taken.insert(name.clone());
                if is_free {
                    let full = full.clone();
                    match of {
                        Some(of) => names.messages.insert((full, *of), name.clone()),
                        None => names.enums.insert(full, name.clone()),
                    };
                }
                !is_free
            });
        }
        names
    }

    pub(super) fn of(&self, message: &MessageDescriptor, of: Use) -> String {
        let full = message.full_name().to_owned();
        let name = self.messages.get(&(full.clone(), of));
        name.cloned().unwrap_or(full)
    }

    pub(super) fn of_enum(&self, values: &EnumDescriptor) -> String {
        let full = values.full_name();
        self.enums.get(full).map_or(full, String::as_str).to_owned()
    }

    pub(super) fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
    }
}

/// Generators make an `XResponse` of their own for each operation.
fn reply(name: &str) -> String {
    match name.strip_suffix("Response") {
        Some(short) if !short.is_empty() => format!("{short}Reply"),
        _ => name.to_owned(),
    }
}

/// `Orders` of `tradewind.orders.v1`.
pub(super) fn qualifier(package: &str) -> String {
    let is_version = |word: &&str| {
        word.strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let word = package
        .rsplit('.')
        .find(|word| !is_version(word))
        .unwrap_or_default();
    capitalized(word)
}

/// `Orders` of `orders`.
pub(super) fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
