//! What goes along with a call from the client's headers: an allow-list. Everything else stays
//! here, above all what only the mesh may say (`x-workload-authorization`, `x-client-address`,
//! `grpc-*`), so that nothing has to be remembered to be removed.

mod passing;
mod returned;
mod rule;

pub(crate) use passing::Passing;
pub(crate) use returned::{returned, status};
pub use rule::Rule;
pub(crate) use rule::is_reserved;

use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use net::metadata::{IDEMPOTENCY_KEY, of_one_call};
use tonic::metadata::MetadataMap;
use uuid::Uuid;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::peer::Peer;
use crate::policy::Policy;

/// What a client has proved to be by its certificate. Nobody else says it: no client, by whatever rule
/// or profile, and no proxy.
const FORWARDED_CLIENT_CERT: &str = "x-forwarded-client-cert";

/// Longer ones are cut: nobody's browser needs more, and it is stored with sessions.
const USER_AGENT_BYTES: usize = 256;

/// What passes between headers and metadata.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    /// Without a rule.
    pub(crate) passing: Passing,
    pub(crate) request_rules: Vec<Rule>,
    pub(crate) reply_rules: Vec<Rule>,
    /// The client's `authorization` goes along as it came.
    pub(crate) forwards_authorization: bool,
    /// What upstreams learn of callers: nothing that clients send goes by these names.
    pub(crate) caller_names: Vec<HeaderName>,
}

impl Passage {
    /// Headers that upstreams get as they are, and the idempotency key, which is for this call alone.
    /// The call context carries the others: the mesh's token, request id, address, user agent, trace.
    /// What is known of the caller takes the place of what clients say by its names.
    pub(crate) fn forwarded(
        &self,
        headers: &HeaderMap,
        caller: Option<&dyn Caller>,
        peer: &Peer,
        idempotency_key: Option<HeaderValue>,
    ) -> Result<MetadataMap, Failure> {
        // With room for what the client stack adds.
        let mut forwarded = HeaderMap::with_capacity(12);
        if let Some(value) = headers.get(AUTHORIZATION)
            && self.forwards_authorization
        {
            let mut value = value.clone();
            value.set_sensitive(true);
            forwarded.insert(AUTHORIZATION, value);
        }
        if let Some(value) = headers.get(ACCEPT_LANGUAGE) {
            forwarded.insert(ACCEPT_LANGUAGE, value.clone());
        }
        if let Some(key) = idempotency_key {
            forwarded.insert(IDEMPOTENCY_KEY, key);
        }
        let (rules, to) = (&self.request_rules, &mut forwarded);
        let passes_authorization = self.forwards_authorization;
        self.passing
            .request(rules, headers, passes_authorization, peer.address, to)?;
        for name in &self.caller_names {
            forwarded.remove(name);
        }
        if let Some(known) = caller.and_then(Caller::metadata) {
            forwarded.extend(known.clone());
        }
        if let Some(certificate) = &peer.certificate {
            forwarded.insert(FORWARDED_CLIENT_CERT, certificate.clone());
        }
        Ok(MetadataMap::from_headers(forwarded))
    }

    /// Adds the headers that an upstream's metadata become.
    pub(crate) fn reply(&self, metadata: &HeaderMap, to: &mut HeaderMap) {
        self.passing.reply(&self.reply_rules, metadata, to);
    }
}

/// The program that the client says it is.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(&text[..text.floor_char_boundary(USER_AGENT_BYTES)])
}

/// The client's idempotency key, or else a fresh one for this request, if there is one. `None` for
/// methods that take none.
pub(crate) fn idempotency_key(
    headers: &HeaderMap,
    policy: &Policy,
    fresh: impl FnOnce() -> Option<Uuid>,
) -> Result<Option<HeaderValue>, Failure> {
    if !policy.takes_idempotency_key {
        return Ok(None);
    }
    let key = net::metadata::idempotency_key(headers).map_err(Failure::malformed)?;
    if key.is_some() {
        return Ok(headers.get(IDEMPOTENCY_KEY).cloned());
    }
    Ok(fresh().map(|key| {
        let key = HeaderValue::try_from(key.to_string()).expect("a UUID is ASCII");
        of_one_call(key)
    }))
}
