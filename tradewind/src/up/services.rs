//! The configurations of everything in the process: own flags and variables, with the stores and
//! keys of this process.

use net::{process::arguments::Refused, random::Random};
use runtime::{
    identity::Signer,
    services::{AUTHORITY, EDGE, SERVICES},
};
use store::{CacheConfig, DatabaseConfig};
use svc_auth::{OPERATOR, WorkloadKeys};

use super::{
    Arguments,
    first_start::{self, Administrator},
    members::{Authority, Build, Shared, members},
};
use crate::operator;

/// Keys of the workloads that prove themselves, which no one outside of this process ever has.
pub(super) struct Keys(Vec<(&'static str, Signer)>);

impl Keys {
    pub(super) fn generate(random: &Random) -> Keys {
        let names = [EDGE].iter().chain(SERVICES).map(|process| process.name);
        let key = |name| (name, Signer::generate(name, random));
        Keys(names.filter(|name| *name != AUTHORITY).map(key).collect())
    }

    /// A workload's key; who signs the tokens has none.
    pub(super) fn signer(&self, name: &str) -> Option<Signer> {
        let found = self.0.iter().find(|(workload, _)| *workload == name);
        found.map(|(_, signer)| signer.clone())
    }

    fn public(&self) -> WorkloadKeys {
        let none = WorkloadKeys::default();
        self.0.iter().fold(none, |keys, (name, signer)| {
            keys.with(name, &[signer.jwk()])
        })
    }
}

/// What each part is built from.
pub(super) struct Configurations {
    pub(super) services: Vec<(&'static str, Build)>,
    pub(super) edge: edge::Config,
    pub(super) administrator: Administrator,
}

/// Reads all configurations; all mistakes at once.
pub(super) fn configurations(
    arguments: &Arguments,
    keys: &Keys,
) -> Result<Configurations, Refused> {
    let wrong = |error: anyhow::Error| Refused::Mistakes(vec![format!("{error:#}")]);
    let administrator = Administrator::of(arguments);
    let secret = first_start::signing_key_secret(&arguments.data_dir).map_err(wrong)?;
    let operator = operator::signer(&secret).map_err(wrong)?;
    let audit_key = first_start::audit_key(&arguments.data_dir).map_err(wrong)?;
    let shared = Shared {
        database: match &arguments.database_url {
            Some(url) => DatabaseConfig::url(url.expose()),
            None => DatabaseConfig::sqlite(arguments.data_dir.join("tradewind.db")),
        },
        database_prefix: arguments.database_prefix.clone(),
        cache: CacheConfig {
            redis_url: arguments.redis_url.clone(),
        },
        authority: Authority {
            secret,
            workload_keys: keys.public().with(OPERATOR, &[operator.jwk()]),
            admin_email: administrator.email.clone(),
            admin_password: administrator.password.clone(),
            invitation: administrator.invitation.clone(),
        },
        audit_key,
        payment_token_secret: first_start::payment_token_secret(&arguments.data_dir)
            .map_err(wrong)?,
        mail_dir: arguments.data_dir.join("mail"),
        webhook_secret: first_start::webhook_secret(&arguments.data_dir).map_err(wrong)?,
    };

    let mut mistakes = Vec::new();
    let mut services = Vec::new();
    for member in members() {
        let name = member.name;
        let build = note(member.configure(&shared), &mut mistakes)?;
        services.extend(build.map(|build| (name, build)));
    }
    if !mistakes.is_empty() {
        return Err(Refused::Mistakes(mistakes));
    }
    Ok(Configurations {
        services,
        edge: edge::Config {
            settings: arguments.edge.clone(),
            redis_url: arguments.redis_url.clone(),
            ..edge::Config::default()
        },
        administrator,
    })
}

/// Collects mistakes, so that those of other parts are told too.
fn note<C>(read: Result<C, Refused>, mistakes: &mut Vec<String>) -> Result<Option<C>, Refused> {
    match read {
        Ok(config) => Ok(Some(config)),
        Err(Refused::Mistakes(more)) => {
            // Several services may have the same thing to say of a shared variable.
            for mistake in more {
                if !mistakes.contains(&mistake) {
                    mistakes.push(mistake);
                }
            }
            Ok(None)
        }
        Err(other) => Err(other),
    }
}
