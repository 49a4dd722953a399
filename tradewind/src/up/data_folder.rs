//! The data folder, which one `tradewind up` has at a time: it holds a lock on a file there as
//! long as it lives, which the system frees also after a crash.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};

use crate::running;

const LOCK_FILE: &str = "lock";

/// Nobody else starts on the folder before it is dropped.
pub(super) struct DataFolder(#[expect(dead_code, reason = "its lock is what counts")] File);

impl DataFolder {
    /// Makes the folder, for its owner alone, where there is none.
    ///
    /// # Errors
    /// When another process has it: which one, and what to do.
    pub(super) fn take(path: &Path) -> Result<DataFolder> {
        let lock_path = path.join(LOCK_FILE);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(|| format!("--data-dir {}", path.display()))?;
        let mut lock = open(&lock_path).with_context(|| lock_path.display().to_string())?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "--data-dir {} is in use by {}. Stop it first, or give this one a --data-dir and \
                 ports of its own",
                path.display(),
                holder(path, lock)
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error)
                    .with_context(|| format!("{} cannot be locked", lock_path.display()));
            }
        }
        // Only for whoever is refused: the lock holds whether or not this can be written.
        let _ = lock
            .set_len(0)
            .and_then(|()| write!(lock, "{}", std::process::id()));
        Ok(DataFolder(lock))
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Who has the folder: as announced, or else by what it wrote into the file.
fn holder(path: &Path, mut lock: File) -> String {
    let lock_path = path.join(LOCK_FILE);
    let locked = lock_path.display();
    if let Ok(Some(mesh)) = running::find(None, Some(path)) {
        return format!("the mesh at {mesh}, which holds {locked}");
    }
    let mut pid = String::new();
    match lock.read_to_string(&mut pid) {
        Ok(_) if !pid.is_empty() => format!("process {pid}, which holds {locked}"),
        _ => format!("another process, which holds {locked}"),
    }
}
