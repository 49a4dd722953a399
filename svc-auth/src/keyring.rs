//! The keys that sign tokens: in the database, shared by all replicas, and in memory.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use net::StartError;
use net::clock::Clock;
use net::random::Random;
use runtime::identity::{Identity, Jwk, Signer};
use runtime::node::Node;
use runtime::seal::{EncryptionKey, EncryptionKeys};
use store::{Database, Tx};

use crate::domain::keys::{KeyAge, Plan, Schedule};
use crate::error::Error;
use crate::store::signing_key::{self, StoredKey};

/// The signing keys.
pub(crate) struct Keyring {
    db: Database,
    keys: EncryptionKeys,
    schedule: Schedule,
    identity: Identity,
    clock: Clock,
    random: Random,
    current: ArcSwap<Keys>,
}

/// The keys that hold now.
struct Keys {
    signer: Signer,
    published: Vec<Jwk>,
}

impl Keyring {
    /// Reads the keys, makes the first if there is none, and has this process sign and verify
    /// with them.
    ///
    /// # Errors
    /// When the database fails, or the keys were sealed under another key.
    pub(crate) async fn open(
        db: &Database,
        keys: EncryptionKeys,
        schedule: Schedule,
        node: &Node,
    ) -> Result<Self, StartError> {
        let (clock, random) = (node.clock.clone(), node.random.clone());
        let opened = async {
            seal_anew(db, &keys, &random).await?;
            round(db, &keys, schedule, clock.now(), &random).await
        };
        let current = opened.await.map_err(|error| {
            StartError::other(format!("the signing keys cannot be read: {error}"))
        })?;
        let keyring = Self {
            db: db.clone(),
            keys,
            schedule,
            identity: node.identity.clone(),
            clock,
            random,
            current: ArcSwap::from_pointee(current),
        };
        keyring.install().map_err(StartError::other)?;
        Ok(keyring)
    }

    /// The key that signs now.
    #[must_use]
    pub(crate) fn signer(&self) -> Signer {
        self.current.load().signer.clone()
    }

    /// The public keys that verify what holds now.
    #[must_use]
    pub(crate) fn published(&self) -> Vec<Jwk> {
        self.current.load().published.clone()
    }

    /// Makes and forgets keys that are due, and takes over what other replicas made.
    ///
    /// # Errors
    /// When the database fails, or a key was sealed under another key.
    pub(crate) async fn turn(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let keys = round(&self.db, &self.keys, self.schedule, now, &self.random).await?;
        self.current.store(Arc::new(keys));
        self.install()
    }

    /// This process's own token is signed anew each time: timers stand still while a machine
    /// sleeps, tokens do not.
    fn install(&self) -> Result<(), Error> {
        let keys = self.current.load();
        self.identity
            .install_keys(&keys.published)
            .map_err(|error| store::Error::unreadable("signing key", error))?;
        self.identity.set_own_signer(keys.signer.clone());
        Ok(())
    }
}

/// One look at the database: makes what is due, forgets what is over, reads the rest.
async fn round(
    db: &Database,
    keys: &EncryptionKeys,
    schedule: Schedule,
    now: DateTime<Utc>,
    random: &Random,
) -> Result<Keys, Error> {
    let mut stored = signing_key::list(&mut db.read().await?).await?;
    let mut plan = plan(schedule, &stored, now);
    if plan.make.is_some() || !plan.forget.is_empty() {
        let mut tx = db.begin().await?;
        carry_out(&mut tx, &keys.current, &plan, now, random).await?;
        tx.commit().await?;
        // Another replica may have been faster: what is in the database holds.
        stored = signing_key::list(&mut db.read().await?).await?;
        plan = self::plan(schedule, &stored, now);
    }
    let signs = stored
        .iter()
        .find(|stored| Some(stored.generation) == plan.signs)
        .ok_or_else(|| store::Error::unreadable("signing key", "that signs"))?;
    Ok(Keys {
        signer: open(keys, signs)?,
        published: stored.iter().map(jwk).collect(),
    })
}

fn plan(schedule: Schedule, stored: &[StoredKey], now: DateTime<Utc>) -> Plan {
    let ages: Vec<KeyAge> = stored.iter().map(StoredKey::age).collect();
    schedule.plan(&ages, now)
}

async fn carry_out(
    tx: &mut Tx,
    key: &EncryptionKey,
    plan: &Plan,
    now: DateTime<Utc>,
    random: &Random,
) -> Result<(), Error> {
    for generation in &plan.forget {
        signing_key::delete(tx, *generation).await?;
    }
    if let Some(generation) = plan.make {
        signing_key::insert(tx, &make(key, generation, now, random)).await?;
        tracing::info!(key.generation = generation, "made a signing key");
    }
    Ok(())
}

fn make(key: &EncryptionKey, generation: i64, now: DateTime<Utc>, random: &Random) -> StoredKey {
    let seed: [u8; 32] = random.bytes();
    let public_key = URL_SAFE_NO_PAD
        .decode(Signer::from_seed("", &seed).jwk().x)
        .expect("x of a JSON Web Key is base64url (RFC 8037, section 2)");
    // Named after the key itself, so that two keys never share a name.
    let kid = URL_SAFE_NO_PAD.encode(&digest(&SHA256, &public_key).as_ref()[..12]);
    let sealed_seed = key.seal(&kid, &seed, random);
    StoredKey {
        generation,
        kid,
        public_key,
        sealed_seed,
        create_time: now,
    }
}

fn jwk(stored: &StoredKey) -> Jwk {
    Jwk {
        kty: "OKP".into(),
        crv: "Ed25519".into(),
        x: URL_SAFE_NO_PAD.encode(&stored.public_key),
        kid: stored.kid.clone(),
        r#use: "sig".into(),
        alg: "EdDSA".into(),
    }
}

/// Puts the seeds that the previous key sealed under the current one.
async fn seal_anew(db: &Database, keys: &EncryptionKeys, random: &Random) -> Result<(), Error> {
    let Some(previous) = &keys.previous else {
        return Ok(());
    };
    let mut tx = db.begin().await?;
    for stored in signing_key::list(&mut tx).await? {
        if let Ok(seed) = previous.open(&stored.kid, &stored.sealed_seed) {
            let sealed = keys.current.seal(&stored.kid, &seed, random);
            signing_key::seal_anew(&mut tx, stored.generation, &sealed).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

fn open(keys: &EncryptionKeys, stored: &StoredKey) -> Result<Signer, Error> {
    let open = |key: &EncryptionKey| key.open(&stored.kid, &stored.sealed_seed);
    let previous = |error| keys.previous.as_ref().map_or(Err(error), open);
    let seed = open(&keys.current).or_else(previous).map_err(|error| {
        store::Error::unreadable(&format!("signing key {}:", stored.kid), error)
    })?;
    let seed: [u8; 32] = seed
        .try_into()
        .map_err(|_| store::Error::unreadable("seed of the signing key", &stored.kid))?;
    Ok(Signer::from_seed(&stored.kid, &seed))
}
