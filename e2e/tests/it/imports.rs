//! What a file of Rust names of other modules, as far as a pattern can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

static NO_CODE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r##"(?s)//[^\n]*|'(\\.|[^'\\])'|r#+".*?"#+|"(\\.|[^"\\])*""##));
static USE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?-u:\b)use\s+([^;]+);"));
static PATH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?-u:\b)[a-z_][a-zA-Z0-9_]*(::[a-zA-Z0-9_]+)+"));
/// Where the tests of a file begin that stand in it.
static TESTS: LazyLock<Regex> = LazyLock::new(|| pattern(r"#\[cfg\(test\)\]\s*mod [a-z_]+ \{"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// The names of a path: `["crate", "server", "policy"]`.
pub(crate) type Names = Vec<String>;

/// What is imported, and what is named by a path where it is used.
#[derive(Default)]
pub(crate) struct Imports {
    /// All paths.
    pub(crate) paths: BTreeSet<Names>,
    /// The paths that imported names stand for.
    pub(crate) names: BTreeMap<String, Names>,
}

impl Imports {
    /// Of a file without the tests that stand in it.
    pub(crate) fn without_tests(text: &str) -> Imports {
        Imports::of(TESTS.split(text).next().unwrap_or_default())
    }

    /// Of all of a file.
    pub(crate) fn of(text: &str) -> Imports {
        let code = NO_CODE.replace_all(text, "_");
        let mut imports = Imports::default();
        for found in USE.captures_iter(&code) {
            imports.add(&[], &found[1]);
        }
        let rest = USE.replace_all(&code, "");
        for found in PATH.find_iter(&rest) {
            imports.paths.insert(names(found.as_str()));
        }
        imports
    }

    /// `a::{b, c::d as e}`, after what stands before it.
    fn add(&mut self, before: &[String], tree: &str) {
        let tree = tree.trim();
        if let Some((start, members)) = tree.split_once('{') {
            let before = [before, &names(start)].concat();
            let members = members.strip_suffix('}').expect("it ends as it begins");
            let mut depth = 0;
            let between = |sign: char| {
                depth += i32::from(sign == '{') - i32::from(sign == '}');
                sign == ',' && depth == 0
            };
            members
                .split(between)
                .filter(|member| !member.trim().is_empty())
                .for_each(|member| self.add(&before, member));
            return;
        }
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
        let mut path = [before, &names(path)].concat();
        path.pop_if(|last| last == "self");
        if let Some(last) = path.last() {
            let name = if name.is_empty() { last } else { name };
            self.names.insert(name.to_owned(), path.clone());
        }
        self.paths.insert(path);
    }
}

fn names(path: &str) -> Names {
    let names = path.split("::").map(str::trim);
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}
