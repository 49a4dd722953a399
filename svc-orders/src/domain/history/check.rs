//! Whether a history is the one that was signed, and if not, which event is the first that is wrong.

use serde::Serialize;
use uuid::Uuid;

use super::{ERASED, PublicKey, Record, START, commitment};
use crate::domain::State;

/// Moved events are looked for at so many places.
const FARTHEST: i64 = 1_000;

/// An event as it stands in the database. Nothing in it is believed; what is missing is empty.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) sequence: i64,
    pub(crate) old_state: Option<String>,
    pub(crate) new_state: String,
    pub(crate) actor: String,
    pub(crate) reason: String,
    /// Microseconds since 1970.
    pub(crate) time: i64,
    pub(crate) adopt_time: Option<i64>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) commitment: Vec<u8>,
    pub(crate) previous: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) erasure: Option<Vec<u8>>,
}

/// An order as it stands in the database.
#[derive(Clone, Debug)]
pub(crate) struct OrderRow {
    pub(crate) state: String,
    pub(crate) version: i64,
}

/// What a history is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// Any of them may have signed.
    pub(crate) keys: &'a [PublicKey],
    /// Hashes that are known from elsewhere, by the sequence numbers of their events.
    pub(crate) heads: &'a [(i64, Vec<u8>)],
    /// No event was given its hash later than this, in microseconds since 1970.
    pub(crate) adopted_before: Option<i64>,
}

/// What is wrong first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Of which event; `None`: of the order.
    pub(crate) sequence: Option<i64>,
    pub(crate) kind: Kind,
    pub(crate) what: String,
}

/// What happened to an event or to its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// Something else stands there than what was signed.
    Edited,
    /// It is gone.
    Removed,
    /// It was never signed.
    Inserted,
    /// It is not what was signed, and whether anything was is not known.
    EditedOrInserted,
    /// It has no hash.
    Unchained,
    /// It was given its hash after the time when no event should need one.
    AdoptedLate,
    /// It is signed, and no step of an order leads there.
    Impossible,
    /// The order's row does not stand where its history ends.
    OrderEdited,
}

/// The first fault of the history of `order`, of which `row` is the order's own.
pub(crate) fn check(
    order: Uuid,
    row: Option<&OrderRow>,
    events: &[Row],
    expected: Expected<'_>,
) -> Result<(), Fault> {
    let check = Check {
        order,
        version: row.map(|row| row.version),
        events,
        expected,
    };
    let state = check.events()?;
    let end = events.len() as i64;
    let of_order = |kind, what: String| {
        Err(Fault {
            sequence: None,
            kind,
            what,
        })
    };
    let Some(row) = row else {
        return of_order(
            Kind::Removed,
            "its row is gone, and its events are there".into(),
        );
    };
    let known = expected.heads.iter().map(|(sequence, _)| *sequence).max();
    let last = known.unwrap_or(0).max(row.version);
    if last > end {
        let what = format!("it is not there, and {last} events are known of the order");
        return Err(Fault::of(end + 1, Kind::Removed, what));
    }
    if row.version < end {
        let what = format!(
            "its version is {}, and its history has {end} events",
            row.version
        );
        return of_order(Kind::OrderEdited, what);
    }
    if state.is_none_or(|state| state.as_str() != row.state) {
        let what = format!("it is {:?}, and by its history {}", row.state, name(state));
        return of_order(Kind::OrderEdited, what);
    }
    Ok(())
}

impl Fault {
    fn of(sequence: i64, kind: Kind, what: impl Into<String>) -> Fault {
        Fault {
            sequence: Some(sequence),
            kind,
            what: what.into(),
        }
    }
}

struct Check<'a> {
    order: Uuid,
    version: Option<i64>,
    events: &'a [Row],
    expected: Expected<'a>,
}

impl Check<'_> {
    /// Where the history leads.
    fn events(&self) -> Result<Option<State>, Fault> {
        let mut previous: &[u8] = &START;
        let mut state = None;
        for (row, sequence) in self.events.iter().zip(1..) {
            self.is_genuine(row, sequence)?;
            if row.previous != previous {
                let what = format!("event {sequence} was signed after another one");
                return Err(Fault::of((sequence - 1).max(1), Kind::Edited, what));
            }
            self.is_known(row)?;
            self.keeps_personal_data(row)?;
            state = Some(step(state, row)?);
            previous = &row.hash;
        }
        Ok(state)
    }

    /// Whether the row is what was signed as the event of this number.
    fn is_genuine(&self, row: &Row, sequence: i64) -> Result<(), Fault> {
        let fault = |kind, what: &str| Err(Fault::of(sequence, kind, what));
        if row.sequence < sequence {
            let what = "events count from 1";
            return Err(Fault::of(row.sequence, Kind::Inserted, what));
        }
        let elsewhere = || {
            let mut others = self.events.iter().filter(|other| other.sequence > sequence);
            others.find(|other| self.is_event(other, sequence))
        };
        if row.sequence > sequence {
            return match elsewhere() {
                Some(other) => {
                    let what = format!("it stands in the place of event {}", other.sequence);
                    fault(Kind::Edited, &what)
                }
                None => fault(Kind::Removed, "it is not there"),
            };
        }
        if row.hash.is_empty() {
            return fault(
                Kind::Unchained,
                "it has no hash: an older version wrote it, or its hash was taken away",
            );
        }
        if self.is_event(row, sequence) {
            return Ok(());
        }
        if let Some(other) = self.place(row).filter(|place| *place > sequence) {
            return match elsewhere() {
                Some(_) => {
                    let what = format!("event {other} stands in its place, and it in another");
                    fault(Kind::Edited, &what)
                }
                None => fault(Kind::Removed, "the next one stands in its place"),
            };
        }
        if self.is_signed(row, sequence) {
            return fault(
                Kind::Edited,
                "its states, times or links are not what was signed",
            );
        }
        if elsewhere().is_some() {
            let what = "it was never signed, and the one that was stands in the next place";
            return fault(Kind::Inserted, what);
        }
        if self.version.is_some_and(|version| version < sequence) {
            let what = "it was never signed, and the order does not count it";
            return fault(Kind::Inserted, what);
        }
        let next = self
            .events
            .iter()
            .find(|next| next.sequence == sequence + 1);
        match next.filter(|next| self.is_event(next, sequence + 1)) {
            Some(next) if next.previous == row.hash && self.hash(row, sequence) == row.hash => {
                fault(Kind::Edited, "its signature is not by the key")
            }
            Some(_) => fault(Kind::Edited, "the next one was signed after another one"),
            None => fault(Kind::EditedOrInserted, "it is not signed by the key"),
        }
    }

    /// Whether it is what is known from elsewhere.
    fn is_known(&self, row: &Row) -> Result<(), Fault> {
        let mut heads = self.expected.heads.iter();
        if heads.any(|(sequence, hash)| *sequence == row.sequence && *hash != row.hash) {
            let what = "its hash is not the one that is known from elsewhere";
            return Err(Fault::of(row.sequence, Kind::Edited, what));
        }
        match (row.adopt_time, self.expected.adopted_before) {
            (Some(adopted), Some(latest)) if adopted >= latest => {
                let what = "it was given its hash when no event should have needed one";
                Err(Fault::of(row.sequence, Kind::AdoptedLate, what))
            }
            _ => Ok(()),
        }
    }

    /// Whether actor and reason are what was committed to, or were erased by who may.
    fn keeps_personal_data(&self, row: &Row) -> Result<(), Fault> {
        let Row {
            sequence,
            hash,
            actor,
            reason,
            ..
        } = row;
        let kept = match (&row.salt, &row.erasure) {
            (Some(salt), None) => commitment(salt, actor, reason) == *row.commitment,
            (None, Some(signature)) => {
                let is_empty = actor == ERASED && reason.is_empty();
                let mut keys = self.expected.keys.iter();
                is_empty && keys.any(|it| it.signed_erasure(self.order, *sequence, hash, signature))
            }
            _ => false,
        };
        if kept {
            return Ok(());
        }
        let what = "its actor, reason or salt is not what was committed to";
        Err(Fault::of(*sequence, Kind::Edited, what))
    }

    /// Whether the row was signed as the event of this number, whatever it counts itself.
    fn is_event(&self, row: &Row, sequence: i64) -> bool {
        self.hash(row, sequence) == row.hash && self.is_signed(row, sequence)
    }

    fn is_signed(&self, row: &Row, sequence: i64) -> bool {
        let mut keys = self.expected.keys.iter();
        keys.any(|key| key.signed_head(self.order, sequence, &row.hash, &row.signature))
    }

    /// The number that the row was signed as.
    fn place(&self, row: &Row) -> Option<i64> {
        (1..=FARTHEST).find(|sequence| self.is_event(row, *sequence))
    }

    fn hash(&self, row: &Row, sequence: i64) -> Vec<u8> {
        let record = Record {
            order: self.order,
            sequence,
            old_state: row.old_state.as_deref(),
            new_state: &row.new_state,
            time: row.time,
            adopt_time: row.adopt_time,
        };
        record.hash(&row.commitment, &row.previous).to_vec()
    }
}

/// Where the event leads from `state`, by the table of an order's states.
fn step(state: Option<State>, row: &Row) -> Result<State, Fault> {
    let impossible = || {
        let from = row.old_state.as_deref().unwrap_or("nothing");
        let what = format!("no step leads from {from} to {} there", row.new_state);
        Fault::of(row.sequence, Kind::Impossible, what)
    };
    let to = State::try_from(row.new_state.clone()).map_err(|_| impossible())?;
    let follows = row.old_state.as_deref() == state.map(State::as_str);
    // What is heard of its money leaves an order where it stands.
    let leads = state.map_or(to == State::Pending, |from| from == to || from.leads_to(to));
    if follows && leads {
        Ok(to)
    } else {
        Err(impossible())
    }
}

fn name(state: Option<State>) -> &'static str {
    state.map_or("not there", State::as_str)
}
