//! What a protocol does with the body of a request, piece by piece.

use bytes::Bytes;

use crate::failure::Failure;
use crate::wire::envelope::Sizes;

/// What becomes of the pieces of a body.
pub(crate) trait Step: Unpin {
    /// The next one, or the end.
    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Failure>;

    /// Whether something has begun of which more has to come: between messages, a client may be
    /// silent.
    fn has_begun(&self) -> bool;

    /// Bytes that are kept until more has come.
    fn held(&self) -> usize;
}

/// Messages that pass by as they are.
impl Step for Sizes {
    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Failure> {
        let piece = piece.unwrap_or_default();
        self.see(&piece)?;
        Ok(piece)
    }

    fn has_begun(&self) -> bool {
        Sizes::has_begun(self)
    }

    fn held(&self) -> usize {
        0
    }
}
