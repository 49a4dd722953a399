//! The services of the process: each with what builds it, and its own flags and variables. The
//! stores and keys that a process of its own would be told of are this process's.

use std::path::PathBuf;

use clap::{Arg, Args, Command};
use futures::{FutureExt as _, future::LocalBoxFuture};
use net::{
    StartError,
    process::arguments::{self, Refused},
};
use runtime::{node::Node, service::Service};
use secrecy::SecretString;
use store::{CacheConfig, DatabaseConfig, Stored};
use svc_auth::{Invitation, WorkloadKeys};
use svc_orders::audit::AuditKey;

/// The services, in the order of their list.
pub(crate) fn members() -> Vec<Member> {
    vec![
        member("svc-users", svc_users::build),
        member_with("svc-auth", svc_auth::build, sign_tokens),
        member("svc-catalog", svc_catalog::build),
        member("svc-inventory", svc_inventory::build),
        member("svc-shipping", svc_shipping::build),
        member_with("svc-payments", svc_payments::build, seal_payment_tokens),
        member_with("svc-orders", svc_orders::build, sign_histories),
        member_with("svc-notify", svc_notify::build, tell_others),
    ]
}

/// A service, as this process can build it.
pub(crate) struct Member {
    pub(crate) name: &'static str,
    /// Ids of its flags.
    flags: Vec<String>,
    configure: Configure,
}

/// Makes a service's configuration of what it shares with the others.
type Configure = Box<dyn FnOnce(&Shared) -> Result<Build, Refused>>;

/// Builds a service for its place in the process.
pub(super) type Build =
    Box<dyn FnOnce(Node) -> LocalBoxFuture<'static, Result<Service, StartError>>>;

/// What the process tells its services.
pub(super) struct Shared {
    /// The server or folder that has a database for each.
    pub(super) database: DatabaseConfig,
    /// Put in front of the databases' names.
    pub(super) database_prefix: String,
    pub(super) cache: CacheConfig,
    /// What svc-auth is told besides.
    pub(super) authority: Authority,
    /// What signs histories, unless the environment says so.
    pub(super) audit_key: Option<SecretString>,
    /// What seals the tokens of means of payment.
    pub(super) payment_token_secret: SecretString,
    /// What seals the secrets of webhooks.
    pub(super) webhook_secret: SecretString,
    /// Where mails are put that no server takes.
    pub(super) mail_dir: PathBuf,
}

/// Who signs tokens, and whom it knows from the start.
pub(super) struct Authority {
    pub(super) secret: SecretString,
    pub(super) workload_keys: WorkloadKeys,
    pub(super) admin_email: String,
    pub(super) admin_password: Option<SecretString>,
    pub(super) invitation: Option<Invitation>,
}

fn sign_tokens(config: &mut svc_auth::Config, shared: &Shared) {
    let authority = &shared.authority;
    config.signing_key_encryption_key = authority.secret.clone();
    config.workload_keys = authority.workload_keys.clone();
    config.admin_email = Some(authority.admin_email.clone());
    config.admin_password = authority.admin_password.clone();
    config.invitation = authority.invitation.clone();
}

fn sign_histories(config: &mut svc_orders::Config, shared: &Shared) {
    if let Some(key) = &shared.audit_key {
        config.audit = AuditKey::given(key.clone());
    }
}

fn seal_payment_tokens(config: &mut svc_payments::Config, shared: &Shared) {
    config.payment_token_encryption_key = shared.payment_token_secret.clone();
}

fn tell_others(config: &mut svc_notify::Config, shared: &Shared) {
    config.webhook_secret_encryption_key = shared.webhook_secret.clone();
    let folder = &mut config.mail.mail_dir;
    folder.get_or_insert_with(|| shared.mail_dir.clone());
}

fn member<C: Args + Stored + 'static>(
    name: &'static str,
    build: impl AsyncFnOnce(C, &Node) -> Result<Service, StartError> + 'static,
) -> Member {
    member_with(name, build, |_, _| ())
}

/// As [`member`], of which more is set than its stores.
fn member_with<C: Args + Stored + 'static>(
    name: &'static str,
    build: impl AsyncFnOnce(C, &Node) -> Result<Service, StartError> + 'static,
    set: impl FnOnce(&mut C, &Shared) + 'static,
) -> Member {
    let configure = move |shared: &Shared| -> Result<Build, Refused> {
        let mut config: C = read()?;
        let database = format!("{}{}", shared.database_prefix, name.replace('-', "_"));
        config.database().database_url = shared.database.named(&database).database_url;
        if let Some(cache) = config.cache() {
            *cache = shared.cache.clone();
        }
        set(&mut config, shared);
        Ok(Box::new(|node| {
            async move { build(config, &node).await }.boxed_local()
        }))
    };
    Member {
        name,
        flags: C::augment_args(Command::new(name))
            .get_arguments()
            .map(|argument| argument.get_id().to_string())
            .collect(),
        configure: Box::new(configure),
    }
}

impl Member {
    /// Whether it has this flag, by its id.
    pub(crate) fn takes(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }

    /// Reads its configuration.
    pub(super) fn configure(self, shared: &Shared) -> Result<Build, Refused> {
        (self.configure)(shared)
    }
}

/// What the process sets itself, whatever its environment says.
const SET_HERE: [&str; 7] = [
    "database_url",
    "redis_url",
    "signing_key_encryption_key",
    "payment_token_encryption_key",
    "webhook_secret_encryption_key",
    "admin_email",
    "admin_password",
];

/// A service's own variables.
fn read<C: Args>() -> Result<C, Refused> {
    let set_here = |argument: Arg| match SET_HERE.iter().any(|name| argument.get_id() == name) {
        true => argument.env(None).required(false).default_value(""),
        false => argument,
    };
    let command = C::augment_args(Command::new("tradewind up")).mut_args(set_here);
    let matches = arguments::parse(command, vec!["tradewind up".into()])?;
    Ok(C::from_arg_matches(&matches)?)
}

#[cfg(test)]
mod tests {
    use runtime::services::SERVICES;

    use super::*;

    #[test]
    fn the_members_are_the_services_of_the_list() {
        let members: Vec<_> = members().iter().map(|member| member.name).collect();
        let listed: Vec<_> = SERVICES.iter().map(|service| service.name).collect();
        assert_eq!(members, listed);
    }
}
