//! How e-mail addresses are compared.

pub use runtime::text::email_key;
