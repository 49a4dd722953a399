//! Browsers and proxies.

use std::net::IpAddr;

use clap::Args;

use crate::client_address::{Network, is_within};
use crate::cors::Origin;

/// What concerns browsers and proxies.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
#[command(next_help_heading = "Browsers and proxies")]
pub struct Web {
    /// Origins whose pages may call the API (CORS), such as `https://shop.example.com`; `*` is any.
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<Origin>,
    /// Proxies whose `x-forwarded-for` and `traceparent` are believed, as addresses or networks
    /// (`192.0.2.0/28`). They may have any number of connections.
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
    /// What stands in front of the gateway speaks TLS with clients: send `strict-transport-security`.
    /// With a certificate of its own the gateway does so anyway.
    #[arg(long, env = "EDGE_BEHIND_TLS")]
    pub behind_tls: bool,
    /// Answer gRPC reflection, of the methods that clients may call, to anybody.
    #[arg(long, env = "EDGE_REFLECTION")]
    pub edge_reflection: bool,
    /// Leave out `/docs`, `/openapi.json` and the landing page.
    #[arg(long, env = "EDGE_HIDE_DOCS")]
    pub hide_docs: bool,
}

impl Web {
    /// Whether that peer's `x-forwarded-for` is believed.
    pub(crate) fn is_trusted(&self, address: IpAddr) -> bool {
        is_within(&self.trusted_proxies, address)
    }
}
