//! The faults, by what breaks.

mod messages;
mod nats;
mod network;
mod postgres;
mod pressure;
mod processes;
mod provider;
mod redis;
mod standby;
mod time;

use super::fault::Fault;

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    let kinds = [
        processes::FAULTS,
        network::FAULTS,
        postgres::FAULTS,
        redis::FAULTS,
        nats::FAULTS,
        messages::FAULTS,
        provider::FAULTS,
        time::FAULTS,
        pressure::FAULTS,
        standby::FAULTS,
    ];
    kinds.into_iter().flatten()
}
