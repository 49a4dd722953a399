//! Ports, and what to say when one is taken.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::start::StartError;

/// Connections that wait to be accepted.
pub const BACKLOG: u32 = 1024;

/// Listens on an address; the error names the flag that changes it.
pub async fn listen(
    name: &str,
    address: SocketAddr,
    flag: &str,
) -> Result<TcpListener, StartError> {
    let socket = reserve(name, address, flag)?;
    socket
        .listen(BACKLOG)
        .map_err(|source| taken(name, address, flag, source))
}

/// Takes an address without listening yet: who connects before is refused, and goes elsewhere.
pub fn reserve(name: &str, address: SocketAddr, flag: &str) -> Result<TcpSocket, StartError> {
    let reserve = || {
        let socket = match address.is_ipv4() {
            true => TcpSocket::new_v4()?,
            false => TcpSocket::new_v6()?,
        };
        // A restart need not wait for the last connections of the process before it.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    reserve().map_err(|source| taken(name, address, flag, source))
}

/// What to say of an address that cannot be listened on.
pub fn taken(name: &str, address: SocketAddr, flag: &str, source: std::io::Error) -> StartError {
    let (name, address, flag) = (name.to_owned(), address.to_string(), flag.to_owned());
    StartError::Listen {
        name,
        address,
        flag,
        source,
    }
}

/// Who listens everywhere is called at the loopback address by its own process.
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
