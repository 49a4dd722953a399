//! Orders, and lists of one's own orders, beside each other.

use std::{collections::BTreeMap, thread, time::Duration};

use e2e::{Mesh, Setup, mesh::Kind};

use crate::{
    load::{self, Outcome, Pace},
    orders::Shop,
    tell,
};

/// What became of both kinds of requests.
pub(crate) struct Mixed {
    pub(crate) orders: Outcome,
    pub(crate) lists: Outcome,
}

impl Mixed {
    pub(crate) fn answers(&self) -> u64 {
        self.orders.answers + self.lists.answers
    }

    /// Successes per second.
    pub(crate) fn goodput(&self) -> f64 {
        self.orders.rate() + self.lists.rate()
    }
}

/// Separate processes with these variables, and a shop there in which this many have ordered and looked
/// for as long.
pub(crate) async fn started(
    name: &str,
    variables: &[(&'static str, &str)],
    connections: [usize; 2],
    length: Duration,
) -> (Mesh, Shop) {
    tell(&format!("starting separate processes, {name}"));
    let start = |setup: Setup, &(name, value): &_| setup.with(name, value);
    let mesh = Mesh::start(variables.iter().fold(Setup::new(Kind::Real), start)).await;
    let shop = Shop::open(&mesh).await;
    both(&shop, connections, [Pace::Closed; 2], length);
    (mesh, shop)
}

/// Orders from so many connections, and lists from so many others.
pub(crate) fn both(
    shop: &Shop,
    connections: [usize; 2],
    paces: [Pace; 2],
    length: Duration,
) -> Mixed {
    let (mut buyers, mut readers) = (shop.clients(connections[0]), shop.readers(connections[1]));
    let edge = shop.address();
    thread::scope(|scope| {
        let orders = scope.spawn(|| load::run(edge, &mut buyers, paces[0], length));
        let lists = load::run(edge, &mut readers, paces[1], length);
        let orders = orders.join().expect("clients take any answer");
        Mixed { orders, lists }
    })
}

/// Of what each program used, that of the mesh's own.
pub(crate) fn own(costs: &BTreeMap<String, f64>) -> f64 {
    let own = costs
        .iter()
        .filter(|(name, _)| *name == "edge" || name.starts_with("svc-"));
    own.map(|(_, micros)| micros).sum()
}
