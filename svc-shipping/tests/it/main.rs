//! svc-shipping against both databases.

mod cancelling;
mod reading;
mod shipping;
mod warehouse;
