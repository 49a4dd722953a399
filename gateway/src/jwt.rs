//! Callers who are known by the tokens of any issuer: JSON Web Tokens (RFC 7519) that are signed by keys
//! which the issuer publishes (RFC 7517), as OpenID Connect and OAuth 2.0 have them.
//!
//! [`Issuers`] are whose tokens count; a [`JwtGuard`] lets their users call a method. What
//! [`Config::jwt_claim`] names of a token goes along to upstreams as metadata, which nobody else can
//! send ([`crate::Plan::caller_metadata`]).
//!
//! A token says nothing about how it is judged (RFC 8725): algorithms are those of the configuration,
//! keys those of the issuer that the token names, and only if the key is of that algorithm.

mod claims;
mod config;
mod guard;
mod issuer;
mod issuers;
mod keys;
mod refused;
mod source;
mod user;

pub use claims::ClaimRule;
pub use config::{Algorithm, Config};
pub use guard::{Demand, JwtGuard};
pub use issuers::Issuers;
