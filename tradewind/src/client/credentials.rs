//! Which edge a command speaks to, and as whom.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use url::Url;

/// Name of the file in the data folder that keeps the first administrator of `tradewind up`.
const FILE: &str = "administrator";

/// Flags of every command that is a client.
#[derive(Args, Clone)]
pub(crate) struct Door {
    /// The edge to speak to
    #[arg(long, env = "TRADEWIND_URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) edge: Url,
    /// E-mail address of the account to act as [default: the administrator that `tradewind up` made]
    #[arg(long, env = "ADMIN_EMAIL", requires = "password")]
    pub(crate) email: Option<String>,
    /// Its password
    #[arg(long, env = "ADMIN_PASSWORD", hide_env_values = true)]
    pub(crate) password: Option<String>,
    /// Folder that `tradewind up` keeps its data in
    #[arg(long, default_value = ".tradewind")]
    pub(crate) data_dir: PathBuf,
    /// Seconds to go on asking a server that is away or busy
    #[arg(long, default_value_t = 60)]
    pub(crate) patience: u64,
}

/// An account and its password. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) email: String,
    pub(crate) password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

impl Door {
    /// From the flags, or else from the data folder.
    pub(super) fn credentials(&self) -> Result<Option<Credentials>> {
        match (&self.email, &self.password) {
            (Some(email), Some(password)) => Ok(Some(Credentials {
                email: email.clone(),
                password: password.clone(),
            })),
            _ => match Credentials::load(&self.data_dir)? {
                Some(credentials) => Ok(Some(credentials)),
                None => bail!(
                    "who are you? Give --email and --password (ADMIN_EMAIL, ADMIN_PASSWORD); {} keeps no administrator",
                    self.data_dir.display()
                ),
            },
        }
    }
}

impl Credentials {
    /// The administrator that a data folder keeps.
    pub(crate) fn load(data_dir: &Path) -> Result<Option<Credentials>> {
        let path = data_dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let mut lines = text.lines();
        match (lines.next(), lines.next()) {
            (Some(email), Some(password)) => Ok(Some(Credentials {
                email: email.into(),
                password: password.into(),
            })),
            _ => bail!(
                "{} should hold an e-mail address and a password, each on a line",
                path.display()
            ),
        }
    }

    /// Keeps the administrator in a file that only its owner can read.
    pub(crate) fn save(&self, data_dir: &Path) -> Result<()> {
        use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
        let path = data_dir.join(FILE);
        std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| writeln!(file, "{}\n{}", self.email, self.password))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_administrator_is_kept_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let credentials = Credentials {
            email: "admin@example.com".into(),
            password: "a secret".into(),
        };
        assert_eq!(
            Credentials::load(folder.path()).expect("nothing is there"),
            None
        );
        credentials
            .save(folder.path())
            .expect("the folder can be written");
        assert_eq!(
            Credentials::load(folder.path()).expect("it was saved"),
            Some(credentials.clone())
        );
        let mode = std::fs::metadata(folder.path().join(FILE))
            .expect("it was saved")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0);
        assert!(!format!("{credentials:?}").contains("secret"));
    }
}
