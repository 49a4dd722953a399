//! Canaries: secrets of each kind, no two of them the same, so that one which is found tells where it
//! was put.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What must not come out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    AccessToken,
    RefreshToken,
    Ticket,
    Link,
    Password,
    Email,
    Card,
    SigningSecret,
    PersonalToken,
}

impl Kind {
    pub(super) const ALL: [Kind; 9] = [
        Kind::AccessToken,
        Kind::RefreshToken,
        Kind::Ticket,
        Kind::Link,
        Kind::Password,
        Kind::Email,
        Kind::Card,
        Kind::SigningSecret,
        Kind::PersonalToken,
    ];
}

/// Where operators look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outlet {
    Log,
    AccessLog,
    Telemetry,
    Metrics,
    Commands,
}

impl Outlet {
    pub(super) const ALL: [Outlet; 5] = [
        Outlet::Log,
        Outlet::AccessLog,
        Outlet::Telemetry,
        Outlet::Metrics,
        Outlet::Commands,
    ];
}

pub(super) struct Canary {
    /// What it is, and where it was put.
    pub(super) name: String,
    /// What cannot be told from anything else by its form is found here: nobody wrote it down as a
    /// secret. It shows that the others would be found, too.
    pub(super) is_told_in: &'static [Outlet],
}

/// All canaries of a test.
pub(super) struct Flock {
    word: String,
    card: String,
    canaries: Mutex<Vec<Canary>>,
}

impl Flock {
    pub(super) fn new() -> Flock {
        let random = uuid::Uuid::now_v7().as_u128();
        Flock {
            word: format!("canary{:08x}n", random & 0xffff_ffff),
            card: format!("4{:09}", random % 1_000_000_000),
            canaries: Mutex::default(),
        }
    }

    /// A new one that is nowhere to be found.
    pub(super) fn secret(&self, kind: Kind, place: &str) -> String {
        self.canary(kind, place, &[])
    }

    /// A new one in a place for anything, where a word that could be a password is told.
    pub(super) fn text(&self, kind: Kind, place: &str, told_in: &'static [Outlet]) -> String {
        self.canary(
            kind,
            place,
            if kind == Kind::Password { told_in } else { &[] },
        )
    }

    fn canary(&self, kind: Kind, place: &str, is_told_in: &'static [Outlet]) -> String {
        let mut canaries = self.lock();
        let number = canaries.len();
        canaries.push(Canary {
            name: format!("{kind:?} in {place}"),
            is_told_in,
        });
        let word = format!("{}{number:05}", self.word);
        match kind {
            Kind::AccessToken => format!("eyJhbGciOiJFZERTQSJ9.eyJzdWIi{word}.{word}"),
            Kind::RefreshToken => format!("AZ8aQ{word}{}", "bK3_xT9Zq".repeat(6)),
            Kind::Ticket => format!("Zq7{word}bK3_xT9Zq_bK3_xT9ZqA"),
            Kind::Link => format!("Zq7{word}{}", &"bK3_xT9Zq".repeat(3)[..20]),
            Kind::Password => word,
            Kind::Email => format!("{word}@example.org"),
            Kind::Card => with_check_digit(format!("{}{number:05}", self.card)),
            Kind::SigningSecret => format!("whsec_{word}"),
            Kind::PersonalToken => format!("twp_{word}"),
        }
    }

    /// Those that a text holds.
    pub(super) fn found_in(&self, text: &str) -> BTreeSet<usize> {
        let after = |prefix: &str| {
            let ends = text
                .match_indices(prefix)
                .map(|(at, found)| at + found.len());
            let digits = ends.filter_map(|end| text.get(end..end + 5)?.parse().ok());
            digits.collect::<BTreeSet<usize>>()
        };
        &after(&self.word) | &after(&self.card)
    }

    pub(super) fn all(self) -> Vec<Canary> {
        self.canaries
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Canary>> {
        self.canaries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By ISO/IEC 7812-1, annex B (Luhn), as numbers of payment cards have it.
fn with_check_digit(digits: String) -> String {
    let weighed = digits.bytes().rev().enumerate().map(|(place, digit)| {
        let digit = u32::from(digit - b'0');
        match place % 2 {
            0 => digit * 2 / 10 + digit * 2 % 10,
            _ => digit,
        }
    });
    let check = (10 - weighed.sum::<u32>() % 10) % 10;
    digits + &check.to_string()
}
