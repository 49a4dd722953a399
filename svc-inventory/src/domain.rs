//! Units, promises and what may become of them: no database, no gRPC, no clock.

pub(crate) mod level;
pub(crate) mod reservation;
