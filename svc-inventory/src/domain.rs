//! Units, promises and what may become of them: no database, no gRPC, no clock.

pub mod level;
pub mod reservation;
