//! What WebSocket needs beyond HTTP: CORS does not hold for it, and its frames are no reply.

use crate::protocol::declared::Declared;

pub(crate) static DECLARED: Declared = Declared::NOTHING;
