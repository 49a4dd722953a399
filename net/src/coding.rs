//! What bytes are packed in: gzip (RFC 1952) or zstd (RFC 8878), unpacked in steps of bounded size.

use std::io::Write as _;
use std::mem;

use bytes::{Buf as _, Bytes};
use flate2::Compression;
use flate2::write::{GzEncoder, MultiGzDecoder};
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

/// What one step makes at most, more or less.
const STEP: usize = 16 << 10;
/// Of the window that a zstd frame may ask for: 8 MiB (RFC 9659).
const WINDOW_LOG: u32 = 23;
/// The window of gzip, and what it is unpacked with.
const GZIP: usize = 64 << 10;
/// A zstd window counts as no more than so much, so that one body with the largest of them has room.
const ZSTD: usize = 4 << 20;

/// What bytes are packed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// What was to be unpacked is not in its coding.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the content is no {0}, or cut short")]
pub struct Corrupt(&'static str);

impl Coding {
    /// `Some(None)` is no coding, `None` an unknown one.
    pub fn named(name: &[u8]) -> Option<Option<Self>> {
        match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Some(None),
            b"gzip" | b"x-gzip" => Some(Some(Self::Gzip)),
            b"zstd" => Some(Some(Self::Zstd)),
            _ => None,
        }
    }

    /// As headers name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Packs it.
    pub fn pack(self, content: &[u8]) -> Bytes {
        let packed = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(content).and_then(|()| encoder.finish())
            }
            Self::Zstd => zstd::bulk::compress(content, 1),
        };
        packed.expect("a Vec grows as it is needed").into()
    }

    /// Unpacks what is there whole, as long as it does not grow past `limit` bytes: `None` beyond.
    /// `grows` is told how many it has become, and may refuse more.
    pub fn unpack<E: From<Corrupt>>(
        self,
        packed: &Bytes,
        limit: usize,
        mut grows: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Option<Bytes>, E> {
        let mut unpacking = Unpacking::of(self);
        let (mut packed, mut unpacked) = (packed.clone(), Vec::new());
        loop {
            let piece = unpacking.step(&mut packed, true)?;
            if piece.is_empty() {
                return Ok(Some(unpacked.into()));
            }
            if unpacked.len() + piece.len() > limit {
                return Ok(None);
            }
            unpacked.extend_from_slice(&piece);
            grows(unpacked.capacity())?;
        }
    }
}

/// Unpacks one body.
pub struct Unpacking(Decoder);

enum Decoder {
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zstd {
        decoder: DCtx<'static>,
        /// No frame has been begun that has not ended.
        is_whole: bool,
    },
}

impl Unpacking {
    /// Of a body in this coding.
    pub fn of(coding: Coding) -> Self {
        Self(match coding {
            Coding::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            Coding::Zstd => {
                let mut decoder = DCtx::create();
                decoder
                    .set_parameter(DParameter::WindowLogMax(WINDOW_LOG))
                    .expect("the bound is one that zstd knows");
                let is_whole = true;
                Decoder::Zstd { decoder, is_whole }
            }
        })
    }

    /// Bytes that it needs itself.
    pub fn held(&self) -> usize {
        match &self.0 {
            Decoder::Gzip(_) => GZIP,
            Decoder::Zstd { decoder, .. } => decoder.sizeof().min(ZSTD),
        }
    }

    /// Takes of `packed` and gives what it becomes; nothing if more is needed, or at the end. `ended`
    /// says that after `packed` no more will come.
    pub fn step(&mut self, packed: &mut Bytes, ended: bool) -> Result<Bytes, Corrupt> {
        match &mut self.0 {
            Decoder::Gzip(decoder) => {
                let wrong = |_| Corrupt(Coding::Gzip.name());
                while !packed.is_empty() && decoder.get_ref().is_empty() {
                    let part = packed.len().min(STEP);
                    let taken = decoder.write(&packed[..part]).map_err(wrong)?;
                    packed.advance(taken);
                }
                if packed.is_empty() && ended {
                    decoder.try_finish().map_err(wrong)?;
                } else if packed.is_empty() {
                    decoder.flush().map_err(wrong)?;
                }
                Ok(mem::take(decoder.get_mut()).into())
            }
            Decoder::Zstd { decoder, is_whole } => {
                let wrong = || Corrupt(Coding::Zstd.name());
                let mut out = vec![0; STEP];
                loop {
                    let mut from = InBuffer::around(packed);
                    let mut into = OutBuffer::around(&mut out[..]);
                    let hint = decoder.decompress_stream(&mut into, &mut from);
                    let hint = hint.map_err(|_| wrong())?;
                    let (taken, made) = (from.pos(), into.pos());
                    if taken > 0 || made > 0 {
                        *is_whole = hint == 0;
                    }
                    packed.advance(taken);
                    if made > 0 {
                        out.truncate(made);
                        return Ok(out.into());
                    }
                    if taken == 0 || packed.is_empty() {
                        break;
                    }
                }
                match ended && !*is_whole {
                    true => Err(wrong()),
                    false => Ok(Bytes::new()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine() -> Result<(), Corrupt> {
        Ok(())
    }

    fn packed(coding: Coding, content: &[u8]) -> Bytes {
        match coding {
            Coding::Gzip => {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                packed.write_all(content).unwrap();
                packed.finish().unwrap().into()
            }
            Coding::Zstd => zstd::encode_all(content, 1).unwrap().into(),
        }
    }

    #[test]
    fn a_bomb_grows_to_the_limit_and_no_further() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            let bomb = packed(coding, &[0; 100_000]);
            let whole = coding.unpack(&bomb, 100_000, |_| fine()).unwrap();
            assert_eq!(whole.unwrap().len(), 100_000, "{coding:?}");
            assert_eq!(
                coding.unpack(&bomb, 99_999, |_| fine()).unwrap(),
                None,
                "{coding:?}"
            );
            let mut rest = packed(coding, &vec![0; 50 << 20]);
            let mut unpacking = Unpacking::of(coding);
            for _ in 0..100 {
                let step = unpacking.step(&mut rest, false).unwrap();
                assert!(
                    (1..=4 * STEP).contains(&step.len()),
                    "{coding:?} {}",
                    step.len()
                );
            }
        }
    }

    #[test]
    fn what_is_cut_short_or_something_else_is_refused() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            let whole = packed(coding, b"one line\nand another");
            for length in 1..whole.len() {
                let cut = whole.slice(..length);
                assert!(
                    coding.unpack(&cut, 100, |_| fine()).is_err(),
                    "{coding:?} {length}"
                );
            }
            assert!(
                coding
                    .unpack(&Bytes::from_static(b"{}{}{}{}"), 100, |_| fine())
                    .is_err()
            );
            let twice = [&whole[..], &whole[..]].concat().into();
            assert_eq!(
                coding
                    .unpack(&twice, 100, |_| fine())
                    .unwrap()
                    .unwrap()
                    .len(),
                40
            );
            assert_eq!(
                coding.unpack(&whole, 100, |_| fine()).unwrap().unwrap(),
                "one line\nand another"
            );
        }
    }
}
