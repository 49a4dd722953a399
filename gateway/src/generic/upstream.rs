//! Services and their address, as the configuration names them.

use std::fmt;
use std::str::FromStr;

use net::address::Address;

/// What the upstream that has everything is called.
const ANY: &str = "upstream";

/// Services and their address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The full name of a service or a package; empty for everything.
    pub scope: String,
    /// Where it is.
    pub address: Address,
}

impl FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scope, address) = match text.split_once('=') {
            Some(("", _)) => {
                return Err(format!(
                    "{text:?}: expected package.Service=http://host:port"
                ));
            }
            Some((scope, address)) => (scope, address),
            None => ("", text),
        };
        Ok(Self {
            scope: scope.to_owned(),
            address: address.parse()?,
        })
    }
}

impl Upstream {
    pub(super) fn has(&self, service: &str) -> bool {
        let rest = service.strip_prefix(self.scope.as_str());
        self.scope.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// What it is called in errors, metrics and logs.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.scope.as_str() {
            "" => ANY,
            scope => scope,
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope.as_str() {
            "" => write!(f, "{}", self.address),
            scope => write!(f, "{scope}={}", self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_service_and_its_address() {
        let upstream: Upstream = "library.v1.Library=http://localhost:50051".parse().unwrap();
        assert_eq!(upstream.scope, "library.v1.Library");
        assert_eq!(upstream.address.to_string(), "http://localhost:50051");
        assert_eq!(
            upstream.to_string(),
            "library.v1.Library=http://localhost:50051"
        );
        assert!(upstream.has("library.v1.Library") && !upstream.has("library.v1.Library2"));
        let lone: Upstream = "http://localhost:50051".parse().unwrap();
        assert!(lone.has("library.v1.Library"));
        assert_eq!(lone.to_string(), "http://localhost:50051");
        let package: Upstream = "library.v1=http://localhost:50051".parse().unwrap();
        assert!(package.has("library.v1.Library") && !package.has("library.v10.Library"));
        assert!("=http://localhost:50051".parse::<Upstream>().is_err());
        assert!("library.v1.Library=localhost".parse::<Upstream>().is_err());
    }
}
