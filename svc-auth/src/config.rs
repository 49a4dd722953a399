//! What svc-auth is told at its start.

mod identity_providers;
mod passwords;
mod second_factor;
mod throttle;
mod trusted_issuers;

use std::path::PathBuf;
use std::time::Duration;

use net::StartError;
use net::process::duration;
use runtime::email_verification::EmailVerification;
use runtime::identity::EXPIRY_GRACE;
use runtime::seal::{EncryptionKey, EncryptionKeys};
use runtime::services::AUTHORITY;
use secrecy::{ExposeSecret as _, SecretString};
use store::DatabaseConfig;

use crate::domain::keys::Schedule;
use crate::domain::password::rules::Owner;
use crate::invitation::Invitation;
use crate::providers::{Issuers, Providers};
use crate::workloads::WorkloadKeys;

pub use identity_providers::IdentityProviders;
pub use passwords::Passwords;
pub use second_factor::{RequireSecondFactor, SecondFactors};
pub use throttle::Throttle;
pub use trusted_issuers::TrustedIssuers;

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
    #[arg(long, env = "ADMIN_EMAIL", hide_env_values = true)]
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
    /// Who must have a second factor.
    #[command(flatten)]
    pub second_factors: SecondFactors,
    /// With whom people may sign in.
    #[command(flatten)]
    pub identity_providers: IdentityProviders,
    /// Whose access tokens count beside our own.
    #[command(flatten)]
    pub trusted_issuers: TrustedIssuers,
    /// When an account has to prove its e-mail address: a link to do so is mailed to whoever registers,
    /// and before-login to whoever signs in without having done it.
    #[arg(long, env = "EMAIL_VERIFICATION", value_enum, default_value_t)]
    pub email_verification: EmailVerification,
    /// How often background work is done.
    #[arg(skip)]
    pub rounds: Rounds,
}

impl store::Stored for Config {
    fn database(&mut self) -> &mut store::DatabaseConfig {
        &mut self.database
    }
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

impl Default for Lifetimes {
    fn default() -> Self {
        net::process::arguments::defaults()
    }
}

impl Lifetimes {
    /// How long a workload token holds.
    pub const WORKLOAD_TOKEN: Duration = Duration::from_secs(60 * 60);
    /// How long an access token holds that stands for a personal one, unless others hold for less.
    pub const SCRIPT: Duration = Duration::from_secs(5 * 60);
    /// What is added to the life of tokens for clocks that differ.
    pub const MARGIN: Duration = Duration::from_secs(60);

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

/// How often background work is done; tests make it more often.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    /// Looking for registrations, proofs of addresses and requests for mails that nobody went on with.
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
            second_factors: SecondFactors::default(),
            identity_providers: IdentityProviders::default(),
            trusted_issuers: TrustedIssuers::default(),
            email_verification: EmailVerification::default(),
            rounds: Rounds::default(),
        }
    }

    /// The encryption keys, the workloads' keys, the identity providers, and the trusted issuers.
    ///
    /// # Errors
    /// Every mistake at once.
    pub(crate) fn secrets(
        &self,
    ) -> Result<(EncryptionKeys, WorkloadKeys, Providers, Issuers), StartError> {
        let mut mistakes = Vec::new();
        let mut read = |name: &str, text: &SecretString| {
            EncryptionKey::from_base64(AUTHORITY, text.expose_secret())
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
        let providers = self.identity_providers.open().unwrap_or_else(|found| {
            mistakes.extend(found);
            Providers::default()
        });
        let issuers = self.trusted_issuers.open().unwrap_or_else(|found| {
            mistakes.extend(found);
            Issuers::default()
        });
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
        if self.second_factors.second_factor_issuer.contains(':') {
            // It stands between the issuer and the account in what apps are told.
            mistakes.push("SECOND_FACTOR_ISSUER must have no colon".to_owned());
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
                let keys = EncryptionKeys { current, previous };
                Ok((keys, workloads, providers, issuers))
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
        let command = SecondFactors::augment_args(Passwords::augment_args(command));
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
        assert_eq!(
            SecondFactors::from_arg_matches(&matches).unwrap(),
            SecondFactors::default()
        );
    }

    #[test]
    fn a_weak_password_of_the_administrator_is_a_mistake() {
        let key = EncryptionKey::generate(AUTHORITY, &net::random::Random::seeded(1));
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
        let key = EncryptionKey::generate(AUTHORITY, &net::random::Random::seeded(1));
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
