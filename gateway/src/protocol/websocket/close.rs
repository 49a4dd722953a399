//! How a WebSocket ends.

use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::failure::{Failure, Voice};

/// As long as a reason may be (RFC 6455, section 5.5).
const REASON_BYTES: usize = 123;
/// Where applications' own codes begin (RFC 6455, section 7.4.2).
const CODES: u16 = 4000;

/// The call is done.
pub(super) fn done() -> CloseFrame {
    frame(CloseCode::Normal, "")
}

/// The call failed: 4000 + `google.rpc.Code`, and `REASON: message`.
pub(super) fn failed(failure: &Failure, voice: &Voice) -> CloseFrame {
    let status = failure.told(voice);
    let code = CODES + status.code() as u16;
    let reason = match voice.reason(&status) {
        Some(reason) => format!("{reason}: {}", status.message()),
        None => status.message().to_owned(),
    };
    frame(CloseCode::from(code), &reason)
}

/// What came is no text.
pub(super) fn unsupported() -> CloseFrame {
    frame(CloseCode::Unsupported, "send JSON in text frames")
}

/// What came cannot be read; `None` if nobody is there any more.
pub(super) fn unreadable(error: &Error) -> Option<CloseFrame> {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
            let reason = format!("a message is larger than {max_size} bytes");
            Some(frame(CloseCode::Size, &reason))
        }
        Error::Utf8(_) => Some(frame(CloseCode::Invalid, "text is UTF-8")),
        Error::Protocol(error) => Some(frame(CloseCode::Protocol, &error.to_string())),
        _ => None,
    }
}

fn frame(code: CloseCode, reason: &str) -> CloseFrame {
    let end = reason.floor_char_boundary(REASON_BYTES);
    let reason = reason[..end].into();
    CloseFrame { code, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let voice = Voice {
            domain: Some("test"),
            ..Voice::default()
        };
        let frame = failed(&Failure::malformed("ä".repeat(100)), &voice);
        assert_eq!(u16::from(frame.code), 4003);
        let text = frame.reason.as_str();
        assert!(text.starts_with("MALFORMED_REQUEST: ää"), "{text}");
        assert!((120..=123).contains(&text.len()), "{}", text.len());
    }
}
