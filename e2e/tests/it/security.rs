//! SECURITY.md names the tests that hold what it promises: each of them exists.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A test that the page names, perhaps with the file it is in.
#[derive(Debug)]
struct Named {
    /// `svc-auth/login`, or a path.
    place: Option<String>,
    name: String,
}

#[test]
fn every_test_that_the_security_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("SECURITY.md")).expect("the page is there");
    let everywhere = tests_in(&rust_files(&root));
    let named = named(&page);
    let missing = named.iter().filter(|named| match &named.place {
        None => !everywhere.contains(&named.name),
        Some(place) => {
            let tests = tests_in(&files_of(&root, place));
            match named.name.as_str() {
                "*" => tests.is_empty(),
                name => !tests.contains(name),
            }
        }
    });
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named.len() > 100, "the page is not read as it is written");
}

/// What stands in back-ticks and is a test: `place: name`, or a name of several words alone.
fn named(page: &str) -> Vec<Named> {
    let codes = page.split('`').skip(1).step_by(2);
    let is_name = |text: &str| {
        text.bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let read = |code: &str| match code.split_once(": ") {
        Some((place, name)) if name == "*" || is_name(name) => Some(Named {
            place: Some(place.to_owned()),
            name: name.to_owned(),
        }),
        None if is_name(code) && code.matches('_').count() > 2 => Some(Named {
            place: None,
            name: code.to_owned(),
        }),
        _ => None,
    };
    codes.filter_map(read).collect()
}

/// The files of `crate/file`, an integration test and what is beside it, or of a path.
fn files_of(root: &Path, place: &str) -> Vec<PathBuf> {
    let path = root.join(place);
    if path.is_file() {
        return vec![path];
    }
    let (room, file) = place.split_once('/').unwrap_or((place, ""));
    let tests = root.join(room).join("tests/it").join(file);
    let mut files = rust_files(&tests);
    files.extend(Some(tests.with_extension("rs")).filter(|file| file.is_file()));
    files
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let is_ours = name != "target" && !name.to_string_lossy().starts_with('.');
        if path.is_dir() && is_ours && name != "node_modules" {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Names of functions, of which tests are some.
fn tests_in(files: &[PathBuf]) -> BTreeSet<String> {
    let texts = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok());
    let of = |text: String| -> Vec<String> {
        let after = text.split("fn ").skip(1);
        let names = after.filter_map(|rest| rest.split(['(', '<']).next().map(str::to_owned));
        names.collect()
    };
    texts.flat_map(of).collect()
}
