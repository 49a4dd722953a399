//! What an owner may change of an account.

/// What an owner says of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnProfile {
    /// Name shown to others.
    pub(crate) display_name: String,
    /// Address of a picture; empty for none.
    pub(crate) avatar_url: String,
    /// Language that it is written to in (BCP 47); empty for the shop's own.
    pub(crate) language: String,
}
