//! How e-mail addresses are compared.

/// The form of an address that is unique: trimmed and lower-cased.
#[must_use]
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}
