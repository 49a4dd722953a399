//! A disk that can be filled: a file system in memory, of a few megabytes more than what is on it.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// What is left on it.
const ROOM: u64 = 24 * 1024 * 1024;
const FILLER: &str = "filler";
/// What a run of faults does not fill.
const LARGE: &str = "remount,size=1g";

/// A disk that a folder is moved to. Dropped, what was put there since is gone.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Moves a folder to a disk of its own, on which there is little room. Nobody may use the folder
    /// meanwhile.
    ///
    /// # Panics
    /// When whoever runs the tests may not mount file systems.
    pub fn under(folder: &Path) -> SmallDisk {
        let aside = folder.with_extension("aside");
        run(
            "cp",
            [OsStr::new("-a"), folder.as_os_str(), aside.as_os_str()],
        );
        let size = format!("size={}", size(folder) + ROOM);
        let words = ["-t", "tmpfs", "-o", &size, "tmpfs"].map(OsStr::new);
        run("mount", words.into_iter().chain([folder.as_os_str()]));
        let disk = SmallDisk(folder.to_owned());
        let all = aside.join(".");
        run(
            "cp",
            [OsStr::new("-a"), all.as_os_str(), folder.as_os_str()],
        );
        fs::remove_dir_all(aside).expect("it was made here");
        disk
    }

    /// Leaves no room on it.
    ///
    /// # Panics
    /// When there is no end of the room.
    pub fn fill(&self) {
        let mut filler = File::create(self.0.join(FILLER)).expect("there is room yet");
        let zeros = vec![0; 64 * 1024];
        let end = (0..100_000).find_map(|_| filler.write_all(&zeros).err());
        assert!(end.is_some(), "the disk is larger than it says");
    }

    /// There is room again, and more than before.
    ///
    /// # Panics
    /// When it was not filled.
    pub fn clear(&self) {
        fs::remove_file(self.0.join(FILLER)).expect("it was filled");
        let words = ["-o", LARGE].map(OsStr::new);
        run("mount", words.into_iter().chain([self.0.as_os_str()]));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Whoever still uses it does so until its end.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Bytes that the files in a folder take, generously.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => 4096 + size(&entry.path()),
        Ok(about) => about.len().next_multiple_of(4096),
        Err(_) => 0,
    });
    sizes.sum()
}

fn run<'a>(program: &str, words: impl IntoIterator<Item = &'a OsStr>) {
    let output = Command::new(program).args(words).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program}: {errors} (only root may mount)"
    );
}
