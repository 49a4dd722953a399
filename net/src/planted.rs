//! Mistakes that a simulation plants, to see whether it finds them. Nothing can plant one in a build
//! without the feature `testing`, and what asks for them is compiled away.

/// Whether this mistake is made on this thread.
#[cfg(not(feature = "testing"))]
pub const fn is_planted(_: &str) -> bool {
    false
}

#[cfg(feature = "testing")]
pub use planting::{is_planted, plant};

#[cfg(feature = "testing")]
mod planting {
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// Whether this mistake is made on this thread.
    pub fn is_planted(mistake: &str) -> bool {
        PLANTED.get() == Some(mistake)
    }

    /// Has this thread make a mistake from now on, or none.
    pub fn plant(mistake: Option<&'static str>) {
        PLANTED.set(mistake);
    }
}
