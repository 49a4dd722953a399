//! Mails as files, for who develops.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::Failure;
use crate::mail::compose::Composed;

/// So many mails are kept; the oldest go.
const KEPT: usize = 1000;

/// A folder with a file a mail (RFC 5322), which mail programs open. They hold links that nobody else may
/// see: only who runs the shop can read them.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Puts the mail there; says where in the log alone.
    pub(super) async fn put(&self, message: Uuid, mail: &Composed) -> Result<String, Failure> {
        let path = self.0.join(format!("{message}.eml"));
        let (to, bytes) = (path.clone(), mail.bytes.clone());
        let written = tokio::task::spawn_blocking(move || -> io::Result<()> {
            write(&to, &bytes)?;
            if let Err(error) = forget(&to, KEPT) {
                tracing::warn!(%error, "old mails cannot be removed");
            }
            Ok(())
        })
        .await;
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        written.map_err(|error| Failure::Undecided(format!("no file can be written: {error}")))?;
        tracing::info!(path = %path.display(), "a mail was written");
        Ok("written to a file".to_owned())
    }
}

/// Under its name stands a whole mail or none.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::fs::{DirBuilder, OpenOptions, rename};
    use std::io::Write as _;
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let part = path.with_extension("part");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    file.write_all(bytes)?;
    rename(part, path)
}

/// Removes the oldest mails beside one that was just written, but for so many. What others put there stays.
fn forget(written: &Path, kept: usize) -> io::Result<()> {
    let Some(folder) = written.parent() else {
        return Ok(());
    };
    let mut mails = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if is_mail(&path) {
            mails.push(path);
        }
    }
    // Named by UUIDv7, they sort by age.
    mails.sort();
    let too_many = mails.len().saturating_sub(kept);
    let others = mails.iter().filter(|mail| mail.as_path() != written);
    for old in others.take(too_many) {
        match std::fs::remove_file(old) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}

/// Whether it has a name that [`Folder::put`] gives.
fn is_mail(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    path.extension().is_some_and(|ending| ending == "eml")
        && stem.is_some_and(|stem| Uuid::try_parse(stem).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_mails_are_kept_and_what_is_others() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = |number| {
            folder
                .path()
                .join(format!("{}.eml", Uuid::from_u128(number)))
        };
        let note = folder.path().join("a note.eml");
        write(&note, b"mine").expect("it is written");
        for number in 1..=5 {
            write(&path(number), b"a mail").expect("it is written");
            forget(&path(number), 3).expect("old ones are removed");
        }
        let there = [1, 2, 3, 4, 5].map(|number| path(number).exists());
        assert_eq!(there, [false, false, true, true, true]);
        // One that is sent again is not gone at once.
        write(&path(1), b"a mail").expect("it is written");
        forget(&path(1), 3).expect("old ones are removed");
        let there = [1, 3, 4, 5].map(|number| path(number).exists());
        assert_eq!(there, [true, false, true, true]);
        assert!(note.exists());
    }
}
