//! Where lines go.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two looks whether the file is still where it was.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// Addresses of clients are not for everybody on the machine.
const MODE: u32 = 0o640;

/// Where lines go.
pub(super) enum Output {
    Nowhere,
    Standard,
    File(Followed),
}

/// A file that others move away, as logrotate does.
pub(super) struct Followed {
    path: PathBuf,
    file: File,
    looked: Instant,
}

impl Output {
    /// To that file, or to standard output.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Standard);
        };
        Ok(Self::File(Followed {
            path: path.to_owned(),
            file: open(path)?,
            looked: Instant::now(),
        }))
    }

    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Standard => {
                let mut standard = io::stdout().lock();
                standard.write_all(lines)?;
                standard.flush()
            }
            Self::File(followed) => {
                followed.follow();
                followed.file.write_all(lines)
            }
        }
    }
}

impl Followed {
    /// Begins a new file if this one was moved. While that fails, the old one goes on.
    fn follow(&mut self) {
        if self.looked.elapsed() < LOOK_AFTER {
            return;
        }
        self.looked = Instant::now();
        if is_same(&self.path, &self.file) {
            return;
        }
        match open(&self.path) {
            Ok(file) => self.file = file,
            Err(error) => {
                let path = self.path.display();
                tracing::warn!(%path, %error, "a new access log could not be begun");
            }
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(MODE)
        .open(path)
}

fn is_same(path: &Path, file: &File) -> bool {
    match (fs::metadata(path), file.metadata()) {
        (Ok(there), Ok(here)) => (there.dev(), there.ino()) == (here.dev(), here.ino()),
        _ => false,
    }
}
