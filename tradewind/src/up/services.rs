//! The configurations of the services: their own flags and variables, with the stores and keys of
//! this process.

use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches};
use net::{
    process::arguments::{self, Refused},
    random::Random,
};
use runtime::identity::Signer;
use secrecy::ExposeSecret as _;
use store::DatabaseConfig;
use svc_auth::{OPERATOR, WorkloadKeys};

use super::{
    Arguments,
    first_start::{self, Administrator},
};
use crate::operator;

/// The workloads that prove themselves to svc-auth.
const WORKLOADS: [&str; 6] = [
    "edge",
    "svc-users",
    "svc-catalog",
    "svc-inventory",
    "svc-shipping",
    "svc-orders",
];

/// Keys of the workloads, which no one outside of this process ever has.
pub(super) struct Keys(Vec<(&'static str, Signer)>);

impl Keys {
    pub(super) fn generate(random: &Random) -> Keys {
        Keys(
            WORKLOADS
                .map(|name| (name, Signer::generate(name, random)))
                .into(),
        )
    }

    pub(super) fn signer(&self, name: &str) -> Signer {
        let found = self.0.iter().find(|(workload, _)| *workload == name);
        found.expect("every workload has a key").1.clone()
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
    pub(super) users: svc_users::Config,
    pub(super) auth: svc_auth::Config,
    pub(super) catalog: svc_catalog::Config,
    pub(super) inventory: svc_inventory::Config,
    pub(super) shipping: svc_shipping::Config,
    pub(super) orders: svc_orders::Config,
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

    let mut mistakes = Vec::new();
    let (users, catalog) = (
        read(arguments, "users", true),
        read(arguments, "catalog", true),
    );
    let (inventory, orders) = (
        read(arguments, "inventory", true),
        read(arguments, "orders", true),
    );
    let shipping = read(arguments, "shipping", false);
    let mut words = words(arguments, "auth", false);
    words.extend([
        "--signing-key-encryption-key".into(),
        secret.expose_secret().into(),
    ]);
    if let Some(password) = &administrator.password {
        words.extend(["--admin-email".into(), administrator.email.clone().into()]);
        words.extend(["--admin-password".into(), password.into()]);
    }
    let auth = parse(words);
    let edge = edge_config(arguments);

    let (users, auth) = (note(users, &mut mistakes)?, note(auth, &mut mistakes)?);
    let (catalog, inventory) = (
        note(catalog, &mut mistakes)?,
        note(inventory, &mut mistakes)?,
    );
    let (shipping, orders) = (note(shipping, &mut mistakes)?, note(orders, &mut mistakes)?);
    let edge = note(edge, &mut mistakes)?;
    let all = (users, auth, catalog, inventory, shipping, orders, edge);
    let (
        Some(users),
        Some(auth),
        Some(catalog),
        Some(inventory),
        Some(shipping),
        Some(orders),
        Some(edge),
    ) = all
    else {
        return Err(Refused::Mistakes(mistakes));
    };
    let operator = operator::signer(&secret).map_err(wrong)?;
    let auth = svc_auth::Config {
        workload_keys: keys.public().with(OPERATOR, &[operator.jwk()]),
        admin_email: Some(administrator.email.clone()),
        invitation: administrator.invitation.clone(),
        ..auth
    };
    Ok(Configurations {
        users,
        auth,
        catalog,
        inventory,
        shipping,
        orders,
        edge,
        administrator,
    })
}

fn edge_config(arguments: &Arguments) -> Result<edge::Config, Refused> {
    let redis_url = arguments.redis_url.as_deref().map(str::parse).transpose();
    let redis_url = redis_url
        .map_err(|error| Refused::Mistakes(vec![format!("--redis-url (REDIS_URL): {error}")]))?;
    Ok(edge::Config {
        settings: arguments.edge.clone(),
        redis_url,
    })
}

fn read<C: Args>(arguments: &Arguments, service: &str, cached: bool) -> Result<C, Refused> {
    parse(words(arguments, service, cached))
}

/// The command line of a service's own binary.
fn words(arguments: &Arguments, service: &str, cached: bool) -> Vec<OsString> {
    let server = match &arguments.database_url {
        Some(url) => DatabaseConfig::url(url),
        None => DatabaseConfig::sqlite(arguments.data_dir.join("tradewind.db")),
    };
    let database = server.named(&format!("{}svc_{service}", arguments.database_prefix));
    let mut words: Vec<OsString> = vec![
        format!("svc-{service}").into(),
        "--database-url".into(),
        database.database_url.expose_secret().into(),
    ];
    if let (true, Some(url)) = (cached, &arguments.redis_url) {
        words.extend(["--redis-url".into(), url.into()]);
    }
    words
}

fn parse<C: Args>(words: Vec<OsString>) -> Result<C, Refused> {
    let command = C::augment_args(Command::new("tradewind up"));
    let matches = arguments::parse(command, words)?;
    Ok(<C as FromArgMatches>::from_arg_matches(&matches)?)
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
