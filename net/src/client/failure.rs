//! How a request fails before there is a reply.

use crate::in_process::Unanswered;

const REFUSED_STREAM: h2::Reason = h2::Reason::REFUSED_STREAM;

/// A request that got no reply.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Nothing was done with it: it may be sent again.
    NotHandled(String),
    /// As `NotHandled`, and its connection takes no further requests either.
    Goodbye(String),
    /// Nobody knows what was done with it: its connection is gone.
    Unknown(String),
    /// Nor of this one, which alone was broken off.
    Reset(String),
    /// It was not sent: nothing comes back from there at present.
    Tripped,
}

impl Failure {
    pub(super) fn why(&self) -> &str {
        match self {
            Failure::NotHandled(why)
            | Failure::Goodbye(why)
            | Failure::Unknown(why)
            | Failure::Reset(why) => why,
            Failure::Tripped => "its last calls had no reply: it is left alone for a while",
        }
    }

    /// Judges an error of a request that left this process. A server that refuses a stream, or
    /// says goodbye before it, whatever the reason, has not handled it (RFC 9113, sections 6.8 and
    /// 8.7).
    pub(super) fn of(error: &h2::Error) -> Failure {
        let judge = match error {
            error if error.is_remote() && error.is_go_away() => Failure::Goodbye,
            error if error.is_remote() && error.reason() == Some(REFUSED_STREAM) => {
                Failure::NotHandled
            }
            error if error.is_reset() => Failure::Reset,
            _ => Failure::Unknown,
        };
        judge(error.to_string())
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Failure {
        match unanswered {
            Unanswered::NotHandled(why) => Failure::NotHandled(why),
            Unanswered::Unknown(why) => Failure::Unknown(why),
        }
    }
}
