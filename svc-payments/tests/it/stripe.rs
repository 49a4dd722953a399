//! Payments at Stripe, which a double plays.

mod actions;
mod bed;
mod captures;
mod double;
mod events;
mod holds;
mod others;
mod refunds;
