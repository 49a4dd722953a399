//! Where a mail stands.

use std::fmt;

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// It waits to be sent, or to be tried again.
    Pending,
    /// The mail server has taken it.
    Sent,
    /// It could not be sent.
    Failed,
    /// The server refused its address for good.
    Refused,
    /// There was nothing to tell any more, or nobody to tell it to.
    Discarded,
}

/// No state has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a state of a mail")]
pub(crate) struct UnknownState(pub(crate) String);

impl State {
    /// Every state.
    pub(crate) const ALL: [Self; 5] = [
        Self::Pending,
        Self::Sent,
        Self::Failed,
        Self::Refused,
        Self::Discarded,
    ];

    /// The state's name, as in the contract without its prefix and in the database.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Sent => "SENT",
            Self::Failed => "FAILED",
            Self::Refused => "REFUSED",
            Self::Discarded => "DISCARDED",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for State {
    type Error = UnknownState;

    fn try_from(name: String) -> Result<Self, UnknownState> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == name);
        found.ok_or(UnknownState(name))
    }
}
