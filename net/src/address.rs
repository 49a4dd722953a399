//! Where a server is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rustls::pki_types::ServerName;

use crate::in_process::InProcess;
use crate::names::Names;

/// One or more `host:port`; each host may stand for several endpoints in DNS.
/// Written `http://svc-users:4001`, or several with commas between; `https` is TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub(crate) hosts: Arc<[(String, u16)]>,
    is_tls: bool,
    pub(crate) names: Names,
    /// Instead of hosts.
    pub(crate) in_process: Option<InProcess>,
}

impl Address {
    /// Whether connections are in TLS, in which servers prove that they have the host's name.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The same, whose hosts are looked up by somebody else than the system.
    #[must_use]
    pub fn looked_up_by(self, names: Names) -> Address {
        Address { names, ..self }
    }
}

/// Of a server in this process, which needs no socket.
impl From<InProcess> for Address {
    fn from(server: InProcess) -> Address {
        Address {
            hosts: [].into(),
            is_tls: false,
            names: Names::default(),
            in_process: Some(server),
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        let all = text.split(',').map(|one| host_and_port(one.trim()));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        let is_tls = all.iter().any(|(is_tls, _)| *is_tls);
        if all.iter().any(|(this, _)| *this != is_tls) {
            return Err(format!("{text:?}: either all of them are https or none is"));
        }
        Ok(Address {
            hosts: all.into_iter().map(|(_, host)| host).collect(),
            is_tls,
            names: Names::default(),
            in_process: None,
        })
    }
}

impl From<std::net::SocketAddr> for Address {
    fn from(address: std::net::SocketAddr) -> Address {
        Address {
            hosts: [(address.ip().to_string(), address.port())].into(),
            is_tls: false,
            names: Names::default(),
            in_process: None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_process.is_some() {
            return f.write_str("this process");
        }
        let scheme = if self.is_tls { "https" } else { "http" };
        for (index, (host, port)) in self.hosts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match host.contains(':') {
                true => write!(f, "{comma}{scheme}://[{host}]:{port}")?,
                false => write!(f, "{comma}{scheme}://{host}:{port}")?,
            }
        }
        Ok(())
    }
}

/// With whether it is in TLS.
fn host_and_port(text: &str) -> Result<(bool, (String, u16)), String> {
    let wrong = |why: &str| {
        format!("{text:?} {why}; an address looks like http://host:port or https://host:port")
    };
    let uri: http::Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
    let is_tls = match uri.scheme_str() {
        None | Some("http") => false,
        Some("https") => true,
        Some(_) => return Err(wrong("is neither http nor https")),
    };
    if !matches!(uri.path(), "" | "/") {
        return Err(wrong("has a path"));
    }
    let host = uri
        .host()
        .filter(|host| !host.is_empty())
        .ok_or_else(|| wrong("has no host"))?;
    let host = host.trim_matches(['[', ']']);
    if is_tls && ServerName::try_from(host).is_err() {
        return Err(wrong("has a host that no certificate can name"));
    }
    let port = uri.port_u16().ok_or_else(|| wrong("has no port"))?;
    Ok((is_tls, (host.to_owned(), port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_one_or_more_hosts() {
        let address: Address = "http://svc-users:4001, http://[::1]:5001".parse().unwrap();
        assert_eq!(
            *address.hosts,
            [("svc-users".into(), 4001), ("::1".into(), 5001)]
        );
        assert_eq!(
            address.to_string(),
            "http://svc-users:4001,http://[::1]:5001"
        );
        assert!(!address.is_tls());
    }

    #[test]
    fn an_address_in_tls_is_so_as_a_whole() {
        let address: Address = "https://a.example:443,https://[::1]:5001".parse().unwrap();
        assert!(address.is_tls());
        assert_eq!(
            address.to_string(),
            "https://a.example:443,https://[::1]:5001"
        );
        let error = "https://a:1,http://b:1".parse::<Address>().unwrap_err();
        assert!(error.contains("all of them are https"), "{error}");
    }

    #[test]
    fn a_wrong_address_says_what_one_looks_like() {
        for wrong in [
            "",
            "http://users",
            "ftp://users:1",
            "https://users",
            "https://us..ers:1",
            "http://users:4001/path",
            "http://:1",
        ] {
            let error = wrong.parse::<Address>().unwrap_err();
            assert!(error.contains("http://host:port"), "{error}");
        }
    }
}
