//! Panics are told in the log, as everything else is: with the ids of what went wrong, and without what
//! looks like a secret.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

use crate::tasks::panic_message;

/// From now on, of the whole process.
pub(super) fn tell() {
    std::panic::set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    tracing::error!(
        panic = &*panic_message(panic.payload()),
        location = panic.location().map(tracing::field::display),
        backtrace = is_captured.then(|| tracing::field::display(&backtrace)),
        "a thread panicked"
    );
}
