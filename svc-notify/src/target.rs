//! Where events may be sent: to servers that anybody can reach. A name is looked up and its addresses
//! checked each time that a connection is made, and the connection goes to those and no others: what a
//! name meant before counts for nothing.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::domain::{Network, is_public};

/// Which ports events are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Any.
    Any,
    /// These.
    These(Vec<u16>),
}

impl FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "any" {
            return Ok(Self::Any);
        }
        let wrong = |_| format!("`{text}` is neither `any` nor ports such as 443,8443");
        let ports: Result<Vec<u16>, _> = text.split(',').map(|port| port.trim().parse()).collect();
        ports.map(Self::These).map_err(wrong)
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::These(ports) => {
                let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
                f.write_str(&ports.join(","))
            }
        }
    }
}

/// What a name's addresses are.
type Lookup = dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync;

/// How names are looked up: as the system does, or as a test says.
#[derive(Clone, Default)]
pub struct Names(Option<Arc<Lookup>>);

impl Names {
    /// By this.
    pub fn by(
        lookup: impl Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(lookup)))
    }

    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match &self.0 {
            Some(lookup) => lookup(name.to_owned()).await,
            None => {
                let found = tokio::net::lookup_host((name, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

/// Where events may be sent.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    /// Whether http is good enough.
    pub(crate) allow_http: bool,
    pub(crate) ports: Ports,
    /// Let in although not everybody can reach them.
    pub(crate) allowed_networks: Vec<Network>,
    pub(crate) names: Names,
}

/// Why nothing is sent to a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is no URL such as https://shop.example/webhooks")]
    NoUrl,
    #[error("it must begin with https://")]
    Scheme,
    #[error("it must have no user and no password in it")]
    User,
    #[error("it must have no fragment (#...)")]
    Fragment,
    #[error("events are not sent to port {0}; this shop allows {1}")]
    Port(u16, Ports),
    #[error("its name has no address")]
    NoAddress,
    #[error("events are not sent to {0}: it is no address that anybody can reach")]
    Address(IpAddr),
}

impl Targets {
    /// Reads the URL of a webhook; what its name means is not looked at.
    pub(crate) fn read(&self, url: &str) -> Result<Url, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::NoUrl)?;
        if url.host().is_none() {
            return Err(Refused::NoUrl);
        }
        if url.scheme() != "https" && !(self.allow_http && url.scheme() == "http") {
            return Err(Refused::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::User);
        }
        if url.fragment().is_some() {
            return Err(Refused::Fragment);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        match &self.ports {
            Ports::These(ports) if !ports.contains(&port) => {
                return Err(Refused::Port(port, self.ports.clone()));
            }
            _ => {}
        }
        // However they are written (decimal, octal, hexadecimal, short): the parser knows numbers.
        match url.host() {
            Some(Host::Ipv4(address)) => self.allow(address.into())?,
            Some(Host::Ipv6(address)) => self.allow(address.into())?,
            _ => {}
        }
        Ok(url)
    }

    /// Whether events may be sent there now: reads the URL, and looks its name up.
    pub(crate) async fn check(&self, url: &str) -> Result<Url, Refused> {
        let url = self.read(url)?;
        if let Some(Host::Domain(name)) = url.host() {
            self.resolve(name).await?;
        }
        Ok(url)
    }

    /// The addresses of a name; if one of them is not to be reached, none is.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Refused> {
        let found = self
            .names
            .look_up(name)
            .await
            .map_err(|_| Refused::NoAddress)?;
        if found.is_empty() {
            return Err(Refused::NoAddress);
        }
        found.iter().try_for_each(|address| self.allow(*address))?;
        Ok(found)
    }

    fn allow(&self, address: IpAddr) -> Result<(), Refused> {
        let is_let_in = self.allowed_networks.iter().any(|it| it.contains(address));
        match is_let_in || is_public(address) {
            true => Ok(()),
            false => Err(Refused::Address(address)),
        }
    }
}

/// Gives the connector what was checked.
impl Resolve for Targets {
    fn resolve(&self, name: Name) -> Resolving {
        let targets = self.clone();
        Box::pin(async move {
            let found = targets.resolve(name.as_str()).await?;
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// What was refused, if that is why a request failed.
pub(crate) fn refused(error: &reqwest::Error) -> Option<&Refused> {
    let mut cause = Some(error as &(dyn StdError + 'static));
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> Targets {
        Targets {
            allow_http: false,
            ports: Ports::These(vec![443]),
            allowed_networks: Vec::new(),
            names: Names::default(),
        }
    }

    #[test]
    fn addresses_of_those_inside_are_refused_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "169.254.169.254",
            "0xa9fea9fe",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[fd00:ec2::254]",
            "[64:ff9b::a9fe:a9fe]",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "127.0.0.1.",
            "10.0.0.1",
        ] {
            let refused = targets().read(&format!("https://{host}/")).unwrap_err();
            assert!(
                matches!(refused, Refused::Address(_)),
                "{host}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_url_says_where_and_nothing_else() {
        let refused = |url: &str| targets().read(url).err();
        assert_eq!(refused("https://shop.example/webhooks?key=1"), None);
        assert_eq!(refused("https://1.1.1.1"), None);
        assert_eq!(refused("http://shop.example/"), Some(Refused::Scheme));
        assert_eq!(refused("ftp://shop.example/"), Some(Refused::Scheme));
        assert_eq!(
            refused("https://ada:secret@shop.example/"),
            Some(Refused::User)
        );
        assert_eq!(refused("https://ada@shop.example/"), Some(Refused::User));
        assert_eq!(refused("https://shop.example/#a"), Some(Refused::Fragment));
        for none in [
            "",
            "shop.example",
            "https://",
            "file:///etc/passwd",
            "mailto:a@b.example",
        ] {
            assert!(refused(none).is_some(), "{none}");
        }
        let port = refused("https://shop.example:22/");
        assert!(matches!(port, Some(Refused::Port(22, _))), "{port:?}");
    }

    #[test]
    fn a_shop_may_let_in_what_it_wants() {
        let targets = Targets {
            allow_http: true,
            ports: Ports::Any,
            allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
            ..targets()
        };
        assert!(targets.read("http://127.0.0.1:8000/").is_ok());
        assert!(targets.read("http://10.0.0.1:8000/").is_err());
    }

    #[tokio::test]
    async fn a_name_is_as_good_as_the_worst_of_its_addresses() {
        let named = |addresses: &'static [&'static str]| Targets {
            names: Names::by(move |_| {
                let found = addresses.iter().map(|one| one.parse().unwrap()).collect();
                Box::pin(async move { Ok(found) })
            }),
            ..targets()
        };
        let check = async |addresses| named(addresses).check("https://shop.example/").await.err();
        assert_eq!(check(&["1.1.1.1", "2606:4700::1111"]).await, None);
        let inside = "10.0.0.1".parse().unwrap();
        assert_eq!(
            check(&["1.1.1.1", "10.0.0.1"]).await,
            Some(Refused::Address(inside))
        );
        assert_eq!(check(&[]).await, Some(Refused::NoAddress));
    }

    #[test]
    fn ports_are_read_as_they_are_written() {
        assert_eq!("any".parse(), Ok(Ports::Any));
        let ports: Ports = "443, 8443".parse().unwrap();
        assert_eq!(ports.to_string(), "443,8443");
        assert!("".parse::<Ports>().is_err());
        assert!("443,x".parse::<Ports>().is_err());
    }
}
