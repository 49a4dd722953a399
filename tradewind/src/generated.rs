//! Files that a command writes, and that stand in the repository as it writes them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

/// Texts of files, by path.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// Writes what `command` makes, and removes what is left over of what was there; or only looks whether
/// that is so.
pub(crate) fn finish(command: &str, files: &Files, there: &[PathBuf], check: bool) -> Result<()> {
    let gone = there.iter().filter(|path| !files.contains_key(*path));
    if !check {
        for (path, text) in files {
            write(path, text)?;
        }
        return gone.into_iter().try_for_each(|path| {
            fs::remove_file(path).with_context(|| path.display().to_string())
        });
    }
    let is_old = |path: &Path, text: &String| fs::read_to_string(path).ok().as_ref() != Some(text);
    let old = files.iter().filter(|(path, text)| is_old(path, text));
    let old = old.map(|(path, _)| path).chain(gone);
    let old: Vec<_> = old.map(|path| path.display().to_string()).collect();
    ensure!(
        old.is_empty(),
        "not what `{command}` writes: {}",
        old.join(", ")
    );
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<()> {
    let made = file.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(file, text))
        .with_context(|| file.display().to_string())
}

/// The files of a folder and of those in it; none if it is not there.
pub(crate) fn present(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        match path.is_dir() {
            true => files.extend(present(&path)?),
            false => files.push(path),
        }
    }
    Ok(files)
}
