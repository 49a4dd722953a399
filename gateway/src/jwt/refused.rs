//! Why a token lets nobody in.

use std::time::Duration;

use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Why a token lets nobody in. What exactly is wrong with it is for the log, not for whoever forged it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("send an access token, as authorization: Bearer")]
    Missing,
    #[error("the token is not valid")]
    Invalid(String),
    #[error("the token has expired")]
    Expired,
    #[error("the keys that verify tokens are not known at the moment")]
    KeysUnavailable,
    #[error("the token has none of the roles that this method asks for")]
    NoRole,
}

impl Refused {
    pub(super) fn invalid(why: &str) -> Self {
        Self::Invalid(why.to_owned())
    }

    /// As callers are told. `realm` is what they need a token for.
    pub(super) fn status(&self, realm: &str) -> Status {
        if let Self::Invalid(why) = self {
            tracing::debug!(why, "a token is not valid");
        }
        let message = self.to_string();
        match self {
            Self::KeysUnavailable => {
                let soon = ErrorDetails::with_retry_info(Some(Duration::from_secs(1)));
                Status::with_error_details(Code::Unavailable, message, soon)
            }
            Self::NoRole => Status::permission_denied(message),
            Self::Missing => challenged(message, &[("realm", realm)]),
            Self::Invalid(_) | Self::Expired => {
                let error = [
                    ("realm", realm),
                    ("error", "invalid_token"),
                    ("error_description", &message),
                ];
                challenged(message.clone(), &error)
            }
        }
    }
}

impl From<jsonwebtoken::errors::Error> for Refused {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// UNAUTHENTICATED, and how to get in (RFC 6750, section 3). Without a token no error is named.
fn challenged(message: String, parameters: &[(&str, &str)]) -> Status {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let pairs = parameters
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", quoted(value)));
    let challenge = format!("Bearer {}", pairs.collect::<Vec<_>>().join(", "));
    let mut status = Status::unauthenticated(message);
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        let challenge = [(WWW_AUTHENTICATE, challenge)].into_iter().collect();
        *status.metadata_mut() = MetadataMap::from_headers(challenge);
    }
    status
}
