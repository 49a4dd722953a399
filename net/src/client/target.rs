//! Where a connection goes, and what is at its other end.

use std::fmt;
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Uri;
use http::uri::{Authority, Scheme};
use rustls::pki_types::ServerName;

use crate::address::Address;
use crate::tls::Client;

/// An address of a service.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    /// In TLS.
    pub(super) origin: Option<Arc<Origin>>,
}

/// A server that has to prove who it is.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) tls: Client,
    pub(super) name: ServerName<'static>,
    /// What requests are addressed to: a server that is several by name knows by it which is meant.
    authority: Authority,
}

impl Origin {
    /// The server of this host.
    ///
    /// # Errors
    /// When the host cannot be one.
    pub(super) fn of(host: &str, port: u16, tls: Client) -> Result<Origin, String> {
        let wrong = || format!("{host}: no certificate can name it");
        let name = ServerName::try_from(host.to_owned()).map_err(|_| wrong())?;
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.to_owned(),
        };
        let authority = match port {
            443 => host,
            port => format!("{host}:{port}"),
        };
        let authority = authority.parse().map_err(|_| wrong())?;
        Ok(Origin {
            tls,
            name,
            authority,
        })
    }

    /// Addresses a request to the server.
    pub(super) fn name_in(&self, uri: &mut Uri) {
        let mut parts = mem::take(uri).into_parts();
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = Some(self.authority.clone());
        *uri = Uri::from_parts(parts).expect("it had all of them before");
    }
}

impl Target {
    /// All that DNS has for an address; there is one at least.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn all(
        address: &Address,
        tls: Option<&Client>,
    ) -> Result<Vec<Target>, String> {
        let mut targets = Vec::new();
        for (host, port) in address.hosts.iter() {
            let origin = tls.map(|tls| Origin::of(host, *port, tls.clone()));
            let origin = origin.transpose()?.map(Arc::new);
            let of = |address| Target {
                address,
                origin: origin.clone(),
            };
            if let Ok(ip) = host.parse::<IpAddr>() {
                targets.push(of(SocketAddr::new(ip, *port)));
                continue;
            }
            let found = address.names.look_up(host, *port).await;
            let found = found.map_err(|error| format!("{host}: {error}"))?;
            targets.extend(found.into_iter().map(of));
        }
        targets.sort_by_key(|target| target.address);
        targets.dedup_by(|one, other| one.is(other));
        match targets.is_empty() {
            true => Err(format!("DNS has no address for {address}")),
            false => Ok(targets),
        }
    }

    /// Whether both are the same server.
    pub(super) fn is(&self, other: &Target) -> bool {
        self.address == other.address && self.name() == other.name()
    }

    fn name(&self) -> Option<&ServerName<'static>> {
        self.origin.as_ref().map(|origin| &origin.name)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) if matches!(origin.name, ServerName::DnsName(_)) => {
                write!(f, "{} ({})", origin.authority, self.address)
            }
            _ => write!(f, "{}", self.address),
        }
    }
}
