//! Within a crate, no modules import each other in a circle: what stands below is understood, tested and
//! moved without what stands on it. A module and those within it are one subject, and may.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::imports::{Imports, Names};
use crate::structure::{read, root, rust_files};

/// Circles that are left, by the first of their files: none is to come, and who opens one takes it off.
const LEFT: &[&str] = &[];

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let mut crates: BTreeMap<String, Crate> = BTreeMap::new();
    for file in rust_files(&root()) {
        let Some((name, path)) = place(&file) else {
            continue;
        };
        let module = Module::read(&file);
        crates.entry(name).or_default().0.insert(path, module);
    }
    assert!(crates.len() > 10, "{:?}", crates.keys());
    let circles: Vec<_> = crates.values().flat_map(Crate::circles).collect();
    let is_new = |circle: &&Circle| !LEFT.contains(&circle.files[0].as_str());
    let new: Vec<_> = circles.iter().filter(is_new).collect();
    assert!(
        new.is_empty(),
        "these import each other; move down what both need:\n{new:#?}"
    );
    let firsts: Vec<&str> = circles.iter().map(|it| it.files[0].as_str()).collect();
    assert_eq!(firsts, LEFT, "take off the list what is open");
}

/// However they name each other, and through whatever stands between.
#[test]
fn a_circle_is_found() {
    let circles = |files: &[(&str, &str)]| {
        let module = |(path, code): &(&str, &str)| {
            let path = path.split("::").filter(|name| !name.is_empty());
            let module = Module {
                file: String::new(),
                imports: Imports::of(code),
            };
            (path.map(str::to_owned).collect(), module)
        };
        Crate(files.iter().map(module).collect()).circles().len()
    };
    let facade = ("", "pub use below::{Low, other};");
    let below = |code| ("below", code);
    assert_eq!(circles(&[facade, below(""), ("top", "use crate::Low;")]), 0);
    for code in [
        "use crate::top::High;",
        "use super::{top as upper, x};",
        "fn f() { crate::top::high(); }",
    ] {
        assert_eq!(
            circles(&[facade, below(code), ("top", "use crate::Low;")]),
            1
        );
    }
    // A module and those within it are one subject, and a string is no code.
    let inner = ("top::inner", "use super::High;");
    let text = below("const A: &str = \"crate::top::High\"; // crate::top");
    let top = ("top", "use crate::below; fn f() { inner::g(); }");
    assert_eq!(circles(&[facade, text, top, inner]), 0);
}

#[derive(Default)]
struct Crate(BTreeMap<Names, Module>);

struct Module {
    file: String,
    imports: Imports,
}

#[derive(Debug)]
struct Circle {
    files: Vec<String>,
    #[expect(dead_code, reason = "it is printed")]
    arrows: Vec<String>,
}

/// The crate of a file, and its module there; none of tests, and of programs that have a library.
fn place(file: &Path) -> Option<(String, Names)> {
    let text = file.to_str()?.strip_suffix(".rs")?;
    let (folder, within) = text.split_once("src/")?;
    let names = |text: &str| text.split('/').map(str::to_owned).collect::<Names>();
    let (name, mut path) = match within
        .strip_prefix("bin/")
        .and_then(|it| it.split_once('/'))
    {
        Some((program, within)) => (format!("{folder}src/bin/{program}"), names(within)),
        None => (format!("{folder}src"), names(within)),
    };
    if path == ["main"] && root().join(&name).join("lib.rs").is_file() {
        return None;
    }
    if path == ["lib"] || path == ["main"] {
        path.clear();
    }
    Some((name, path))
}

impl Module {
    fn read(file: &Path) -> Module {
        Module {
            file: file.display().to_string(),
            imports: Imports::without_tests(&read(&root().join(file))),
        }
    }
}

impl Crate {
    /// The module that a path leads to, through what others have imported.
    fn find(&self, from: &[String], path: &[String], steps: usize) -> Option<Names> {
        let first = path.first()?.as_str();
        let ups = path.iter().take_while(|name| *name == "super").count();
        let (mut at, mut rest) = match first {
            "crate" => (Names::new(), &path[1..]),
            "self" => (from.to_vec(), &path[1..]),
            "super" => (from[..from.len().checked_sub(ups)?].to_vec(), &path[ups..]),
            _ => (from.to_vec(), path),
        };
        while let [name, after @ ..] = rest {
            let module = self.0.get(&at)?;
            let inner = [&at[..], std::slice::from_ref(name)].concat();
            if self.0.contains_key(&inner) {
                at = inner;
            } else if let Some(import) = module.imports.names.get(name)
                && steps > 0
                && import.first() != Some(name)
            {
                at = self.find(&at, import, steps - 1)?;
            } else if rest.len() == path.len() {
                // Another crate's.
                return None;
            } else {
                break;
            }
            rest = after;
        }
        self.0.contains_key(&at).then_some(at)
    }

    /// What each module imports of others that are neither in it nor around it.
    fn arrows(&self) -> BTreeMap<&Names, BTreeMap<Names, String>> {
        let arrows = self.0.iter().map(|(from, module)| {
            let found = module.imports.paths.iter().filter_map(|path| {
                let to = self.find(from, path, 8)?;
                let is_apart = !to.starts_with(from) && !from.starts_with(&to);
                is_apart.then(|| (to, path.join("::")))
            });
            (from, found.collect())
        });
        arrows.collect()
    }

    fn circles(&self) -> Vec<Circle> {
        let arrows = self.arrows();
        let reached = |from: &Names| {
            let mut seen: BTreeSet<&Names> = BTreeSet::new();
            let mut next: Vec<&Names> = arrows[from].keys().collect();
            while let Some(module) = next.pop() {
                if seen.insert(module) {
                    next.extend(arrows[module].keys());
                }
            }
            seen
        };
        let reached: BTreeMap<&Names, _> = self.0.keys().map(|it| (it, reached(it))).collect();
        let circles: BTreeSet<Vec<&Names>> = self
            .0
            .keys()
            .map(|one| {
                let with = reached[one].iter().copied();
                with.filter(|other| reached[other].contains(one)).collect()
            })
            .filter(|circle: &Vec<_>| !circle.is_empty())
            .collect();
        let told = |circle: &Vec<&Names>| Circle {
            files: circle.iter().map(|it| self.0[*it].file.clone()).collect(),
            arrows: circle
                .iter()
                .flat_map(|from| arrows[from].iter().map(move |(to, by)| (from, to, by)))
                .filter(|(_, to, _)| circle.contains(to))
                .map(|(from, to, by)| format!("{} -> {} by {by}", from.join("::"), to.join("::")))
                .collect(),
        };
        circles.iter().map(told).collect()
    }
}
