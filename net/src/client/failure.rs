//! How a request fails before there is a reply.

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
    pub(super) fn of(error: &h2::Error) -> Failure {
        let judge = match error {
            error if !error.is_remote() => Failure::Unknown,
            error if error.is_go_away() => Failure::Goodbye,
            error if error.reason() == Some(h2::Reason::REFUSED_STREAM) => Failure::NotHandled,
            _ => Failure::Unknown,
        };
        judge(error.to_string())
    }
}
