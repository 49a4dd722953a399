//! Which meshes `tradewind up` runs for this user, so that the other commands find them: each
//! keeps a file in a folder that is its user's alone, and holds a lock on it as long as it lives.
//! A file whose lock is free was left behind. There is no secret in it.

mod server;

use std::{
    fmt,
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use net::random::Random;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

pub(crate) use server::Server;

/// A mesh that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mesh {
    /// Of its process.
    pub(crate) pid: u32,
    pub(crate) edge: SocketAddr,
    /// Its health and metrics.
    pub(crate) ops: SocketAddr,
    /// Everything that it listens on, these too.
    pub(crate) listens: Vec<SocketAddr>,
    /// Absolute.
    pub(crate) data_dir: PathBuf,
    /// Where its events are, if not in its process.
    pub(crate) nats: Option<Server>,
    /// Where its databases are, if not in its data folder.
    pub(crate) postgres: Option<Server>,
    /// Put in front of the databases' names.
    pub(crate) database_prefix: String,
}

impl Mesh {
    /// The edge as its own machine reaches it.
    pub(crate) fn url(&self) -> Url {
        url_of(self.edge)
    }

    /// Its ops port as its own machine reaches it.
    pub(crate) fn ops_url(&self) -> Url {
        url_of(self.ops)
    }

    fn serves(&self, edge: &Url) -> bool {
        let its_own = match edge.host() {
            Some(Host::Ipv4(ip)) => self.edge.ip() == ip,
            Some(Host::Ipv6(ip)) => self.edge.ip() == ip,
            _ => false,
        };
        (its_own || is_loopback(edge)) && edge.port_or_known_default() == Some(self.edge.port())
    }
}

fn url_of(address: SocketAddr) -> Url {
    let host = match address {
        SocketAddr::V4(it) if !it.ip().is_unspecified() => it.ip().to_string(),
        SocketAddr::V6(it) if !it.ip().is_unspecified() => format!("[{}]", it.ip()),
        SocketAddr::V4(_) => "127.0.0.1".to_owned(),
        SocketAddr::V6(_) => "[::1]".to_owned(),
    };
    let url = format!("http://{host}:{}", address.port());
    url.parse().expect("an address and a port make a URL")
}

/// Whether a URL leads to this machine, whatever a name server says.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

impl fmt::Display for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, data_dir) = (self.url(), self.data_dir.display());
        write!(f, "{url} (process {}, data in {data_dir})", self.pid)
    }
}

/// The file of a mesh; dropped, it is gone.
pub(crate) struct Announcement {
    path: PathBuf,
    _lock: File,
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // Whoever finds it left behind removes it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Lets the other commands find a mesh. None where no folder can be had, as in a container with a
/// read-only file system: the commands are then told where it is.
pub(crate) fn announce(mesh: &Mesh) -> Option<Announcement> {
    let name: String = Random::system()
        .bytes::<8>()
        .map(|byte| format!("{byte:02x}"))
        .concat();
    folders()
        .iter()
        .find_map(|folder| announce_in(folder, &name, mesh).ok())
}

fn announce_in(folder: &Path, name: &str, mesh: &Mesh) -> io::Result<Announcement> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    if !is_private(folder) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    // It is seen under its name only when it is whole and locked.
    let (new, path) = (folder.join(name), folder.join(format!("{name}.json")));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    let written = file
        .try_lock()
        .map_err(io::Error::from)
        .and_then(|()| file.write_all(&serde_json::to_vec(mesh)?))
        .and_then(|()| std::fs::rename(&new, &path));
    match written {
        Ok(()) => Ok(Announcement { path, _lock: file }),
        Err(error) => {
            let _ = std::fs::remove_file(&new);
            Err(error)
        }
    }
}

/// The meshes that run now, in the order of their addresses.
pub(crate) fn meshes() -> Vec<Mesh> {
    let mut meshes: Vec<Mesh> = folders()
        .iter()
        .flat_map(|folder| meshes_in(folder))
        .collect();
    meshes.sort_by_key(|mesh| mesh.edge);
    meshes
}

fn meshes_in(folder: &Path) -> Vec<Mesh> {
    // What others can write would send an administrator to whatever address they like.
    if !is_private(folder) {
        return Vec::new();
    }
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .filter_map(|path| {
            let file = File::open(&path).ok()?;
            match file.try_lock_shared() {
                Err(TryLockError::WouldBlock) => serde_json::from_reader(file).ok(),
                Ok(()) => {
                    let _ = std::fs::remove_file(&path);
                    None
                }
                Err(TryLockError::Error(_)) => None,
            }
        })
        .collect()
}

/// Where the files are: in the user's folder for what runs, or else for what is kept (XDG Base
/// Directory Specification). A login shell may have the first where another has not.
fn folders() -> Vec<PathBuf> {
    let folder = |variable: &str, within: &str| {
        let path = PathBuf::from(std::env::var_os(variable)?);
        path.is_absolute().then(|| path.join(within))
    };
    let kept = || folder("HOME", ".local/state/tradewind/running");
    [
        folder("XDG_RUNTIME_DIR", "tradewind"),
        folder("XDG_STATE_HOME", "tradewind/running").or_else(kept),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn is_private(folder: &Path) -> bool {
    std::fs::symlink_metadata(folder)
        .is_ok_and(|folder| folder.is_dir() && folder.permissions().mode() & 0o077 == 0)
}

/// The running mesh that a command means; none if none runs, or none of those that do.
pub(crate) fn find(edge: Option<&Url>, data_dir: Option<&Path>) -> Result<Option<Mesh>> {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    choose(meshes(), edge, data_dir, &here.unwrap_or_default())
}

/// The running mesh that is meant: by what the user says of it, or by the folder that the user is
/// in, or because it is the only one.
fn choose(
    running: Vec<Mesh>,
    edge: Option<&Url>,
    data_dir: Option<&Path>,
    here: &Path,
) -> Result<Option<Mesh>> {
    let data_dir = data_dir.map(|path| path.canonicalize().unwrap_or_else(|_| path.to_owned()));
    let fits = |mesh: &Mesh| {
        edge.is_none_or(|edge| mesh.serves(edge))
            && data_dir.as_ref().is_none_or(|path| mesh.data_dir == *path)
    };
    let mut all: Vec<Mesh> = running.into_iter().filter(fits).collect();
    if all.len() > 1 {
        let inside = |mesh: &&Mesh| !here.as_os_str().is_empty() && mesh.data_dir.starts_with(here);
        let mut near = all.iter().filter(inside).cloned();
        match (near.next(), near.next()) {
            (Some(mesh), None) => return Ok(Some(mesh)),
            _ => {
                let list: Vec<_> = all.iter().map(|mesh| format!("\n  {mesh}")).collect();
                bail!(
                    "several meshes are running; say which by --edge or --data-dir:{}",
                    list.concat()
                );
            }
        }
    }
    Ok(all.pop())
}

#[cfg(test)]
mod tests;
