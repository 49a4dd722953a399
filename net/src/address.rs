//! Where a server is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// One or more `host:port`; each host may stand for several endpoints in DNS.
/// Written `http://svc-users:4001`, or several with commas between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(pub(crate) Arc<[(String, u16)]>);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        text.split(',')
            .map(|one| host_and_port(one.trim()))
            .collect::<Result<_, _>>()
            .map(Address)
    }
}

impl From<std::net::SocketAddr> for Address {
    fn from(address: std::net::SocketAddr) -> Address {
        Address([(address.ip().to_string(), address.port())].into())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (host, port)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match host.contains(':') {
                true => write!(f, "{comma}http://[{host}]:{port}")?,
                false => write!(f, "{comma}http://{host}:{port}")?,
            }
        }
        Ok(())
    }
}

fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let wrong = |why: &str| format!("{text:?} {why}; an address looks like http://host:port");
    let uri: http::Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
    match uri.scheme_str() {
        None | Some("http") => {}
        Some(_) => return Err(wrong("is not http")),
    }
    if !matches!(uri.path(), "" | "/") {
        return Err(wrong("has a path"));
    }
    let host = uri
        .host()
        .filter(|host| !host.is_empty())
        .ok_or_else(|| wrong("has no host"))?;
    let port = uri.port_u16().ok_or_else(|| wrong("has no port"))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_one_or_more_hosts() {
        let address: Address = "http://svc-users:4001, http://[::1]:5001".parse().unwrap();
        assert_eq!(
            *address.0,
            [("svc-users".into(), 4001), ("::1".into(), 5001)]
        );
        assert_eq!(
            address.to_string(),
            "http://svc-users:4001,http://[::1]:5001"
        );
    }

    #[test]
    fn a_wrong_address_says_what_one_looks_like() {
        for wrong in [
            "",
            "http://users",
            "https://users:1",
            "http://users:4001/path",
            "http://:1",
        ] {
            let error = wrong.parse::<Address>().unwrap_err();
            assert!(error.contains("http://host:port"), "{error}");
        }
    }
}
