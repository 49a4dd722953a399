//! What goes along with a call of the request that it is a part of: request id, client, user.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue};

use crate::metadata::{CLIENT_ADDRESS, CLIENT_USER_AGENT, REQUEST_ID, of_one_call};

/// What is known of the request in progress.
#[derive(Clone, Copy, Debug)]
pub struct Along<'a> {
    /// Names the request through all of its hops.
    pub request_id: &'a str,
    /// The address of the client who began it all.
    pub client_address: Option<IpAddr>,
    /// The user agent of that client.
    pub user_agent: Option<&'a str>,
    /// The user's token.
    pub user_token: Option<&'a str>,
}

impl Along<'_> {
    /// Writes the metadata. What the call itself carries stays as it is. The idempotency key does not
    /// go along: it names one call, and a handler may make several of the same method.
    pub fn set(&self, headers: &mut HeaderMap) {
        let mut add = |name: HeaderName, value: Result<HeaderValue, _>| {
            if let Ok(value) = value {
                headers.entry(name).or_insert(value);
            }
        };
        add(
            REQUEST_ID,
            HeaderValue::from_str(self.request_id).map(of_one_call),
        );
        if let Some(address) = self.client_address {
            add(CLIENT_ADDRESS, Ok(written(address)));
        }
        if let Some(user_agent) = self.user_agent {
            add(CLIENT_USER_AGENT, HeaderValue::from_str(user_agent));
        }
        if let Some(token) = self.user_token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"));
            if let Ok(value) = &mut value {
                value.set_sensitive(true);
            }
            add(AUTHORIZATION, value);
        }
    }
}

/// An address as text. Those of IPv4 are most, and the formatting machinery would cost more than all
/// other metadata.
fn written(address: IpAddr) -> HeaderValue {
    let IpAddr::V4(address) = address else {
        let text = HeaderValue::try_from(address.to_string());
        return text.expect("an address is ASCII");
    };
    let mut text = Vec::with_capacity("255.255.255.255".len());
    for octet in address.octets() {
        if !text.is_empty() {
            text.push(b'.');
        }
        text.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
    }
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("digits and points are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_everywhere() {
        for text in ["0.0.0.0", "127.0.0.1", "255.90.100.9", "2001:db8::1"] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(written(address), text);
        }
    }
}
