//! Checks whether the histories of orders are those that were signed: docs/AUDIT.md says what that
//! proves.

mod config;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;
use store::{Database, Error};
use uuid::Uuid;

pub use crate::domain::history::{BadKey, Kind, PublicKey, SigningKey};
pub use config::AuditKey;

use crate::domain::history::{self, Expected};
use crate::store::audit::{self, History, PAGE_SIZE};

/// That an order's history had this hash at an event, signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The order.
    pub order_id: Uuid,
    /// Sequence number of the event: the order's version then.
    pub version: i64,
    /// SHA-256.
    pub hash: Vec<u8>,
    /// Ed25519.
    pub signature: Vec<u8>,
}

impl Head {
    /// Whether one of the keys signed it.
    #[must_use]
    pub fn is_signed_by(&self, keys: &[PublicKey]) -> bool {
        keys.iter()
            .any(|key| key.signed_head(self.order_id, self.version, &self.hash, &self.signature))
    }
}

/// The first thing that is wrong with an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The order.
    pub order_id: Uuid,
    /// Sequence number of the event; of the order itself if there is none.
    pub sequence: Option<i64>,
    /// What happened.
    pub kind: Kind,
    /// How that shows.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding {
            order_id,
            kind,
            what,
            ..
        } = self;
        match self.sequence {
            Some(sequence) => write!(f, "order {order_id}: event {sequence} {kind}: {what}"),
            None => write!(f, "order {order_id} {kind}: {what}"),
        }
    }
}

/// An order that was checked.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The order.
    pub order_id: Uuid,
    /// How many events it has.
    pub events: u64,
    /// Of these, that were given a hash after they were written: it attests what stood there then.
    pub adopted: u64,
    /// When the last of these was given its hash.
    pub last_adoption: Option<DateTime<Utc>>,
    /// Events whose personal data was erased.
    pub erased: u64,
    /// The end of its history, if nothing is wrong with it.
    pub head: Option<Head>,
    /// What is wrong first.
    pub finding: Option<Finding>,
}

/// Checks the orders of a database.
#[derive(Debug)]
pub struct Audit {
    database: Database,
    keys: Vec<PublicKey>,
    heads: BTreeMap<Uuid, Vec<(i64, Vec<u8>)>>,
    adopted_before: Option<i64>,
}

impl Audit {
    /// Of the database of svc-orders, whose histories one of the keys signed.
    #[must_use]
    pub fn new(database: Database, keys: Vec<PublicKey>) -> Audit {
        Audit {
            database,
            keys,
            heads: BTreeMap::new(),
            adopted_before: None,
        }
    }

    /// Holds the histories against heads that were kept elsewhere. They are believed.
    #[must_use]
    pub fn with_heads(mut self, heads: impl IntoIterator<Item = Head>) -> Audit {
        for head in heads {
            let of_order = self.heads.entry(head.order_id).or_default();
            of_order.push((head.version, head.hash));
        }
        self
    }

    /// No event was given its hash at this time or later.
    #[must_use]
    pub fn adopted_before(mut self, time: Option<DateTime<Utc>>) -> Audit {
        self.adopted_before = time.map(|time| time.timestamp_micros());
        self
    }

    /// How many orders there are.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn count(&self) -> Result<u64, Error> {
        let count = audit::count(&mut self.database.read().await?).await?;
        Ok(count.unsigned_abs())
    }

    /// Checks the next orders after one, or the first; none if there are no more.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn page(&self, after: Option<Uuid>) -> Result<Vec<Checked>, Error> {
        let (after, last) = (after.unwrap_or(Uuid::nil()), Uuid::max());
        let mut tx = self.database.read().await?;
        let page = audit::page(&mut tx, after, last).await?;
        drop(tx);
        let last = match page.last() {
            Some(end) if page.len() == PAGE_SIZE => end.order,
            _ => last,
        };
        Ok(self.check(after, last, &page))
    }

    /// Checks one order; none if there is no such.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn order(&self, id: Uuid) -> Result<Option<Checked>, Error> {
        let before = Uuid::from_u128(id.as_u128().saturating_sub(1));
        let mut tx = self.database.read().await?;
        let page = audit::page(&mut tx, before, id).await?;
        drop(tx);
        Ok(self.check(before, id, &page).pop())
    }

    /// Those of the page, and those between `after` and `last` that should be there.
    fn check(&self, after: Uuid, last: Uuid, page: &[History]) -> Vec<Checked> {
        let there: HashSet<_> = page.iter().map(|history| history.order).collect();
        let known = self.heads.keys().filter(|id| **id > after && **id <= last);
        let gone = known.filter(|id| !there.contains(id)).map(|id| Checked {
            order_id: *id,
            events: 0,
            adopted: 0,
            last_adoption: None,
            erased: 0,
            head: None,
            finding: Some(Finding {
                order_id: *id,
                sequence: None,
                kind: Kind::Removed,
                what: "nothing of it is there, and its history is known from elsewhere".into(),
            }),
        });
        let mut checked: Vec<_> = page.iter().map(|history| self.check_one(history)).collect();
        checked.extend(gone);
        checked.sort_by_key(|checked| checked.order_id);
        checked
    }

    fn check_one(&self, history: &History) -> Checked {
        let expected = Expected {
            keys: &self.keys,
            heads: self.heads.get(&history.order).map_or(&[], Vec::as_slice),
            adopted_before: self.adopted_before,
        };
        let events = &history.events;
        let fault = history::check(history.order, history.row.as_ref(), events, expected).err();
        let head = events.last().map(|last| Head {
            order_id: history.order,
            version: last.sequence,
            hash: last.hash.clone(),
            signature: last.signature.clone(),
        });
        let adoptions = || events.iter().filter_map(|event| event.adopt_time);
        Checked {
            order_id: history.order,
            events: events.len() as u64,
            adopted: adoptions().count() as u64,
            last_adoption: adoptions().max().and_then(DateTime::from_timestamp_micros),
            erased: events
                .iter()
                .filter(|event| event.erasure.is_some())
                .count() as u64,
            head: head.filter(|_| fault.is_none()),
            finding: fault.map(|fault| Finding {
                order_id: history.order,
                sequence: fault.sequence,
                kind: fault.kind,
                what: fault.what,
            }),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Edited => "was edited",
            Kind::Removed => "was removed",
            Kind::Inserted => "was inserted",
            Kind::EditedOrInserted => "was edited or inserted",
            Kind::Unchained => "is not chained",
            Kind::AdoptedLate => "was chained late",
            Kind::Impossible => "is impossible",
            Kind::OrderEdited => "is not as its history says",
        })
    }
}
