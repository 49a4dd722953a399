//! Breadth first over all states, so that the first trace found is a shortest one.

use std::collections::{HashMap, VecDeque};

use super::world::{Rules, World};
use super::{Budget, invariants, steps};

pub(super) enum Verdict {
    Holds {
        states: usize,
        ends: usize,
    },
    Broken {
        why: &'static str,
        trace: Vec<String>,
    },
}

/// Goes everywhere.
pub(super) fn explore(rules: &Rules, budget: Budget) -> Verdict {
    let start = World::new(budget);
    let mut ids = HashMap::from([(start.key(), 0)]);
    let mut from: Vec<(usize, String)> = vec![(0, String::new())];
    let mut back: Vec<Vec<usize>> = vec![Vec::new()];
    let mut ends = Vec::new();
    let mut queue = VecDeque::from([(0, start)]);
    while let Some((id, world)) = queue.pop_front() {
        if let Some(why) = invariants::always(&world, budget) {
            let trace = trace(&from, id);
            return Verdict::Broken { why, trace };
        }
        let mut is_quiet = true;
        for (what, next) in steps::next(&world, rules) {
            let key = next.key();
            let known = ids.get(&key).copied();
            let to = known.unwrap_or(from.len());
            if to == id {
                continue;
            }
            // What only faults can move is at rest.
            is_quiet &= next.faults < world.faults || next.lapses < world.lapses;
            if known.is_none() {
                ids.insert(key, to);
                from.push((id, what));
                back.push(Vec::new());
                queue.push_back((to, next));
            }
            back[to].push(id);
        }
        if is_quiet {
            if let Some(why) = invariants::finally(&world) {
                let trace = trace(&from, id);
                return Verdict::Broken { why, trace };
            }
            ends.push(id);
        }
    }
    match without_an_end(&back, &ends) {
        Some(id) => Verdict::Broken {
            why: "no way to an end",
            trace: trace(&from, id),
        },
        None => Verdict::Holds {
            states: from.len(),
            ends: ends.len(),
        },
    }
}

/// A state from which no end is reached.
fn without_an_end(back: &[Vec<usize>], ends: &[usize]) -> Option<usize> {
    let mut reaches = vec![false; back.len()];
    let mut queue: Vec<usize> = ends.to_vec();
    while let Some(id) = queue.pop() {
        if !std::mem::replace(&mut reaches[id], true) {
            queue.extend(&back[id]);
        }
    }
    reaches.iter().position(|reaches| !reaches)
}

fn trace(from: &[(usize, String)], mut id: usize) -> Vec<String> {
    let mut trace = VecDeque::new();
    while id != 0 {
        let (before, what) = &from[id];
        trace.push_front(what.clone());
        id = *before;
    }
    trace.into()
}
