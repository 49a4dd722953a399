//! The table `signing_keys`.

use chrono::{DateTime, Utc};
use store::Tx;

use crate::domain::keys::KeyAge;
use crate::error::Error;

/// A key as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredKey {
    /// Counts the keys from 1.
    pub generation: i64,
    /// Its id in tokens.
    pub kid: String,
    /// The public half.
    pub public_key: Vec<u8>,
    /// The seed, sealed.
    pub sealed_seed: Vec<u8>,
    /// When it was made.
    pub create_time: DateTime<Utc>,
}

impl StoredKey {
    /// The key as the schedule sees it.
    #[must_use]
    pub fn age(&self) -> KeyAge {
        KeyAge {
            generation: self.generation,
            create_time: self.create_time,
        }
    }
}

/// All keys, by ascending generation.
pub async fn list(tx: &mut Tx) -> Result<Vec<StoredKey>, Error> {
    Ok(store::fetch_all!(
        tx,
        StoredKey,
        "SELECT generation, kid, public_key, sealed_seed, create_time FROM signing_keys \
         ORDER BY generation"
    )?)
}

/// Adds a key, unless another replica made this generation already.
pub async fn insert(tx: &mut Tx, key: &StoredKey) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO signing_keys (generation, kid, public_key, sealed_seed, create_time) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        key.generation,
        key.kid.as_str(),
        key.public_key.as_slice(),
        key.sealed_seed.as_slice(),
        key.create_time
    )?;
    Ok(())
}

/// Replaces the sealed seed of a key.
pub async fn seal_anew(tx: &mut Tx, generation: i64, sealed_seed: &[u8]) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE signing_keys SET sealed_seed = $2 WHERE generation = $1",
        generation,
        sealed_seed
    )?;
    Ok(())
}

/// Forgets a key.
pub async fn delete(tx: &mut Tx, generation: i64) -> Result<(), Error> {
    store::execute!(
        tx,
        "DELETE FROM signing_keys WHERE generation = $1",
        generation
    )?;
    Ok(())
}
