//! The mesh while something breaks: mixed traffic of many clients through the edges, each request and
//! answer written down; a fault, its healing, and quiescence by condition; then everything that was
//! answered is held against what is there, by SQL and by the API.
//!
//! A fault is one declaration in [`kinds`]: its name, how it happens, how it is healed. docs/RELIABILITY.md
//! says what each of them shows.

mod answers;
mod delay;
pub mod fault;
pub mod history;
pub mod kinds;
pub mod load;
mod outsider;
pub mod proxy;
mod quiescence;
pub mod report;
mod rollout;
pub mod run;
pub mod shop;
pub mod stage;
mod versions;
pub mod ways;
