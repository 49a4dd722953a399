//! Mails as files, for who develops.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::Failure;
use crate::mail::compose::Composed;

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
        let written = tokio::task::spawn_blocking(move || write(&to, &bytes)).await;
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
