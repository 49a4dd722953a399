//! Randomness, passed in, so that tests own it.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;

use crate::clock::Clock;

/// A source of random bytes that are fit for secrets, unless it was seeded.
#[derive(Clone, Debug)]
pub struct Random {
    source: Source,
    /// The last id that was made, by any clone.
    last: Arc<Mutex<Uuid>>,
}

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    /// The thread's generator, seeded by the operating system.
    pub fn system() -> Random {
        Random::of(Source::System)
    }

    /// The same bytes for the same seed; clones share one sequence.
    pub fn seeded(seed: u64) -> Random {
        let generator = StdRng::seed_from_u64(seed);
        Random::of(Source::Seeded(Arc::new(Mutex::new(generator))))
    }

    fn of(source: Source) -> Random {
        Random {
            source,
            last: Arc::default(),
        }
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.source {
            Source::System => rand::rng().fill_bytes(bytes),
            Source::Seeded(generator) => generator
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fill_bytes(bytes),
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub fn below(&self, bound: usize) -> usize {
        // The bias of the modulus is below 2^-32 for any bound that fits a list.
        (u64::from_le_bytes(self.bytes()) % bound.max(1) as u64) as usize
    }

    /// A UUIDv7 of the clock's time (RFC 9562, section 5.7): ids sort by their creation, those of one
    /// millisecond too as long as clones of one source make them (section 6.2, method 2).
    pub fn uuid7(&self, clock: &Clock) -> Uuid {
        let milliseconds = clock.now().timestamp_millis().max(0) as u64;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match is_of(*last, milliseconds) {
            true => {
                let step = u32::from_le_bytes(self.bytes());
                Uuid::from_u128(last.as_u128() + 1 + u128::from(step))
            }
            false => {
                let id = uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.bytes());
                Uuid::from_u128(id.into_uuid().as_u128() & !ROOM)
            }
        };
        *last = next;
        next
    }
}

/// The highest of the last 62 bits: not set in the first id of a millisecond, it leaves room for more
/// than 2^28 that follow.
const ROOM: u128 = 1 << 61;

fn is_of(id: Uuid, milliseconds: u64) -> bool {
    !id.is_nil() && id.as_u128() >> 80 == u128::from(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_sequence() {
        let (one, two) = (Random::seeded(7), Random::seeded(7));
        assert_eq!(one.bytes::<16>(), two.bytes::<16>());
        assert_ne!(one.bytes::<16>(), Random::seeded(8).bytes::<16>());
    }

    #[test]
    fn ids_of_a_later_millisecond_sort_later() {
        let (clock, hands) = Clock::manual(Default::default());
        let random = Random::system();
        let first = random.uuid7(&clock);
        hands.advance(std::time::Duration::from_millis(1));
        assert!(first < random.uuid7(&clock));
        assert_eq!(first.get_version_num(), 7);
    }
    #[test]
    fn ids_of_one_millisecond_sort_as_they_were_made() {
        let (clock, hands) = Clock::manual(Default::default());
        for random in [Random::system(), Random::seeded(7)] {
            let ids: Vec<_> = (0..10_000).map(|_| random.clone().uuid7(&clock)).collect();
            assert!(ids.is_sorted_by(|one, next| one < next));
            for id in [ids[0], ids[9_999]] {
                assert_eq!(id.get_version_num(), 7);
                assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
                assert_eq!(id.as_u128() >> 80, 0);
            }
            // A clock that was put back is followed.
            hands.advance(std::time::Duration::from_millis(5));
            let later = random.uuid7(&clock);
            hands.set(Default::default());
            assert!(random.uuid7(&clock) < later);
        }
    }
}
