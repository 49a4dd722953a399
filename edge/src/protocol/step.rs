//! What a protocol does with the body of a request, piece by piece.

use bytes::Bytes;

use crate::failure::Failure;

/// What becomes of the pieces of a body.
pub(super) trait Step: Unpin {
    /// The next one, or the end.
    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Failure>;

    /// Whether something has begun of which more has to come: between messages, a client may be
    /// silent.
    fn has_begun(&self) -> bool;

    /// Bytes that are kept until more has come.
    fn held(&self) -> usize;
}
