//! Bytes and what they mean, without a word of who sends them: gRPC's envelopes and statuses, the
//! framing of streams, single fields of messages.

pub(crate) mod envelope;
pub(crate) mod fields;
pub(crate) mod framing;
pub(crate) mod said;
pub(crate) mod status;
