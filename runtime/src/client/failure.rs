//! How a request fails before there is a reply.

use std::error::Error;

/// A request that got no reply.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Nothing was done with it: it may be sent again.
    NotHandled(String),
    /// Nobody knows what was done with it.
    Unknown(String),
}

impl Failure {
    pub(super) fn why(&self) -> &str {
        match self {
            Failure::NotHandled(why) | Failure::Unknown(why) => why,
        }
    }

    /// Judges an error of a request that left this process. A server that refuses a stream, or
    /// says goodbye before it, has not handled it (RFC 9113, sections 6.8 and 8.7).
    pub(super) fn of(error: &hyper::Error) -> Failure {
        let mut why = error.to_string();
        let mut not_handled = false;
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(cause) = cause.downcast_ref::<h2::Error>() {
                not_handled = is_not_handled(cause);
            }
            why = format!("{why}: {cause}");
            source = cause.source();
        }
        if not_handled {
            Failure::NotHandled(why)
        } else {
            Failure::Unknown(why)
        }
    }
}

fn is_not_handled(error: &h2::Error) -> bool {
    let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let goodbye = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
    error.is_remote() && (refused || goodbye)
}
