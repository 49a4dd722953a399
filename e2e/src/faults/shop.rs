//! The shop that is under load: customers, products, and the doors by which they come.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use net::random::Random;

use crate::{
    Mesh, Rest,
    shop::{self, Customer},
};

const CUSTOMERS: usize = 8;
/// Products that never run out, and their units.
const PLENTY: (usize, i64) = (12, 10_000_000);
/// Products that do.
const SCARCE: (usize, i64) = (4, 60);

/// How often, out of a hundred, orders are paid by which token of the sandbox.
pub(super) type Purses = &'static [(usize, &'static str)];

/// As it usually is.
const USUAL: Purses = &[
    (58, "tok_ok"),
    (8, "tok_decline_insufficient"),
    (10, "tok_action_then_ok"),
    (5, "tok_timeout_then_ok"),
    (3, "tok_timeout_then_decline"),
    (4, "tok_500_once"),
    (2, "tok_slow"),
    (4, "tok_webhook_first"),
    (6, "tok_webhook_thrice"),
];

/// A shop that was opened for one run.
pub struct Shop {
    /// The edges, of which whoever balances the load may leave one out.
    pub(super) doors: Vec<Door>,
    pub(super) admin: Rest,
    pub(super) customers: Vec<Customer>,
    pub(super) plenty: Vec<String>,
    pub(super) scarce: Vec<String>,
    purses: Mutex<Purses>,
}

/// An edge.
pub(super) struct Door {
    pub(super) url: String,
    is_open: AtomicBool,
}

impl Shop {
    /// Opens a shop in a mesh.
    pub async fn open(mesh: &Mesh) -> Shop {
        let admin = mesh.admin().await.by_new_connections();
        let mut shop = Shop {
            doors: mesh.edges.iter().map(|url| Door::of(url)).collect(),
            admin,
            customers: Vec::new(),
            plenty: Vec::new(),
            scarce: Vec::new(),
            purses: Mutex::new(USUAL),
        };
        for _ in 0..CUSTOMERS {
            let customer = Customer::register(mesh).await;
            shop.customers.push(Customer {
                rest: customer.rest.by_new_connections(),
                ..customer
            });
        }
        for _ in 0..PLENTY.0 {
            let product = shop::product(&shop.admin, PLENTY.1).await;
            shop.plenty.push(product);
        }
        for _ in 0..SCARCE.0 {
            let product = shop::product(&shop.admin, SCARCE.1).await;
            shop.scarce.push(product);
        }
        shop
    }

    /// The edges in the order in which a client tries them.
    pub(super) fn doors(&self, random: &Random) -> Vec<&str> {
        let first = random.below(self.doors.len());
        let (before, after) = self.doors.split_at(first);
        let open = after.iter().chain(before).filter(|door| door.is_open());
        open.map(|door| door.url.as_str()).collect()
    }

    /// What customers pay with from now on; without any, as usual.
    pub(super) fn pay_with(&self, purses: Option<Purses>) {
        *self.purses.lock().unwrap_or_else(PoisonError::into_inner) = purses.unwrap_or(USUAL);
    }

    /// A token to pay with.
    pub(super) fn token(&self, random: &Random) -> &'static str {
        let purses = *self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        let mut below = random.below(purses.iter().map(|(share, _)| share).sum());
        for (share, token) in purses {
            if below < *share {
                return token;
            }
            below -= share;
        }
        "tok_ok"
    }

    /// Has clients go to an edge, or not.
    pub(super) fn open_door(&self, url: &str, is_open: bool) {
        for door in self.doors.iter().filter(|door| door.url == url) {
            door.is_open.store(is_open, Ordering::Relaxed);
        }
    }
}

impl Door {
    fn of(url: &str) -> Door {
        Door {
            url: url.to_owned(),
            is_open: AtomicBool::new(true),
        }
    }

    fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }
}
