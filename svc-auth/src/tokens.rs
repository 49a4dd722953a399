//! The tokens that this service gives.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::tradewind::auth::v1::{LoginResponse, RefreshResponse, RegisterResponse};
use runtime::clock::Clock;
use runtime::identity::{AccessClaims, EXPIRY_GRACE, Issuer, WorkloadClaims};
use runtime::random::Random;
use uuid::Uuid;

use crate::config::Lifetimes;
use crate::domain::refresh::{RefreshToken, RefreshTokens, hash};
use crate::keyring::Keyring;
use crate::store::session::Session;

/// Signs access and workload tokens, makes refresh tokens.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) issuer: Issuer,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) refresh: RefreshTokens,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

/// What a client is given when it signs in or refreshes.
#[derive(Clone)]
pub(crate) struct Granted {
    /// Whose session it is.
    pub user_id: Uuid,
    /// A JWT (RFC 9068).
    pub access_token: String,
    /// For the next refresh.
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: i32,
}

/// The three replies hold the same; each RPC has its own.
macro_rules! granted_by {
    ($($reply:ty),*) => {$(
        impl From<Granted> for $reply {
            fn from(granted: Granted) -> Self {
                Self {
                    user_id: granted.user_id.to_string(),
                    access_token: granted.access_token,
                    refresh_token: granted.refresh_token,
                    token_type: "Bearer".to_owned(),
                    expires_in: granted.expires_in,
                }
            }
        }
    )*};
}

granted_by!(RegisterResponse, LoginResponse, RefreshResponse);

impl Tokens {
    /// A new session of an account, not yet stored, and the hash of its first refresh token.
    #[must_use]
    pub(crate) fn new_session(&self, user_id: Uuid, user_agent: String) -> (Session, Vec<u8>) {
        let now = self.clock.now();
        let session = Session {
            session_id: self.random.uuid7(&self.clock),
            user_id,
            generation: 0,
            create_time: now,
            rotate_time: now,
            expire_time: self.session_end(now),
            user_agent,
        };
        let hash = hash(&self.refresh_token(session.session_id, 0));
        (session, hash)
    }

    /// When a session ends that is not refreshed after `now`.
    #[must_use]
    pub(crate) fn session_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.lifetimes.refresh_token_lifetime
    }

    /// The refresh token of a session's generation: the same each time.
    #[must_use]
    pub(crate) fn refresh_token(&self, session_id: Uuid, generation: i64) -> String {
        self.refresh.issue(RefreshToken {
            session_id,
            generation,
        })
    }

    /// The tokens of a session at a generation.
    #[must_use]
    pub(crate) fn grant(&self, session: &Session, generation: i64, roles: Vec<String>) -> Granted {
        let lifetime = self.lifetimes.access_token_lifetime.as_secs();
        Granted {
            user_id: session.user_id,
            access_token: self.access_token(session.user_id, session.session_id, roles),
            refresh_token: self.refresh_token(session.session_id, generation),
            expires_in: i32::try_from(lifetime).unwrap_or(i32::MAX),
        }
    }

    /// An access token (RFC 9068).
    #[must_use]
    pub(crate) fn access_token(
        &self,
        user_id: Uuid,
        session_id: Uuid,
        roles: Vec<String>,
    ) -> String {
        let now = self.clock.now();
        self.keyring.signer().sign(&AccessClaims {
            iss: self.issuer.name.to_string(),
            aud: self.issuer.audience.to_string(),
            sub: user_id,
            sid: session_id,
            roles,
            iat: now.timestamp(),
            exp: (now + self.lifetimes.access_token_lifetime).timestamp(),
            jti: self.random.uuid7(&self.clock),
        })
    }

    /// A workload's token.
    #[must_use]
    pub(crate) fn workload_token(&self, workload: &str) -> (String, Duration) {
        let now = self.clock.now();
        let token = self.keyring.signer().sign(&WorkloadClaims {
            iss: self.issuer.name.to_string(),
            aud: self.issuer.audience.to_string(),
            sub: workload.to_owned(),
            iat: now.timestamp(),
            exp: (now + Lifetimes::WORKLOAD_TOKEN).timestamp(),
        });
        (token, Lifetimes::WORKLOAD_TOKEN)
    }

    /// When the last access token of a session that ends at `now` counts nowhere any more.
    #[must_use]
    pub(crate) fn forget_time(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.lifetimes.access_token_lifetime + EXPIRY_GRACE + Lifetimes::MARGIN
    }
}
