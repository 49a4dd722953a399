//! Credentials, sessions, tokens and keys: pure, without transport, database or clock.

pub mod assertion;
pub mod browser_token;
pub mod device;
pub mod email;
pub mod foreign_token;
pub mod id_token;
pub mod keys;
pub mod mail;
pub mod network;
pub mod password;
pub mod recovery;
pub mod refresh;
pub mod session;
pub mod throttle;
pub mod totp;
pub mod unset;
