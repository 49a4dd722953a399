//! A stream packed as the client likes, each message whole in what has been sent (flushed), so that
//! nothing waits in here for the next.

use std::io::Write as _;
use std::mem;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::{Stream, StreamExt as _};
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;
use net::coding::Coding;
use zstd::stream::write::Encoder;

use crate::accept;

/// Of the window: 128 KiB, since many streams may be open for long.
const WINDOW_LOG: u32 = 17;

const OFFERS: [(Option<Coding>, &[&str]); 3] = [
    (None, &["identity"]),
    (Some(Coding::Zstd), &["zstd"]),
    (Some(Coding::Gzip), &["gzip", "x-gzip"]),
];

/// The coding that the client asks for by name.
pub(super) fn wanted(headers: &HeaderMap) -> Option<Coding> {
    headers.get(ACCEPT_ENCODING)?;
    accept::preferred(headers, ACCEPT_ENCODING, &OFFERS).flatten()
}

/// A stream of frames in that coding.
pub(super) fn packed(
    frames: impl Stream<Item = Bytes> + Send,
    coding: Coding,
) -> impl Stream<Item = Bytes> + Send {
    let begun = (Box::pin(frames), Some(Packing::of(coding)));
    futures::stream::unfold(begun, |(mut frames, packing)| async move {
        let mut packing = packing?;
        match frames.next().await {
            Some(frame) => Some((packing.pack(&frame), (frames, Some(packing)))),
            None => Some((packing.end(), (frames, None))),
        }
    })
}

/// Packs one stream.
enum Packing {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(Encoder<'static, Vec<u8>>),
}

impl Packing {
    fn of(coding: Coding) -> Self {
        match coding {
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast())),
            Coding::Zstd => {
                let mut encoder = Encoder::new(Vec::new(), 1).expect("level 1 exists");
                encoder
                    .window_log(WINDOW_LOG)
                    .expect("the size is one that zstd knows");
                Self::Zstd(encoder)
            }
        }
    }

    /// One frame.
    fn pack(&mut self, frame: &[u8]) -> Bytes {
        let packed = match self {
            Self::Gzip(encoder) => {
                let packed = encoder.write_all(frame).and_then(|()| encoder.flush());
                packed.map(|()| mem::take(encoder.get_mut()))
            }
            Self::Zstd(encoder) => {
                let packed = encoder.write_all(frame).and_then(|()| encoder.flush());
                packed.map(|()| mem::take(encoder.get_mut()))
            }
        };
        packed.expect("a Vec grows as it is needed").into()
    }

    /// What stands at the end.
    fn end(self) -> Bytes {
        let packed = match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        };
        packed.expect("a Vec grows as it is needed").into()
    }
}
