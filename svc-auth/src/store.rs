//! SQL: functions over a transaction. The handler owns the transaction.

pub mod access_token;
pub mod account_mail;
pub mod assertion;
pub mod audit;
pub mod changed_password;
pub mod credential;
pub mod email_proof;
pub mod external_identity;
pub mod external_login;
pub mod known_network;
pub mod mail_request;
pub mod password_reset;
pub mod purge;
pub mod revocation;
pub mod second_factor;
pub mod second_factor_login;
pub mod session;
pub mod signing_key;
pub mod throttle;
pub mod ticket;
