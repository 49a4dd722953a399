//! What an owner may change of an account.

/// What an owner says of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnProfile {
    /// Name shown to others.
    pub display_name: String,
    /// Address of a picture; empty for none.
    pub avatar_url: String,
}
