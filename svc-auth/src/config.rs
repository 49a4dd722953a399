//! What svc-auth is told at its start.

use std::path::PathBuf;
use std::time::Duration;

use runtime::StartError;
use runtime::identity::EXPIRY_GRACE;
use runtime::process::duration;
use secrecy::{ExposeSecret as _, SecretString};
use store::DatabaseConfig;

use crate::administrator::Invitation;
use crate::domain::keys::Schedule;
use crate::domain::password::rules::{self, Owner, Refusal};
use crate::domain::seal::{EncryptionKey, EncryptionKeys};
use crate::domain::throttle::Limit;
use crate::workloads::WorkloadKeys;

/// What svc-auth is told at its start.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Where the credentials and sessions are.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// The key under which signing keys are stored and from which refresh tokens are made: 32
    /// bytes in base64, the same for all replicas (`openssl rand -base64 32`).
    #[arg(long, env = "SIGNING_KEY_ENCRYPTION_KEY", hide_env_values = true)]
    pub signing_key_encryption_key: SecretString,
    /// Another such key that holds too: the one before, while a new one takes its place.
    #[arg(
        long,
        env = "SIGNING_KEY_ENCRYPTION_KEY_PREVIOUS",
        hide_env_values = true
    )]
    pub signing_key_encryption_key_previous: Option<SecretString>,
    /// Directory with the public keys of workloads: `<workload>.pem` (an Ed25519 public key) or
    /// `<workload>.json` (a JSON Web Key Set).
    #[arg(long, env = "WORKLOAD_KEYS_DIR", value_name = "DIR")]
    pub workload_keys_dir: Option<PathBuf>,
    /// Public keys handed in by the process that holds the private ones.
    #[arg(skip)]
    pub workload_keys: WorkloadKeys,
    /// E-mail address of the first administrator, whose account is opened at the start.
    #[arg(long, env = "ADMIN_EMAIL")]
    pub admin_email: Option<String>,
    /// Password of the first administrator; it has no effect once the account has one.
    #[arg(
        long,
        env = "ADMIN_PASSWORD",
        hide_env_values = true,
        requires = "admin_email"
    )]
    pub admin_password: Option<SecretString>,
    /// Asks for a token by which the first administrator chooses a password, where none is given:
    /// for a process that can show it.
    #[arg(skip)]
    pub invitation: Option<Invitation>,
    /// How long tokens and keys live.
    #[command(flatten)]
    pub lifetimes: Lifetimes,
    /// How often things may be tried.
    #[command(flatten)]
    pub throttle: Throttle,
    /// Which passwords are taken and in what memory they are hashed.
    #[command(flatten)]
    pub passwords: Passwords,
    /// How often background work is done.
    #[arg(skip)]
    pub rounds: Rounds,
}

/// How long tokens and keys live.
#[derive(clap::Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// How long an access token holds.
    #[arg(long, env = "ACCESS_TOKEN_LIFETIME", default_value = "15m", value_parser = duration)]
    pub access_token_lifetime: Duration,
    /// How long a session lives without being refreshed.
    #[arg(long, env = "REFRESH_TOKEN_LIFETIME", default_value = "30d", value_parser = duration)]
    pub refresh_token_lifetime: Duration,
    /// How long after sign-in a session ends, however often it is refreshed.
    #[arg(long, env = "SESSION_LIFETIME", default_value = "90d", value_parser = duration)]
    pub session_lifetime: Duration,
    /// After which time a signing key gets a successor.
    #[arg(long, env = "SIGNING_KEY_ROTATION", default_value = "30d", value_parser = duration)]
    pub signing_key_rotation: Duration,
    /// How long a new signing key is published before it signs.
    #[arg(long, env = "SIGNING_KEY_ANNOUNCEMENT", default_value = "10m", value_parser = duration)]
    pub signing_key_announcement: Duration,
    /// How long authentication events are kept.
    #[arg(long, env = "AUDIT_RETENTION", default_value = "90d", value_parser = duration)]
    pub audit_retention: Duration,
}

/// Which passwords are taken and in what memory they are hashed.
#[derive(clap::Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passwords {
    /// The fewest characters of a new password. NIST SP 800-63B-4 asks for 15 where there is no
    /// second factor.
    #[arg(
        long,
        env = "PASSWORD_MIN_LENGTH",
        default_value_t = 8,
        value_parser = clap::value_parser!(u16).range(8..=64)
    )]
    pub password_min_length: u16,
    /// MiB in which passwords are hashed. One of ours takes 19, an imported argon2 hash what its
    /// parameters say.
    #[arg(
        long,
        env = "PASSWORD_HASHING_MEMORY",
        value_name = "MIB",
        default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(19..=65_536)
    )]
    pub password_hashing_memory: u32,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            password_min_length: 8,
            password_hashing_memory: 64,
        }
    }
}

impl Passwords {
    /// The form in which a new password is hashed, if it is taken.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn admit(&self, typed: &str, owner: Owner<'_>) -> Result<SecretString, Refusal> {
        rules::admit(typed, owner, self.password_min_length.into())
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access_token_lifetime: 15 * MINUTE,
            refresh_token_lifetime: 30 * DAY,
            session_lifetime: 90 * DAY,
            signing_key_rotation: 30 * DAY,
            signing_key_announcement: 10 * MINUTE,
            audit_retention: 90 * DAY,
        }
    }
}

impl Lifetimes {
    /// How long a workload token holds.
    pub const WORKLOAD_TOKEN: Duration = Duration::from_secs(60 * 60);
    /// What is added to the life of tokens for clocks that differ.
    pub const MARGIN: Duration = MINUTE;

    /// When signing keys are made, sign and are forgotten.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule {
            rotate_after: self.signing_key_rotation,
            announce: self.signing_key_announcement,
            overlap: (self.access_token_lifetime + EXPIRY_GRACE).max(Self::WORKLOAD_TOKEN)
                + Self::MARGIN,
        }
    }
}

/// How often things may be tried: so many at once, then one more per interval.
#[derive(clap::Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Wrong passwords of an account from one network (an address of IPv4, a /64 of IPv6) at once;
    /// four times as many from a /48. A network from which the account has signed in is not
    /// refused for what others do.
    #[arg(long, env = "LOGIN_ACCOUNT_BURST", default_value_t = 10)]
    pub login_account_burst: u32,
    /// After which time an account may be tried once more from a network.
    #[arg(long, env = "LOGIN_ACCOUNT_INTERVAL", default_value = "30s", value_parser = duration)]
    pub login_account_interval: Duration,
    /// Wrong passwords of an account at once, from all networks from which it has not signed in.
    /// NIST SP 800-63B-4 allows 100.
    #[arg(long, env = "LOGIN_ACCOUNT_TOTAL_BURST", default_value_t = 100)]
    pub login_account_total_burst: u32,
    /// After which time an account may be tried once more from any such network.
    #[arg(
        long,
        env = "LOGIN_ACCOUNT_TOTAL_INTERVAL",
        default_value = "30s",
        value_parser = duration
    )]
    pub login_account_total_interval: Duration,
    /// How long a network is remembered from which an account has signed in.
    #[arg(long, env = "KNOWN_NETWORK_LIFETIME", default_value = "90d", value_parser = duration)]
    pub known_network_lifetime: Duration,
    /// Wrong passwords from a client's network at once; four times as many from a /48.
    #[arg(long, env = "LOGIN_ADDRESS_BURST", default_value_t = 100)]
    pub login_address_burst: u32,
    /// After which time an address may try once more.
    #[arg(long, env = "LOGIN_ADDRESS_INTERVAL", default_value = "2s", value_parser = duration)]
    pub login_address_interval: Duration,
    /// Registrations from a client's address at once.
    #[arg(long, env = "REGISTER_BURST", default_value_t = 100)]
    pub register_burst: u32,
    /// After which time an address may register once more.
    #[arg(long, env = "REGISTER_INTERVAL", default_value = "6s", value_parser = duration)]
    pub register_interval: Duration,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            login_account_burst: 10,
            login_account_interval: Duration::from_secs(30),
            login_account_total_burst: 100,
            login_account_total_interval: Duration::from_secs(30),
            known_network_lifetime: 90 * DAY,
            login_address_burst: 100,
            login_address_interval: Duration::from_secs(2),
            register_burst: 100,
            register_interval: Duration::from_secs(6),
        }
    }
}

impl Throttle {
    /// Wrong passwords of an account from one network.
    #[must_use]
    pub fn login_account(&self) -> Limit {
        Limit {
            burst: self.login_account_burst,
            interval: self.login_account_interval,
        }
    }

    /// Wrong passwords of an account from all networks from which it has not signed in.
    #[must_use]
    pub fn login_account_total(&self) -> Limit {
        Limit {
            burst: self.login_account_total_burst,
            interval: self.login_account_total_interval,
        }
    }

    /// Wrong passwords from an address.
    #[must_use]
    pub fn login_address(&self) -> Limit {
        Limit {
            burst: self.login_address_burst,
            interval: self.login_address_interval,
        }
    }

    /// Registrations from an address.
    #[must_use]
    pub fn register(&self) -> Limit {
        Limit {
            burst: self.register_burst,
            interval: self.register_interval,
        }
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
            signing_key_encryption_key_previous: None,
            workload_keys_dir: None,
            workload_keys,
            admin_email: None,
            admin_password: None,
            invitation: None,
            lifetimes: Lifetimes::default(),
            throttle: Throttle::default(),
            passwords: Passwords::default(),
            rounds: Rounds::default(),
        }
    }

    /// The encryption keys and the workloads' keys.
    ///
    /// # Errors
    /// Every mistake at once.
    pub(crate) fn secrets(&self) -> Result<(EncryptionKeys, WorkloadKeys), StartError> {
        let mut mistakes = Vec::new();
        let mut read = |name: &str, text: &SecretString| {
            EncryptionKey::from_base64(text.expose_secret())
                .map_err(|error| mistakes.push(format!("{name}: {error}")))
                .ok()
        };
        let key = read(
            "SIGNING_KEY_ENCRYPTION_KEY",
            &self.signing_key_encryption_key,
        );
        let previous = self
            .signing_key_encryption_key_previous
            .as_ref()
            .and_then(|text| read("SIGNING_KEY_ENCRYPTION_KEY_PREVIOUS", text));
        let mut workloads = self.workload_keys.clone();
        if let Some(directory) = &self.workload_keys_dir {
            match WorkloadKeys::read(directory) {
                Ok(read) => workloads.extend(read),
                Err(found) => mistakes.extend(found),
            }
        }
        let lifetimes = &self.lifetimes;
        for (variable, lifetime) in [
            ("ACCESS_TOKEN_LIFETIME", lifetimes.access_token_lifetime),
            ("REFRESH_TOKEN_LIFETIME", lifetimes.refresh_token_lifetime),
            ("SESSION_LIFETIME", lifetimes.session_lifetime),
        ] {
            if lifetime.is_zero() {
                mistakes.push(format!("{variable} must not be 0"));
            }
        }
        // Nobody but a process that shows the link could let in whoever has none.
        if self.admin_email.is_some() && self.admin_password.is_none() && self.invitation.is_none()
        {
            mistakes.push("ADMIN_EMAIL needs ADMIN_PASSWORD beside it".to_owned());
        }
        if lifetimes.signing_key_announcement >= lifetimes.signing_key_rotation {
            let rule = "SIGNING_KEY_ANNOUNCEMENT must be shorter than SIGNING_KEY_ROTATION";
            mistakes.push(rule.to_owned());
        }
        if let Some(password) = &self.admin_password {
            let owner = Owner {
                email: self.admin_email.as_deref().unwrap_or_default(),
                display_name: "",
            };
            if let Err(refusal) = self.passwords.admit(password.expose_secret(), owner) {
                mistakes.push(format!("ADMIN_PASSWORD {refusal}"));
            }
        }
        match key {
            Some(current) if mistakes.is_empty() => {
                Ok((EncryptionKeys { current, previous }, workloads))
            }
            _ => Err(StartError::Config(mistakes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::*;

    #[test]
    fn the_flags_have_the_defaults_of_embedded_use() {
        let command = Throttle::augment_args(Lifetimes::augment_args(Command::new("svc-auth")));
        let command = Passwords::augment_args(command);
        let matches = command.try_get_matches_from(["svc-auth"]).unwrap();
        assert_eq!(
            Lifetimes::from_arg_matches(&matches).unwrap(),
            Lifetimes::default()
        );
        assert_eq!(
            Throttle::from_arg_matches(&matches).unwrap(),
            Throttle::default()
        );
        assert_eq!(
            Passwords::from_arg_matches(&matches).unwrap(),
            Passwords::default()
        );
    }

    #[test]
    fn a_weak_password_of_the_administrator_is_a_mistake() {
        let key = EncryptionKey::generate(&runtime::random::Random::seeded(1));
        let database = DatabaseConfig::url("sqlite::memory:");
        for weak in ["password", "root@example.com", "tradewind1", "        "] {
            let config = Config {
                admin_email: Some("root@example.com".into()),
                admin_password: Some(weak.into()),
                ..Config::embedded(database.clone(), &key, WorkloadKeys::default())
            };
            let Err(StartError::Config(mistakes)) = config.secrets() else {
                panic!("{weak:?} is taken")
            };
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert!(
                mistakes[0].starts_with("ADMIN_PASSWORD is "),
                "{mistakes:?}"
            );
        }
    }

    #[test]
    fn every_mistake_is_told_and_no_secret_is_repeated() {
        let key = EncryptionKey::generate(&runtime::random::Random::seeded(1));
        let database = DatabaseConfig::url("sqlite::memory:");
        let config = Config {
            signing_key_encryption_key: "c2VjcmV0".into(),
            workload_keys_dir: Some("/nowhere".into()),
            admin_password: Some("brief".into()),
            ..Config::embedded(database, &key, WorkloadKeys::default())
        };
        let Err(StartError::Config(mistakes)) = config.secrets() else {
            panic!("it is taken")
        };
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        let said = format!("{mistakes:?} {config:?}");
        assert!(
            !said.contains("c2VjcmV0") && !said.contains("brief"),
            "{said}"
        );
    }
}
