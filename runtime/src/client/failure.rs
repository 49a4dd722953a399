//! How a request fails before there is a reply.

use std::error::Error;

/// A request that got no reply.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Nothing was done with it: it may be sent again.
    NotHandled(String),
    /// As `NotHandled`, and its connection takes no further requests either.
    Goodbye(String),
    /// Nobody knows what was done with it.
    Unknown(String),
}

impl Failure {
    pub(super) fn why(&self) -> &str {
        match self {
            Failure::NotHandled(why) | Failure::Goodbye(why) | Failure::Unknown(why) => why,
        }
    }

    /// Judges an error of a request that left this process. A server that refuses a stream, or
    /// says goodbye before it, whatever the reason, has not handled it (RFC 9113, sections 6.8 and
    /// 8.7).
    pub(super) fn of(error: &hyper::Error) -> Failure {
        let mut why = error.to_string();
        let mut judged: fn(String) -> Failure = Failure::Unknown;
        let mut source = error.source();
        while let Some(cause) = source {
            match cause.downcast_ref::<h2::Error>() {
                Some(cause) if !cause.is_remote() => {}
                Some(cause) if cause.is_go_away() => judged = Failure::Goodbye,
                Some(cause) if cause.is_reset() && is_refusal(cause) => {
                    judged = Failure::NotHandled
                }
                _ => {}
            }
            why = format!("{why}: {cause}");
            source = cause.source();
        }
        judged(why)
    }
}

fn is_refusal(error: &h2::Error) -> bool {
    error.reason() == Some(h2::Reason::REFUSED_STREAM)
}
