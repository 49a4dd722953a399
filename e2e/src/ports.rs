//! Free ports for processes that must be told theirs.

use std::{
    collections::HashSet,
    net::{Ipv4Addr, TcpListener},
    sync::{LazyLock, Mutex, PoisonError},
};

/// Below the range that the system hands out to clients, so that no outgoing connection takes
/// the port of a process that is down for a moment.
const RANGE: std::ops::Range<u16> = 12_000..32_000;

static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A port of 127.0.0.1 that nothing listens on, given out once in this process.
pub fn free_port() -> u16 {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let random = uuid::Uuid::now_v7().as_u128();
        let width = u128::from(RANGE.end - RANGE.start);
        let port = RANGE.start + u16::try_from(random % width).unwrap_or_default();
        if given.contains(&port) || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            continue;
        }
        given.insert(port);
        return port;
    }
}
