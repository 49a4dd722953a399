//! What a peer begins with.

use std::time::Duration;

use memchr::memchr;
use tokio_util::sync::CancellationToken;

use crate::tls::Stream;

/// What HTTP/2 begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether the peer says in time what may be HTTP. A silent one holds no connection; one that speaks
/// neither version would take an answer in HTTP/1.1 for something else (RFC 9113, section 3.4).
pub(super) async fn is_http(
    stream: &mut Stream,
    within: Duration,
    shutdown: &CancellationToken,
) -> bool {
    tokio::select! {
        spoke = tokio::time::timeout(within, stream.begins(may_be_http)) => spoke.unwrap_or(false),
        () = shutdown.cancelled() => false,
    }
}

/// Whether these bytes may begin a connection. What is wrong with a request, its parser tells.
fn may_be_http(mut bytes: &[u8]) -> bool {
    // RFC 9112, section 2.2.
    while let Some(rest) = bytes.strip_prefix(b"\r\n") {
        bytes = rest;
    }
    let Some(end) = memchr(b'\n', bytes) else {
        return true;
    };
    if bytes[..=end] == PREFACE[..16] {
        return bytes.starts_with(PREFACE) || PREFACE.starts_with(bytes);
    }
    let line = bytes[..end].trim_ascii_end();
    let mut words = line.split(|byte| *byte == b' ');
    let version = words.clone().next_back().unwrap_or_default();
    let target = words.nth(1).unwrap_or_default();
    line.is_empty() || version.starts_with(b"HTTP/") || target.starts_with(b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_begins_with_a_request_line_or_with_the_preface() {
        for (bytes, expected) in [
            ("INVALID CONNECTION PREFACE\r\n\r\n", false),
            ("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", false),
            ("PRI * HTTP/2.0\r\nhost: x\r\n\r\n", false),
            ("\r\nno\n", false),
            ("GET\r\n", false),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0", true),
            ("PRI * HTTP/2.0\r\n\r\nSM", true),
            ("GET / HTTP/1.1 \r\nno\r\n", true),
            ("GET / HTTP/1.1\n", true),
            ("\r\nGET / HTTP/1.0\r\n", true),
            // The parser has its own opinion.
            ("GET /\r\n", true),
            ("no end", true),
            ("\n", true),
        ] {
            assert_eq!(may_be_http(bytes.as_bytes()), expected, "{bytes:?}");
        }
    }
}
