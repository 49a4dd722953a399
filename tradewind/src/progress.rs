//! How far a command is, for whoever looks on at a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many steps, on standard error.
pub(crate) fn progress(what: &'static str, steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:10} {wide_bar} {pos:>5}/{len} {eta:>4}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(steps as u64)
        .with_style(style)
        .with_message(what)
}
