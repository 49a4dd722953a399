//! What a fault is.

use std::time::Duration;

use futures::future::BoxFuture;

use super::stage::Stage;

/// Something that happens to a mesh.
pub type Act = for<'a> fn(&'a mut Stage) -> BoxFuture<'a, ()>;

/// A fault: it happens, lasts, and is healed.
#[derive(Clone, Copy)]
pub struct Fault {
    /// A sentence, written as the name of a test.
    pub name: &'static str,
    /// What clients may notice of it.
    pub notice: Notice,
    /// How long it lasts; in a short run, less.
    pub lasts: Duration,
    /// It happens.
    pub inject: Act,
    /// It is over.
    pub heal: Act,
}

/// What clients may notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Requests may fail while it lasts.
    Failures,
    /// No request fails.
    Nothing,
    /// What was answered last may be lost.
    Losses,
}

/// Nothing is to be done.
pub(super) fn nothing(_: &mut Stage) -> BoxFuture<'_, ()> {
    Box::pin(std::future::ready(()))
}
