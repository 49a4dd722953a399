//! The chain of an order's history: each event commits to the one before it, and is signed by a key
//! that the database does not hold. docs/AUDIT.md is the specification; a change of what is hashed
//! here needs new tags.

mod check;
mod key;

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::Ed25519KeyPair;
use net::random::Random;
use uuid::Uuid;

pub use check::Kind;
pub(crate) use check::{Expected, OrderRow, Row, check};
pub use key::{BadKey, PublicKey, SigningKey};

/// SHA-256.
pub(crate) type Hash = [u8; 32];
/// Bytes drawn for each event, so that nobody finds an actor or a reason by trying.
pub(crate) type Salt = [u8; 16];

/// What the first event follows.
pub(crate) const START: Hash = [0; 32];
/// The actor of an event whose personal data was erased.
pub(crate) const ERASED: &str = "user:erased";

const COMMITMENT: &str = "tradewind.order-event.personal.v1";
const EVENT: &str = "tradewind.order-event.v1";
const HEAD: &str = "tradewind.order-history.head.v1";
const ERASURE: &str = "tradewind.order-event.erasure.v1";

/// What is hashed of an event, beside its predecessor. States are as the database has them, so that
/// whatever stands there has a hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) order: Uuid,
    /// 1, 2, 3, ... within the order.
    pub(crate) sequence: i64,
    pub(crate) old_state: Option<&'a str>,
    pub(crate) new_state: &'a str,
    /// Microseconds since 1970.
    pub(crate) time: i64,
    /// When an event that was written without a hash got one, in microseconds since 1970.
    pub(crate) adopt_time: Option<i64>,
}

impl Record<'_> {
    /// The event's hash.
    pub(crate) fn hash(&self, commitment: &[u8], previous: &[u8]) -> Hash {
        let mut encoded = Encoder::new(EVENT);
        encoded.fixed(self.order.as_bytes());
        encoded.fixed(&self.sequence.to_be_bytes());
        match self.old_state {
            None => encoded.fixed(&[0]),
            Some(state) => {
                encoded.fixed(&[1]);
                encoded.variable(state.as_bytes());
            }
        }
        encoded.variable(self.new_state.as_bytes());
        encoded.fixed(&self.time.to_be_bytes());
        match self.adopt_time {
            None => encoded.fixed(&[0]),
            Some(time) => {
                encoded.fixed(&[1]);
                encoded.fixed(&time.to_be_bytes());
            }
        }
        encoded.variable(commitment);
        encoded.variable(previous);
        encoded.hash()
    }
}

/// What an event's hash holds of its personal data.
pub(crate) fn commitment(salt: &[u8], actor: &str, reason: &str) -> Hash {
    let mut encoded = Encoder::new(COMMITMENT);
    encoded.variable(salt);
    encoded.variable(actor.as_bytes());
    encoded.variable(reason.as_bytes());
    encoded.hash()
}

/// What the signature of an event's hash signs: that the order's history is this one up to there.
fn head(order: Uuid, sequence: i64, hash: &[u8]) -> Vec<u8> {
    signed(HEAD, order, sequence, hash)
}

/// What the signature of an erasure signs: that the personal data of this event was erased.
fn erasure(order: Uuid, sequence: i64, hash: &[u8]) -> Vec<u8> {
    signed(ERASURE, order, sequence, hash)
}

fn signed(tag: &str, order: Uuid, sequence: i64, hash: &[u8]) -> Vec<u8> {
    let mut encoded = Encoder::new(tag);
    encoded.fixed(order.as_bytes());
    encoded.fixed(&sequence.to_be_bytes());
    encoded.variable(hash);
    encoded.0
}

/// An encoding that no two lists of values share: a tag, then values of a fixed length as they are,
/// and others after their length (8 bytes, the highest first).
struct Encoder(Vec<u8>);

impl Encoder {
    fn new(tag: &str) -> Encoder {
        let mut encoder = Encoder(Vec::with_capacity(256));
        encoder.variable(tag.as_bytes());
        encoder
    }

    fn fixed(&mut self, value: &[u8]) {
        self.0.extend_from_slice(value);
    }

    fn variable(&mut self, value: &[u8]) {
        self.fixed(&(value.len() as u64).to_be_bytes());
        self.fixed(value);
    }

    fn hash(self) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}

/// What chains an event to its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) salt: Salt,
    pub(crate) commitment: Hash,
    pub(crate) previous: Hash,
    pub(crate) hash: Hash,
    pub(crate) signature: [u8; 64],
}

/// Chains and signs events.
#[derive(Clone)]
pub(crate) struct Signer {
    pair: Arc<Ed25519KeyPair>,
    random: Random,
}

impl Signer {
    pub(crate) fn new(key: &SigningKey, random: Random) -> Signer {
        Signer {
            pair: Arc::new(key.pair()),
            random,
        }
    }

    /// Chains an event to the hash of its predecessor.
    pub(crate) fn link(
        &self,
        record: &Record<'_>,
        actor: &str,
        reason: &str,
        previous: Hash,
    ) -> Link {
        let salt = self.random.bytes();
        let commitment = commitment(&salt, actor, reason);
        let hash = record.hash(&commitment, &previous);
        Link {
            salt,
            commitment,
            previous,
            hash,
            signature: self.sign(&head(record.order, record.sequence, &hash)),
        }
    }

    /// Attests that the personal data of an event was erased.
    pub(crate) fn erasure(&self, order: Uuid, sequence: i64, hash: &[u8]) -> [u8; 64] {
        self.sign(&erasure(order, sequence, hash))
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

#[cfg(test)]
mod tests;
