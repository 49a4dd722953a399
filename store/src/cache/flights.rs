//! Concurrent misses of a key share one fill.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::watch;
use tonic::Status;

type Landed = Result<Bytes, Status>;

/// The fills in progress, by key.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<String, watch::Receiver<Option<Landed>>>>);

pub(super) enum Seat {
    /// Nobody fills this key: do it, and land.
    Pilot(Flight),
    /// Somebody does: wait for the landing.
    Passenger(Landing),
}

pub(super) struct Flight {
    flights: Arc<Flights>,
    key: String,
    result: watch::Sender<Option<Landed>>,
}

pub(super) struct Landing(watch::Receiver<Option<Landed>>);

impl Flights {
    pub(super) fn board(self: &Arc<Self>, key: &str) -> Seat {
        let mut flights = self.lock();
        // One whose pilot is gone is no flight any more.
        if let Some(landing) = flights
            .get(key)
            .filter(|landing| landing.has_changed().is_ok())
        {
            return Seat::Passenger(Landing(landing.clone()));
        }
        let (result, landing) = watch::channel(None);
        flights.insert(key.to_owned(), landing);
        Seat::Pilot(Flight {
            flights: self.clone(),
            key: key.to_owned(),
            result,
        })
    }

    /// Those who come from now on do not join the flight: it may bring what was just changed.
    pub(super) fn cancel(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Option<Landed>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Gives everyone on board the result.
    pub(super) fn land(self, result: Landed) {
        self.result.send_replace(Some(result));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        // After a cancel the key may belong to a later flight.
        let own = |landing: &watch::Receiver<_>| landing.same_channel(&self.result.subscribe());
        if flights.get(&self.key).is_some_and(own) {
            flights.remove(&self.key);
        }
    }
}

impl Landing {
    /// The result; `None` if the pilot gave up.
    pub(super) async fn landed(&mut self) -> Option<Landed> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}
