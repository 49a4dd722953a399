//! Who is at the other end of a connection.

use std::net::IpAddr;

use http::HeaderValue;
use net::tls::Stream;

/// The client, or a proxy that speaks for it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// What it has proved to be by its certificate, as upstreams are told it.
    pub(crate) certificate: Option<HeaderValue>,
}

impl Peer {
    pub(crate) fn of(address: IpAddr, stream: &Stream) -> Self {
        let certificate = stream.client_certificate();
        let certificate = certificate.and_then(|one| HeaderValue::try_from(one.to_string()).ok());
        Self {
            address,
            certificate,
        }
    }
}
