//! What each protocol says of itself, for the rooms that serve all of them: CORS, compression,
//! deadlines and metadata read it here, and name no protocol.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

/// A protocol's own words.
pub(crate) struct Declared {
    /// How the media types begin by which requests and replies say that this is their protocol.
    pub(crate) media_types: &'static [&'static str],
    /// Whether replies of these media types are compressed as a whole; otherwise each message is, by
    /// the protocol's own means, or none.
    pub(crate) compresses: bool,
    /// Whether browsers speak it.
    pub(crate) has_browsers: bool,
    /// How a client says how long it is willing to wait.
    pub(crate) deadline: Option<Deadline>,
    /// Its headers of requests, which pages of other origins may send.
    pub(crate) request_headers: &'static [&'static str],
    /// Its headers of replies, which they may read.
    pub(crate) reply_headers: &'static [&'static str],
    /// How the names begin that it keeps for itself: nobody's metadata has them.
    pub(crate) reserved: Option<&'static str>,
    /// What stands before names of trailing metadata, where they are headers.
    pub(crate) trailer_prefix: Option<&'static str>,
}

/// A header, and how its value is read: `None` if it is no duration.
pub(crate) struct Deadline {
    pub(crate) header: HeaderName,
    pub(crate) read: fn(&HeaderValue) -> Option<Duration>,
}

impl Declared {
    /// Of a protocol that needs nothing beyond HTTP.
    pub(crate) const NOTHING: Self = Self {
        media_types: &[],
        compresses: true,
        has_browsers: true,
        deadline: None,
        request_headers: &[],
        reply_headers: &[],
        reserved: None,
        trailer_prefix: None,
    };

    /// What follows the beginning of a media type that is this protocol's, in whatever case it is
    /// written.
    pub(crate) fn subtype<'a>(&self, media_type: &'a [u8]) -> Option<&'a [u8]> {
        self.media_types.iter().find_map(|prefix| {
            let (start, rest) = media_type.split_at_checked(prefix.len())?;
            start
                .eq_ignore_ascii_case(prefix.as_bytes())
                .then_some(rest)
        })
    }
}

macro_rules! list {
    ($($name:ident = $room:ident,)+) => {
        /// Of every protocol. Of two deadlines that a client names, the first here holds.
        pub(crate) static ALL: &[&Declared] = &[$(&super::$room::DECLARED),+];
    };
}

protocols!(list);

/// The protocol whose media type it is, if it is one's own.
pub(crate) fn of(media_type: &[u8]) -> Option<&'static Declared> {
    let mut all = ALL.iter().copied();
    all.find(|protocol| protocol.subtype(media_type).is_some())
}

/// Whether a protocol keeps a name like this one for itself.
pub(crate) fn is_reserved(name: &str) -> bool {
    let mut all = ALL.iter().filter_map(|protocol| protocol.reserved);
    all.any(|prefix| name.starts_with(prefix))
}

/// Whether it is what a protocol makes of the name of trailing metadata.
pub(crate) fn is_trailer(name: &str) -> bool {
    let mut all = ALL.iter().filter_map(|protocol| protocol.trailer_prefix);
    all.any(|prefix| name.starts_with(prefix))
}
