//! A configuration of which a process with several services sets the stores itself.

use crate::{CacheConfig, DatabaseConfig};

/// Where a service's configuration says what it keeps its data in.
pub trait Stored {
    /// Its database.
    fn database(&mut self) -> &mut DatabaseConfig;

    /// Its cache, if it has one.
    fn cache(&mut self) -> Option<&mut CacheConfig> {
        None
    }
}
