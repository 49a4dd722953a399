//! What svc-auth is told at its start.

use std::path::PathBuf;
use std::time::Duration;

use runtime::StartError;
use secrecy::{ExposeSecret as _, SecretString};
use store::DatabaseConfig;

use crate::domain::keys::Schedule;
use crate::domain::seal::EncryptionKey;
use crate::domain::throttle::Limit;
use crate::workloads::WorkloadKeys;

/// What svc-auth is told at its start. Times are in seconds.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Where the credentials and sessions are.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// The key under which signing keys are stored and from which refresh tokens are made: 32
    /// bytes in base64, the same for all replicas (`openssl rand -base64 32`).
    #[arg(long, env = "SIGNING_KEY_ENCRYPTION_KEY", hide_env_values = true)]
    pub signing_key_encryption_key: SecretString,
    /// Directory with the public keys of workloads: `<workload>.pem` (an Ed25519 public key) or
    /// `<workload>.json` (a JSON Web Key Set).
    #[arg(long, env = "WORKLOAD_KEYS_DIR", value_name = "DIR")]
    pub workload_keys_dir: Option<PathBuf>,
    /// Public keys handed in by the process that holds the private ones.
    #[arg(skip)]
    pub workload_keys: WorkloadKeys,
    /// E-mail address of the first administrator, whose account is opened at the start.
    #[arg(long, env = "ADMIN_EMAIL", requires = "admin_password")]
    pub admin_email: Option<String>,
    /// Password of the first administrator; it has no effect once the account is there.
    #[arg(
        long,
        env = "ADMIN_PASSWORD",
        hide_env_values = true,
        requires = "admin_email"
    )]
    pub admin_password: Option<SecretString>,
    /// How long tokens and keys live.
    #[command(flatten)]
    pub lifetimes: Lifetimes,
    /// How often things may be tried.
    #[command(flatten)]
    pub throttle: Throttle,
    /// How many passwords are hashed at once, each in 19 MiB; the number of cores if it is 0.
    #[arg(long, env = "PASSWORD_HASHING_CONCURRENCY", default_value_t = 0)]
    pub password_hashing_concurrency: usize,
    /// How often background work is done.
    #[arg(skip)]
    pub rounds: Rounds,
}

/// How long tokens and keys live, in seconds.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Seconds that an access token holds.
    #[arg(long, env = "ACCESS_TOKEN_LIFETIME", default_value_t = Self::default().access_token_lifetime)]
    pub access_token_lifetime: u32,
    /// Seconds that a session lives without being refreshed.
    #[arg(long, env = "REFRESH_TOKEN_LIFETIME", default_value_t = Self::default().refresh_token_lifetime)]
    pub refresh_token_lifetime: u32,
    /// Seconds after which a signing key gets a successor.
    #[arg(long, env = "SIGNING_KEY_ROTATION", default_value_t = Self::default().signing_key_rotation)]
    pub signing_key_rotation: u32,
    /// Seconds that a new signing key is published before it signs.
    #[arg(long, env = "SIGNING_KEY_ANNOUNCEMENT", default_value_t = Self::default().signing_key_announcement)]
    pub signing_key_announcement: u32,
    /// Seconds that authentication events are kept.
    #[arg(long, env = "AUDIT_RETENTION", default_value_t = Self::default().audit_retention)]
    pub audit_retention: u32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const DAY: u32 = 24 * 60 * 60;
        Self {
            access_token_lifetime: 15 * 60,
            refresh_token_lifetime: 30 * DAY,
            signing_key_rotation: 30 * DAY,
            signing_key_announcement: 10 * 60,
            audit_retention: 90 * DAY,
        }
    }
}

impl Lifetimes {
    /// How long a workload token holds.
    pub const WORKLOAD_TOKEN: Duration = Duration::from_secs(60 * 60);
    /// What is added to the life of tokens for clocks that differ.
    pub const MARGIN: Duration = Duration::from_secs(60);

    /// How long an access token holds.
    #[must_use]
    pub fn access(&self) -> Duration {
        Duration::from_secs(self.access_token_lifetime.into())
    }

    /// How long a session lives without being refreshed.
    #[must_use]
    pub fn refresh(&self) -> Duration {
        Duration::from_secs(self.refresh_token_lifetime.into())
    }

    /// How long authentication events are kept.
    #[must_use]
    pub fn audit(&self) -> Duration {
        Duration::from_secs(self.audit_retention.into())
    }

    /// When signing keys are made, sign and are forgotten.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule {
            rotate_after: Duration::from_secs(self.signing_key_rotation.into()),
            announce: Duration::from_secs(self.signing_key_announcement.into()),
            overlap: self.access().max(Self::WORKLOAD_TOKEN) + Self::MARGIN,
        }
    }
}

/// How often things may be tried: so many at once, then one more per so many seconds.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Throttle {
    /// Wrong passwords of an account at once.
    #[arg(long, env = "LOGIN_ACCOUNT_BURST", default_value_t = Self::default().login_account_burst)]
    pub login_account_burst: u32,
    /// Seconds until an account may be tried once more.
    #[arg(long, env = "LOGIN_ACCOUNT_INTERVAL", default_value_t = Self::default().login_account_interval)]
    pub login_account_interval: u32,
    /// Wrong passwords from a client's address at once.
    #[arg(long, env = "LOGIN_ADDRESS_BURST", default_value_t = Self::default().login_address_burst)]
    pub login_address_burst: u32,
    /// Seconds until an address may try once more.
    #[arg(long, env = "LOGIN_ADDRESS_INTERVAL", default_value_t = Self::default().login_address_interval)]
    pub login_address_interval: u32,
    /// Registrations from a client's address at once.
    #[arg(long, env = "REGISTER_BURST", default_value_t = Self::default().register_burst)]
    pub register_burst: u32,
    /// Seconds until an address may register once more.
    #[arg(long, env = "REGISTER_INTERVAL", default_value_t = Self::default().register_interval)]
    pub register_interval: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            login_account_burst: 10,
            login_account_interval: 30,
            login_address_burst: 100,
            login_address_interval: 2,
            register_burst: 100,
            register_interval: 6,
        }
    }
}

impl Throttle {
    /// Wrong passwords of an account.
    #[must_use]
    pub fn login_account(&self) -> Limit {
        limit(self.login_account_burst, self.login_account_interval)
    }

    /// Wrong passwords from an address.
    #[must_use]
    pub fn login_address(&self) -> Limit {
        limit(self.login_address_burst, self.login_address_interval)
    }

    /// Registrations from an address.
    #[must_use]
    pub fn register(&self) -> Limit {
        limit(self.register_burst, self.register_interval)
    }
}

fn limit(burst: u32, interval: u32) -> Limit {
    Limit {
        burst,
        interval: Duration::from_secs(interval.into()),
    }
}

/// How often background work is done; tests make it more often.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    /// Looking for registrations that nobody went on with.
    pub heal: Duration,
    /// Looking whether signing keys are due.
    pub keys: Duration,
    /// Removing what has served its time.
    pub purge: Duration,
}

impl Default for Rounds {
    fn default() -> Self {
        Self {
            heal: Duration::from_secs(2),
            keys: Duration::from_secs(60),
            purge: Duration::from_secs(60 * 60),
        }
    }
}

impl Config {
    /// Defaults, with the key and the workloads' public keys handed in: for processes that run
    /// svc-auth beside others, and for tests.
    #[must_use]
    pub fn embedded(
        database: DatabaseConfig,
        key: &EncryptionKey,
        workload_keys: WorkloadKeys,
    ) -> Self {
        Self {
            database,
            signing_key_encryption_key: key.to_base64(),
            workload_keys_dir: None,
            workload_keys,
            admin_email: None,
            admin_password: None,
            lifetimes: Lifetimes::default(),
            throttle: Throttle::default(),
            password_hashing_concurrency: 0,
            rounds: Rounds::default(),
        }
    }

    /// The encryption key and the workloads' keys.
    ///
    /// # Errors
    /// Every mistake at once.
    pub(crate) fn secrets(&self) -> Result<(EncryptionKey, WorkloadKeys), StartError> {
        let mut mistakes = Vec::new();
        let key = EncryptionKey::from_base64(self.signing_key_encryption_key.expose_secret())
            .map_err(|error| mistakes.push(format!("SIGNING_KEY_ENCRYPTION_KEY: {error}")));
        let mut workloads = self.workload_keys.clone();
        if let Some(directory) = &self.workload_keys_dir {
            match WorkloadKeys::read(directory) {
                Ok(read) => workloads.extend(read),
                Err(found) => mistakes.extend(found),
            }
        }
        let lifetimes = &self.lifetimes;
        if lifetimes.access_token_lifetime == 0 || lifetimes.refresh_token_lifetime == 0 {
            mistakes.push("lifetimes of tokens must not be 0".to_owned());
        }
        if lifetimes.signing_key_announcement >= lifetimes.signing_key_rotation {
            let rule = "SIGNING_KEY_ANNOUNCEMENT must be shorter than SIGNING_KEY_ROTATION";
            mistakes.push(rule.to_owned());
        }
        if let Some(password) = &self.admin_password
            && !(8..=128).contains(&password.expose_secret().chars().count())
        {
            mistakes.push("ADMIN_PASSWORD must have 8 to 128 characters".to_owned());
        }
        match key {
            Ok(key) if mistakes.is_empty() => Ok((key, workloads)),
            _ => Err(StartError::Config(mistakes)),
        }
    }
}
