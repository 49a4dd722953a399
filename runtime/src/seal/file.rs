//! The key of a service that runs in one process with others: made at the first start, kept in a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use net::StartError;
use net::random::Random;
use secrecy::ExposeSecret as _;

use super::EncryptionKey;

/// The key of this service in a file, which is made with a new key if it is not there. Only the file's
/// owner may read it. Whoever has it and the database has all that is sealed there; without it, that is
/// lost.
///
/// # Errors
/// When the file cannot be read or written, or holds no key.
pub fn key_in_file(
    owner: &'static str,
    path: &Path,
    random: &Random,
) -> Result<EncryptionKey, StartError> {
    let cannot = |why: &dyn std::fmt::Display| {
        StartError::other(format!("the key in {}: {why}", path.display()))
    };
    match fs::read_to_string(path) {
        Ok(text) => {
            let owner_alone = fs::Permissions::from_mode(0o600);
            fs::set_permissions(path, owner_alone).map_err(|error| cannot(&error))?;
            EncryptionKey::from_base64(owner, &text).map_err(|error| cannot(&error))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = EncryptionKey::generate(owner, random);
            write(path, key.to_base64().expose_secret()).map_err(|error| cannot(&error))?;
            Ok(key)
        }
        Err(error) => Err(cannot(&error)),
    }
}

/// Written beside and renamed: a crash leaves a whole file or none.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let made = key_in_file("svc-auth", &path, &Random::seeded(1)).unwrap();
        let read = key_in_file("svc-auth", &path, &Random::seeded(2)).unwrap();
        assert_eq!(made.derive("x"), read.derive("x"));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_file_without_a_key_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(&path, "not a key").unwrap();
        let error = key_in_file("svc-auth", &path, &Random::seeded(1))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("key") && !error.contains("not a key"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
    }
}
