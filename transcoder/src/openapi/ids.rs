//! Operation ids: what generated clients call their functions.

use std::collections::{HashMap, HashSet};

use prost_reflect::MethodDescriptor;

use super::Shown;
use super::names::qualifier;

/// In lowerCamelCase, unique within the document.
pub(super) struct Ids {
    /// By full name of the method.
    names: HashMap<String, String>,
    taken: HashSet<String>,
    /// The methods that have been seen.
    seen: HashSet<String>,
}

impl Ids {
    /// A method's own name; where two services have it, with the service's before it, and where that
    /// is not enough, the package's. So the order of the routes does not matter.
    pub(super) fn new(shown: &[Shown<'_>]) -> Self {
        let methods: HashMap<_, _> = shown
            .iter()
            .map(|shown| shown.route.method())
            .map(|method| (method.full_name().to_owned(), method))
            .collect();
        let mut left: Vec<_> = methods.into_iter().collect();
        let mut names = HashMap::new();
        for level in [own, with_service, with_package, whole] {
            let mut count: HashMap<String, usize> = HashMap::new();
            for (_, method) in &left {
                *count.entry(level(method)).or_default() += 1;
            }
            left.retain(|(full, method)| {
                let name = level(method);
                let is_unique = count[&name] == 1 && !names.values().any(|taken| *taken == name);
                if is_unique {
                    names.insert(full.clone(), name);
                }
                !is_unique
            });
        }
        let taken = names.values().cloned().collect();
        Self {
            names,
            taken,
            seen: HashSet::new(),
        }
    }

    /// Of the next binding of the method: those after the first get a number.
    pub(super) fn next(&mut self, method: &MethodDescriptor) -> String {
        let full = method.full_name();
        let name = self.names.get(full).map_or(full, String::as_str).to_owned();
        if self.seen.insert(full.to_owned()) {
            return name;
        }
        let mut id = name.clone();
        let mut number = 1;
        while !self.taken.insert(id.clone()) {
            number += 1;
            id = format!("{name}{number}");
        }
        id
    }
}

fn own(method: &MethodDescriptor) -> String {
    camel(method.name())
}

fn with_service(method: &MethodDescriptor) -> String {
    camel(&format!(
        "{}{}",
        method.parent_service().name(),
        method.name()
    ))
}

fn with_package(method: &MethodDescriptor) -> String {
    let service = method.parent_service();
    let package = qualifier(service.package_name());
    camel(&format!("{package}{}{}", service.name(), method.name()))
}

fn whole(method: &MethodDescriptor) -> String {
    method.full_name().replace('.', "_")
}

/// `createOrder` of `CreateOrder`, `httpGet` of `HTTPGet`.
fn camel(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let is_capital = |at: usize| letters.get(at).is_some_and(char::is_ascii_uppercase);
    let lower = |(at, letter): (usize, &char)| {
        // The last capital of several begins the next word.
        let within = (0..=at).all(is_capital);
        let begins = at > 0 && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if within && !begins {
            letter.to_ascii_lowercase()
        } else {
            *letter
        }
    };
    letters.iter().enumerate().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::camel;

    #[test]
    fn the_first_word_is_in_lower_case() {
        for (name, expected) in [
            ("CreateOrder", "createOrder"),
            ("GetJwks", "getJwks"),
            ("HTTPGet", "httpGet"),
            ("GET", "get"),
            ("already", "already"),
            ("V1Get", "v1Get"),
            ("A", "a"),
        ] {
            assert_eq!(camel(name), expected);
        }
    }
}
