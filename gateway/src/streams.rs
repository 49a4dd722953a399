//! How many streams each client has open: calls with a stream in either direction, in every protocol,
//! for as long as they live.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use net::room::{Most, Room, Share};

use crate::config::Streams as Settings;
use crate::failure::Failure;

/// Those of all clients.
#[derive(Clone)]
pub(crate) struct Streams {
    of_addresses: Room<IpAddr>,
    of_users: Room<Arc<str>>,
}

/// The places of one stream, until it is dropped.
pub(crate) struct Open {
    _of_address: Share<IpAddr>,
    _of_user: Option<Share<Arc<str>>>,
}

impl Streams {
    pub(crate) fn new() -> Self {
        Self {
            of_addresses: Room::new(),
            of_users: Room::new(),
        }
    }

    /// One more of that client, and of the user if it is one.
    pub(crate) fn open(
        &self,
        client: IpAddr,
        user: Option<Arc<str>>,
        settings: &Settings,
    ) -> Result<Open, Failure> {
        let (of_address, of_user) = (settings.streams_per_address, settings.streams_per_user);
        let of_user = user.map(|user| place(&self.of_users, user, "user", of_user));
        Ok(Open {
            _of_address: place(&self.of_addresses, client, "address", of_address)?,
            _of_user: of_user.transpose()?,
        })
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.of_addresses.total()
    }
}

fn place<K: Clone + Eq + Hash>(
    room: &Room<K>,
    whose: K,
    of_one: &str,
    most: usize,
) -> Result<Share<K>, Failure> {
    let total = usize::MAX;
    let each = most.max(1);
    let mut place = room.share(Some(whose), Most { total, each });
    let full = |_| Failure::too_many_streams(of_one, each);
    place.set(1).map_err(full)?;
    Ok(place)
}
