//! The tokens that this service gives.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::tradewind::auth::v1::{
    FinishExternalLoginResponse, LoginOperatorResponse, LoginResponse, LoginSecondFactorResponse,
    RefreshResponse, RegisterResponse,
};
use net::clock::Clock;
use net::random::Random;
use runtime::call::CallContext;
use runtime::identity::{AccessClaims, EXPIRY_GRACE, Issuer, WorkloadClaims};
use uuid::Uuid;

use crate::config::Lifetimes;
use crate::domain::refresh::{RefreshToken, RefreshTokens, hash};
use crate::keyring::Keyring;
use crate::store::audit;
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
    pub(crate) user_id: Uuid,
    /// A JWT (RFC 9068).
    pub(crate) access_token: String,
    /// For the next refresh.
    pub(crate) refresh_token: String,
    /// Seconds until the access token expires.
    pub(crate) expires_in: i32,
}

/// The replies hold the same; each RPC has its own.
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

granted_by!(
    RegisterResponse,
    LoginSecondFactorResponse,
    LoginOperatorResponse,
    RefreshResponse
);

/// As Login's.
impl From<Granted> for FinishExternalLoginResponse {
    fn from(granted: Granted) -> Self {
        let LoginSecondFactorResponse {
            user_id,
            access_token,
            refresh_token,
            token_type,
            expires_in,
        } = granted.into();
        Self {
            user_id,
            access_token,
            refresh_token,
            token_type,
            expires_in,
            ..Self::default()
        }
    }
}

impl From<Granted> for LoginResponse {
    fn from(granted: Granted) -> Self {
        let LoginSecondFactorResponse {
            user_id,
            access_token,
            refresh_token,
            token_type,
            expires_in,
        } = granted.into();
        Self {
            user_id,
            access_token,
            refresh_token,
            token_type,
            expires_in,
            ..Self::default()
        }
    }
}

impl Tokens {
    /// A new session of an account, not yet stored, and the hash of its first refresh token.
    #[must_use]
    pub(crate) fn new_session(&self, user_id: Uuid, call: &CallContext) -> (Session, Vec<u8>) {
        let now = self.clock.now();
        let session = Session {
            session_id: self.random.uuid7(&self.clock),
            user_id,
            generation: 0,
            create_time: now,
            rotate_time: now,
            expire_time: self.expire_time(now, now),
            user_agent: audit::user_agent(call),
            address: audit::address(call),
            last_address: audit::address(call),
            by_key: false,
        };
        let hash = hash(&self.refresh_token(session.session_id, 0));
        (session, hash)
    }

    /// When a session ends that was signed in at `create_time` and is not refreshed after `now`.
    #[must_use]
    pub(crate) fn expire_time(
        &self,
        create_time: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        (now + self.lifetimes.refresh_token_lifetime).min(self.end_time(create_time))
    }

    /// When a session ends in any case that was signed in at `create_time`.
    #[must_use]
    pub(crate) fn end_time(&self, create_time: DateTime<Utc>) -> DateTime<Utc> {
        create_time + self.lifetimes.session_lifetime
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
        let (access_token, expires_in) = self.access_token(session, roles);
        Granted {
            user_id: session.user_id,
            access_token,
            refresh_token: self.refresh_token(session.session_id, generation),
            expires_in: i32::try_from(expires_in.num_seconds()).unwrap_or(i32::MAX),
        }
    }

    /// An access token (RFC 9068) of a session, whose end it does not outlive, and for how long it
    /// holds.
    #[must_use]
    pub(crate) fn access_token(
        &self,
        session: &Session,
        roles: Vec<String>,
    ) -> (String, TimeDelta) {
        self.access_token_until(session, roles, DateTime::<Utc>::MAX_UTC)
    }

    /// The same, of one that does not outlive `latest` either.
    #[must_use]
    pub(crate) fn access_token_until(
        &self,
        session: &Session,
        roles: Vec<String>,
        latest: DateTime<Utc>,
    ) -> (String, TimeDelta) {
        let now = self.clock.now();
        let end = self.end_time(session.create_time).min(latest);
        let expire_time = (now + self.lifetimes.access_token_lifetime).min(end);
        let claims = self.claims(
            (session.user_id, session.session_id),
            roles,
            (now, expire_time),
        );
        (self.keyring.signer().sign(&claims), expire_time - now)
    }

    /// An access token of a few minutes that stands for another one, such as a personal one, which it
    /// does not outlive: of an account, and of what stands for its session.
    #[must_use]
    pub(crate) fn access_token_of_script(
        &self,
        whose: (Uuid, Uuid),
        roles: Vec<String>,
        latest: DateTime<Utc>,
    ) -> String {
        let now = self.clock.now();
        let lifetime = Lifetimes::SCRIPT.min(self.lifetimes.access_token_lifetime);
        let expire_time = (now + lifetime).min(latest);
        self.keyring.signer().sign(&AccessClaims {
            pat: true,
            ..self.claims(whose, roles, (now, expire_time))
        })
    }

    fn claims(
        &self,
        (user_id, session_id): (Uuid, Uuid),
        roles: Vec<String>,
        (now, expire_time): (DateTime<Utc>, DateTime<Utc>),
    ) -> AccessClaims {
        AccessClaims {
            iss: self.issuer.name.to_string(),
            aud: self.issuer.audience.to_string(),
            sub: user_id,
            sid: session_id,
            roles,
            iat: now.timestamp(),
            exp: expire_time.timestamp(),
            jti: self.random.uuid7(&self.clock),
            pat: false,
        }
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
