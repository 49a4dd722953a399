//! What `tradewind up` prints when it is ready.

use std::{net::SocketAddr, time::Duration};

use runtime::services::{SERVICES, ServiceInfo};
use secrecy::ExposeSecret as _;
use svc_auth::Invitation;

use super::{Arguments, first_start::Administrator};

/// All that is known before everything is ready.
pub(super) struct Welcome {
    edge: SocketAddr,
    ops: SocketAddr,
    /// In the order of their names.
    services: Vec<(ServiceInfo, SocketAddr)>,
    stores: [(&'static str, String); 3],
    administrator: Administrator,
}

impl Welcome {
    pub(super) fn new(arguments: &Arguments, administrator: Administrator) -> Welcome {
        let data = match &arguments.database_url {
            Some(_) => "Postgres, a database for each service".to_owned(),
            None => format!("SQLite in {}", arguments.data_dir.display()),
        };
        let place = |there: bool, name: &str| {
            if there {
                name.to_owned()
            } else {
                "in this process".to_owned()
            }
        };
        let ports = &arguments.ports;
        let mut services: Vec<_> = SERVICES.iter().map(|it| (*it, ports.of(it.name))).collect();
        services.sort_by_key(|(service, _)| service.name);
        Welcome {
            edge: ports.edge(),
            ops: ports.ops(),
            services,
            stores: [
                ("data", data),
                (
                    "events",
                    place(arguments.bus.nats_url.is_some(), "NATS JetStream"),
                ),
                ("cache", place(arguments.redis_url.is_some(), "Redis")),
            ],
            administrator,
        }
    }

    /// Removes what an earlier version kept of the administrator, now that a link takes its place.
    pub(super) fn forget_password(&self) -> anyhow::Result<()> {
        self.administrator.forget_password()
    }

    /// Once the services are built: what svc-auth tells is in it.
    pub(super) fn text(&self, took: Duration) -> String {
        let Welcome { edge, ops, .. } = self;
        let mut text = format!("\nTradewind is ready after {:.2} s\n\n", took.as_secs_f64());
        text += &row(
            "edge",
            &format!("http://{edge}"),
            "REST; /docs and /openapi.json say what there is",
        );
        for (ServiceInfo { name, about, .. }, address) in &self.services {
            text += &row(name, &address.to_string(), &format!("gRPC: {about}"));
        }
        text += &row(
            "ops",
            &format!("http://{ops}"),
            "/readyz, /livez, /metrics of all of them",
        );
        text.push('\n');
        for (name, place) in &self.stores {
            text += &format!("  {name:<15} {place}\n");
        }
        let administrator = administrator(*edge, &self.administrator);
        text += &format!("  {:<15} {administrator}\n", "administrator");
        let any = self.services.first().map_or(*edge, |(_, address)| *address);
        text += &format!(
            "\nNext: `tradewind seed` fills the shop; `tradewind token` prints a token, as in\n  \
             grpcurl -plaintext -H \"authorization: Bearer $(tradewind token)\" {any} list\n\n"
        );
        text
    }
}

fn row(name: &str, address: &str, what: &str) -> String {
    format!("  {name:<15} {address:<24} {what}\n")
}

fn administrator(edge: SocketAddr, administrator: &Administrator) -> String {
    let Administrator { email, .. } = administrator;
    let token = administrator
        .invitation
        .as_ref()
        .and_then(Invitation::token);
    match token {
        None => email.clone(),
        Some(token) => format!(
            "{email}; choose a password within a day, by this link, which is shown once:\n  {:<15} \
             http://{edge}/reset-password#token={}",
            "",
            token.expose_secret()
        ),
    }
}
