//! How the stack itself fails a call, and what callers are told of it.

use std::sync::Arc;

use tonic::{Code, Status};

/// A call that came to nothing on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError<'a> {
    /// It is not known where the service is.
    #[error("{0} does not answer")]
    NoAddress(&'a str),
    /// There is no reply of the service.
    #[error("{0} does not answer")]
    Unavailable(&'a str),
    /// Its last calls had no reply, so that this one was not sent.
    #[error("{0} does not answer")]
    Tripped(&'a str),
    /// The connection broke in the middle of a reply.
    #[error("the connection does not answer")]
    Broken,
    /// Its time is over.
    #[error("the deadline passed before the work was done")]
    DeadlineExceeded,
}

/// Which of them it was: an extension of the reply that tells of it, and the source of a status that a
/// reply's body ends with. What an upstream says has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// [`ChannelError::NoAddress`]
    #[error("the service has no address")]
    NoAddress,
    /// [`ChannelError::Unavailable`]
    #[error("the service did not reply")]
    Unavailable,
    /// [`ChannelError::Tripped`]
    #[error("the service did not reply to the calls before")]
    Tripped,
    /// [`ChannelError::Broken`]
    #[error("the connection broke")]
    Broken,
    /// [`ChannelError::DeadlineExceeded`]
    #[error("the deadline passed")]
    DeadlineExceeded,
}

impl Lost {
    /// Of a status that this stack made.
    pub fn of(status: &Status) -> Option<Lost> {
        let source = std::error::Error::source(status)?;
        source.downcast_ref().copied()
    }
}

impl From<ChannelError<'_>> for Lost {
    fn from(error: ChannelError<'_>) -> Lost {
        match error {
            ChannelError::NoAddress(_) => Lost::NoAddress,
            ChannelError::Unavailable(_) => Lost::Unavailable,
            ChannelError::Tripped(_) => Lost::Tripped,
            ChannelError::Broken => Lost::Broken,
            ChannelError::DeadlineExceeded => Lost::DeadlineExceeded,
        }
    }
}

impl From<ChannelError<'_>> for Status {
    fn from(error: ChannelError<'_>) -> Status {
        let code = match error {
            ChannelError::DeadlineExceeded => Code::DeadlineExceeded,
            _ => Code::Unavailable,
        };
        Status::new(code, error.to_string())
    }
}

/// Makes the status that callers see. By default it has no details.
#[derive(Clone, Copy, Debug)]
pub struct Describe(pub fn(ChannelError<'_>) -> Status);

impl Describe {
    pub(super) fn status(self, error: ChannelError<'_>) -> Status {
        let Describe(describe) = self;
        let mut status = describe(error);
        status.set_source(Arc::new(Lost::from(error)));
        status
    }
}

impl Default for Describe {
    fn default() -> Describe {
        Describe(|error| error.into())
    }
}
