//! Which edge a command speaks to, and as whom: what the flags say, or else the mesh that runs.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use clap::Args;
use url::Url;

use super::credentials::{Account, Credentials};
use crate::{
    operator,
    running::{self, Mesh, is_loopback},
};

const DEFAULT_EDGE: &str = "http://127.0.0.1:8080";
const DEFAULT_DATA_DIR: &str = ".tradewind";

/// Flags of every command that is a client.
#[derive(Args, Clone)]
pub(crate) struct Door {
    /// The edge to speak to [default: that of the mesh that `tradewind up` runs, or
    /// http://127.0.0.1:8080]
    #[arg(long, env = "TRADEWIND_URL")]
    edge: Option<Url>,
    /// E-mail address of the account to act as [default: the first administrator of the mesh whose
    /// data folder this is]
    #[arg(long, env = "ADMIN_EMAIL", hide_env_values = true)]
    email: Option<String>,
    /// Its password
    #[arg(
        long,
        env = "ADMIN_PASSWORD",
        hide_env_values = true,
        requires = "email"
    )]
    password: Option<String>,
    /// A personal access token of the account, in place of its address and password
    #[arg(long, env = "TRADEWIND_ACCESS_TOKEN", hide_env_values = true)]
    access_token: Option<String>,
    /// Folder that `tradewind up` keeps its data in [default: that of the mesh that runs, or
    /// .tradewind]
    #[arg(long, env = "DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Seconds to go on asking a server that is away or busy
    #[arg(long, default_value_t = 60)]
    pub(super) patience: u64,
}

/// Where a command goes, and as whom.
pub(super) struct Way {
    pub(super) edge: Url,
    pub(super) account: Account,
    /// What to say when nobody is there, or does not know the account; none if it was the user
    /// who named both.
    pub(super) hint: Option<String>,
}

impl Door {
    pub(super) fn way(&self) -> Result<Way> {
        let by_password = self.email.clone().zip(self.password.clone());
        let by_password =
            by_password.map(|(email, password)| Account::Password(Credentials { email, password }));
        let given = self
            .access_token
            .clone()
            .map(Account::Token)
            .or(by_password);
        let named = self.edge.is_some() && given.is_some();
        let mesh = match named {
            true => None,
            false => running::find(self.edge.as_ref(), self.data_dir.as_deref())?,
        };
        let edge = match (&self.edge, &mesh) {
            (Some(edge), _) => edge.clone(),
            (None, Some(mesh)) => mesh.url(),
            (None, None) => DEFAULT_EDGE.parse()?,
        };
        Ok(Way {
            account: match given {
                Some(account) => account,
                None => self.operator(&edge, mesh.as_ref())?,
            },
            edge,
            hint: (!named).then(|| hint(mesh.as_ref())),
        })
    }

    /// Whoever may read the data folder. A proof from a folder that was only guessed stays on this
    /// machine: whoever gets it may act as the operator of the mesh that it belongs to.
    fn operator(&self, edge: &Url, mesh: Option<&Mesh>) -> Result<Account> {
        ensure!(
            self.data_dir.is_some() || mesh.is_some() || is_loopback(edge),
            "who are you there? {edge} is not on this machine, and only whoever operates a mesh \
             here needs no account: --email and --password (ADMIN_EMAIL, ADMIN_PASSWORD) give one, \
             --data-dir the data folder of the mesh behind it"
        );
        let data_dir = match (&self.data_dir, mesh) {
            (Some(data_dir), _) => data_dir,
            (None, Some(mesh)) => &mesh.data_dir,
            (None, None) => Path::new(DEFAULT_DATA_DIR),
        };
        match operator::find(data_dir)? {
            Some(signer) => Ok(Account::Operator(signer)),
            None => bail!(
                "who are you? {} is no data folder of `tradewind up`; {}",
                data_dir.display(),
                hint(mesh)
            ),
        }
    }
}

fn hint(mesh: Option<&Mesh>) -> String {
    match mesh {
        Some(mesh) => format!(
            "this is about the mesh at {mesh}: --edge and --data-dir choose another, \
             --email and --password (ADMIN_EMAIL, ADMIN_PASSWORD) an account"
        ),
        None => "no such mesh of `tradewind up` runs here: --edge names the address of one, \
                 --data-dir its folder, --email and --password (ADMIN_EMAIL, ADMIN_PASSWORD) an \
                 account"
            .to_owned(),
    }
}
