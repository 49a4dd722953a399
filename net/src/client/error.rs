//! How the stack itself fails a call, and what callers are told of it.

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
    /// The connection broke in the middle of a reply.
    #[error("the connection does not answer")]
    Broken,
    /// Its time is over.
    #[error("the deadline passed before the work was done")]
    DeadlineExceeded,
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
        describe(error)
    }
}

impl Default for Describe {
    fn default() -> Describe {
        Describe(|error| error.into())
    }
}
