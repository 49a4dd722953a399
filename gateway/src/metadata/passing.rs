//! What passes between headers and metadata without a rule: nothing, or what passes at the gateway
//! whose place the gateway takes (see `profile`). Rules go before it.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::rule::{Rule, is_fit, is_reserved};
use crate::failure::Failure;
use crate::protocol::declared;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_HOST: &str = "x-forwarded-host";
const METADATA: &str = "grpc-metadata-";
const TRAILER: &str = "grpc-trailer-";
const GATEWAY: &str = "grpcgateway-";

/// What passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    /// What a rule lists.
    Listed,
    /// As with grpc-gateway: `grpc-metadata-x` is the metadata `x`, in replies too; HTTP's own headers
    /// of requests are `grpcgateway-...`; trailing metadata are trailers `grpc-trailer-x`.
    Prefixed,
    /// As with Envoy: headers and metadata are the same, and a reply tells its gRPC status.
    Everything,
}

/// Headers of requests that grpc-gateway calls permanent (runtime/context.go), but for `host`, which Go
/// keeps elsewhere.
const PERMANENT: [&str; 23] = [
    "accept",
    "accept-charset",
    "accept-language",
    "accept-ranges",
    "authorization",
    "cache-control",
    "content-type",
    "cookie",
    "date",
    "expect",
    "from",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-schedule-tag-match",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "referer",
    "user-agent",
    "via",
    "warning",
];

/// What rules do not reach and Envoy passes on.
const UNLISTED: [&str; 6] = [
    "accept",
    "accept-encoding",
    "cookie",
    "date",
    "forwarded",
    "user-agent",
];
const UNLISTED_PREFIXES: [&str; 3] = [METADATA, "sec-", "x-forwarded-"];
/// What only the hop before may say, though it has one of these prefixes.
const OF_THE_HOP: [&str; 2] = ["x-forwarded-client-cert", "x-forwarded-proto"];

/// What no reply of an upstream says for the gateway: what belongs to one hop or frames the message, and
/// what the gateway itself tells.
const NEVER_RETURNED: [&str; 15] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
    "x-workload-authorization",
];
const NEVER_RETURNED_PREFIXES: [&str; 2] = ["ratelimit", "x-envoy-"];
/// What an upstream's metadata would say to a browser, under its own name: cookies of the whole origin,
/// and which pages may read it.
const FOR_BROWSERS: &str = "set-cookie";
const FOR_BROWSERS_PREFIX: &str = "access-control-";

impl Passing {
    /// Says in the headers whom an HTTP/2 request is for, if upstreams hear of it.
    #[inline]
    pub(crate) fn name_host(self, head: &mut Parts) {
        if self == Self::Prefixed
            && let Some(authority) = head.uri.authority()
            && let Ok(host) = HeaderValue::try_from(authority.as_str())
        {
            head.headers.entry(HOST).or_insert(host);
        }
    }

    /// Adds the metadata that a request's headers become. Values of names in `-bin` are base64.
    pub(super) fn request(
        self,
        rules: &[Rule],
        headers: &HeaderMap,
        passes_authorization: bool,
        peer: IpAddr,
        to: &mut HeaderMap,
    ) -> Result<(), Failure> {
        if self == Self::Listed && rules.is_empty() {
            return Ok(());
        }
        let of_hop = match self {
            Self::Listed => Vec::new(),
            Self::Prefixed | Self::Everything => of_this_hop(headers),
        };
        for (name, value) in headers {
            let name = name.as_str();
            let becomes = match rules.iter().find_map(|rule| rule.becomes(name)) {
                Some(name) => Some(name),
                None if of_hop.iter().any(|other| other == name) => None,
                None => self.metadata_of(name, passes_authorization),
            };
            let Some(becomes) = becomes else { continue };
            if is_fit(becomes.as_str(), value) {
                to.append(becomes, value.clone());
            } else if self == Self::Prefixed && becomes.as_str().ends_with("-bin") {
                return Err(Failure::malformed(format!("{name}: expected base64")));
            }
        }
        if self == Self::Prefixed {
            forward(headers, peer, to);
        }
        Ok(())
    }

    /// What a header of a request is called as metadata, if it passes.
    fn metadata_of(self, name: &str, passes_authorization: bool) -> Option<HeaderName> {
        let passes = |name: &str| match name {
            "authorization" => passes_authorization,
            name => !is_reserved(name),
        };
        let becomes = match self {
            Self::Listed => return None,
            Self::Prefixed if PERMANENT.contains(&name) => {
                let passes = name != AUTHORIZATION || passes_authorization;
                passes.then(|| format!("{GATEWAY}{name}"))?
            }
            Self::Prefixed => {
                let name = name.strip_prefix(METADATA)?;
                // Only a header of HTTP itself may have this prefix.
                let is_honest = !name.starts_with(GATEWAY);
                (is_honest && passes(name)).then(|| name.to_owned())?
            }
            Self::Everything => {
                let begins = |prefix: &&str| name.starts_with(prefix);
                let is_unlisted = UNLISTED.contains(&name)
                    || (UNLISTED_PREFIXES.iter().any(begins) && !OF_THE_HOP.contains(&name));
                // What the client's authorization is, has been said already.
                (is_unlisted || !is_reserved(name)).then(|| name.to_owned())?
            }
        };
        HeaderName::try_from(becomes).ok()
    }

    /// Adds the headers that an upstream's leading metadata become.
    pub(crate) fn reply(self, rules: &[Rule], leading: &HeaderMap, to: &mut HeaderMap) {
        if self == Self::Listed && rules.is_empty() {
            return;
        }
        for (name, value) in leading {
            let becomes = match rules.iter().find_map(|rule| rule.becomes(name.as_str())) {
                Some(name) => Some(name).filter(|name| is_fit(name.as_str(), value)),
                None => self.header_of(name.as_str()),
            };
            if let Some(name) = becomes {
                to.append(name, value.clone());
            }
        }
    }

    fn header_of(self, name: &str) -> Option<HeaderName> {
        match self {
            Self::Prefixed if is_returned(name) || name == CONTENT_TYPE => {
                HeaderName::try_from(format!("{METADATA}{name}")).ok()
            }
            Self::Everything if is_returned(name) && !is_for_browsers(name) => {
                HeaderName::try_from(name).ok()
            }
            Self::Listed | Self::Prefixed | Self::Everything => None,
        }
    }

    /// The trailers that trailing metadata become.
    pub(crate) fn trailers(self, trailing: &HeaderMap) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        if self != Self::Prefixed {
            return trailers;
        }
        for (name, value) in trailing {
            let becomes = HeaderName::try_from(format!("{TRAILER}{name}"));
            if let (true, Ok(becomes)) = (is_returned(name.as_str()), becomes) {
                trailers.append(becomes, value.clone());
            }
        }
        trailers
    }
}

fn is_returned(name: &str) -> bool {
    let begins = |prefix: &&str| name.starts_with(prefix);
    !NEVER_RETURNED.contains(&name)
        && !NEVER_RETURNED_PREFIXES.iter().any(begins)
        && !declared::is_reserved(name)
}

fn is_for_browsers(name: &str) -> bool {
    name == FOR_BROWSERS || name.starts_with(FOR_BROWSERS_PREFIX)
}

/// Headers that the client means for this hop alone (RFC 9110, section 7.6.1).
fn of_this_hop(headers: &HeaderMap) -> Vec<String> {
    let named = headers.get_all(CONNECTION).iter();
    let named = named.filter_map(|value| value.to_str().ok());
    let names = named.flat_map(|value| value.split(','));
    names.map(|name| name.trim().to_ascii_lowercase()).collect()
}

/// `x-forwarded-for`, with the peer behind whom it names, and `x-forwarded-host`.
fn forward(headers: &HeaderMap, peer: IpAddr, to: &mut HeaderMap) {
    let host = headers.get(FORWARDED_HOST).or_else(|| headers.get(HOST));
    if let Some(host) = host.filter(|host| !host.is_empty() && is_fit(FORWARDED_HOST, host)) {
        to.insert(FORWARDED_HOST, host.clone());
    }
    let mut hops = Vec::new();
    for value in headers.get_all(FORWARDED_FOR) {
        hops.extend_from_slice(value.as_bytes());
        hops.extend_from_slice(b", ");
    }
    hops.extend_from_slice(peer.to_canonical().to_string().as_bytes());
    if let Ok(hops) = HeaderValue::try_from(hops)
        && is_fit(FORWARDED_FOR, &hops)
    {
        to.insert(FORWARDED_FOR, hops);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn passed(
        passing: Passing,
        headers: &[(&'static str, &'static str)],
        trusts: bool,
    ) -> Vec<String> {
        let mut from = HeaderMap::new();
        for (name, value) in headers {
            from.append(*name, HeaderValue::from_static(value));
        }
        let mut to = HeaderMap::new();
        passing.request(&[], &from, trusts, PEER, &mut to).unwrap();
        to.keys().map(|name| name.as_str().to_owned()).collect()
    }

    const CREDENTIALS: [(&str, &str); 4] = [
        ("authorization", "Bearer x"),
        ("grpc-metadata-authorization", "Bearer x"),
        ("grpc-metadata-x-client-address", "192.0.2.1"),
        ("x-workload-authorization", "Bearer x"),
    ];

    #[test]
    fn a_token_that_stays_at_the_edge_stays_there_under_each_name() {
        assert_eq!(
            passed(Passing::Prefixed, &CREDENTIALS, false),
            [FORWARDED_FOR]
        );
        assert!(
            passed(Passing::Everything, &CREDENTIALS, false)
                .iter()
                .all(|name| name.starts_with(METADATA))
        );
    }

    #[test]
    fn what_belongs_to_one_hop_goes_no_further() {
        let headers = [
            ("connection", "keep-alive, x-hop"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("proxy-authorization", "x"),
            ("content-length", "3"),
            ("grpc-timeout", "1S"),
            ("x-fine", "1"),
        ];
        assert_eq!(passed(Passing::Everything, &headers, true), ["x-fine"]);
    }

    #[test]
    fn what_another_proxy_says_of_itself_is_not_for_clients_to_say() {
        let headers = [
            ("x-envoy-upstream-rq-timeout-ms", "1"),
            ("x-envoy-internal", "true"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-client-cert", "Hash=00"),
            ("grpc-metadata-x-envoy-internal", "true"),
            ("grpc-metadata-x-forwarded-proto", "https"),
            ("x-fine", "1"),
            ("x-forwarded-port", "1"),
        ];
        let passed_by = |passing| passed(passing, &headers, true);
        let everything = passed_by(Passing::Everything);
        let (prefixed, own): (Vec<_>, Vec<_>) = everything
            .iter()
            .partition(|name| name.starts_with(METADATA));
        assert_eq!(own, ["x-fine", "x-forwarded-port"]);
        assert_eq!(prefixed.len(), 2, "which are names like others");
        assert_eq!(passed_by(Passing::Prefixed), [FORWARDED_FOR]);
    }

    #[test]
    fn no_upstream_speaks_for_the_origin() {
        let mut leading = HeaderMap::new();
        for name in [
            "set-cookie",
            "access-control-allow-origin",
            "access-control-allow-credentials",
            "x-envoy-upstream-service-time",
            "x-fine",
        ] {
            leading.insert(name, HeaderValue::from_static("1"));
        }
        let mut to = HeaderMap::new();
        Passing::Everything.reply(&[], &leading, &mut to);
        assert_eq!(to.keys().collect::<Vec<_>>(), ["x-fine"]);
        let rules = ["*".parse().unwrap()];
        for passing in [Passing::Listed, Passing::Everything] {
            let mut to = HeaderMap::new();
            passing.reply(&rules, &leading, &mut to);
            assert_eq!(to.keys().collect::<Vec<_>>(), ["x-fine"], "{passing:?}");
        }
    }

    #[test]
    fn nobody_pretends_to_be_a_header_of_http() {
        let headers = [("grpc-metadata-grpcgateway-cookie", "x"), ("cookie", "y")];
        let expected = ["grpcgateway-cookie", FORWARDED_FOR];
        assert_eq!(passed(Passing::Prefixed, &headers, true), expected);
    }
}
