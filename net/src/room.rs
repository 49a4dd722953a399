//! Room that many share: so much for all, and so much for each of those who can be told apart.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts what is taken: bytes, streams, connections.
#[derive(Debug)]
pub struct Room<K>(Arc<Mutex<Taken<K>>>);

#[derive(Debug)]
struct Taken<K> {
    total: usize,
    of: HashMap<K, usize>,
}

/// How much may be taken.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// By all, whoever took what is taken already.
    pub total: usize,
    /// By one.
    pub each: usize,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All together have taken too much.
    Total,
    /// One has.
    Each,
}

/// What somebody has taken, until it is dropped.
#[derive(Debug)]
pub struct Share<K: Clone + Eq + Hash> {
    room: Room<K>,
    /// None of somebody who may take as much as there is.
    whose: Option<K>,
    most: Most,
    amount: usize,
}

impl<K: Clone + Eq + Hash> Room<K> {
    /// With nothing taken.
    pub fn new() -> Room<K> {
        let (total, of) = (0, HashMap::new());
        Room(Arc::new(Mutex::new(Taken { total, of })))
    }

    /// Nothing yet.
    pub fn share(&self, whose: Option<K>, most: Most) -> Share<K> {
        let room = self.clone();
        let amount = 0;
        Share {
            room,
            whose,
            most,
            amount,
        }
    }

    /// What all together have taken.
    pub fn total(&self) -> usize {
        self.taken().total
    }

    fn taken(&self) -> MutexGuard<'_, Taken<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Default for Room<K> {
    fn default() -> Room<K> {
        Room::new()
    }
}

impl<K> Clone for Room<K> {
    fn clone(&self) -> Room<K> {
        Room(self.0.clone())
    }
}

impl<K: Clone + Eq + Hash> Share<K> {
    /// Takes so much from now on, in the place of what was taken before; on `Err` that stays.
    pub fn set(&mut self, amount: usize) -> Result<(), Full> {
        if amount == self.amount {
            return Ok(());
        }
        let mut taken = self.room.taken();
        let grows = amount > self.amount;
        let total = taken.total - self.amount + amount;
        if grows && total > self.most.total {
            return Err(Full::Total);
        }
        if let Some(whose) = &self.whose {
            let before = taken.of.get(whose).copied().unwrap_or(0);
            let own = before - self.amount + amount;
            if grows && own > self.most.each {
                return Err(Full::Each);
            }
            match own {
                0 => taken.of.remove(whose),
                own => taken.of.insert(whose.clone(), own),
            };
        }
        taken.total = total;
        self.amount = amount;
        Ok(())
    }
}

impl<K: Clone + Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        self.set(0).expect("there is always room for less");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_takes_what_it_may_and_all_together_what_there_is() {
        let room = Room::new();
        let most = Most {
            total: 100,
            each: 60,
        };
        let (mut ada, mut also_ada) = (room.share(Some(1), most), room.share(Some(1), most));
        let (mut bob, mut mesh) = (room.share(Some(2), most), room.share(None, most));
        assert_eq!((ada.set(40), also_ada.set(20)), (Ok(()), Ok(())));
        assert_eq!(also_ada.set(21), Err(Full::Each));
        assert_eq!(bob.set(41), Err(Full::Total));
        assert_eq!((bob.set(30), mesh.set(10)), (Ok(()), Ok(())));
        assert_eq!(mesh.set(11), Err(Full::Total));
        // What is less is taken however full it is.
        assert_eq!(also_ada.set(10), Ok(()));
        drop(ada);
        assert_eq!(mesh.set(60), Ok(()));
        drop((also_ada, bob, mesh));
        let taken = room.taken();
        assert!(taken.total == 0 && taken.of.is_empty());
    }
}
