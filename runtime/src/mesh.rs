//! Where the services of the mesh are.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use net::address::Address;

/// Addresses of services by name, shared by everything in a process.
#[derive(Clone, Debug, Default)]
pub struct Mesh(Arc<RwLock<HashMap<String, Address>>>);

impl Mesh {
    /// Says where a service is; channels that are made later go there.
    pub fn set(&self, service: &str, address: Address) {
        let mut map = self
            .0
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        map.insert(service.to_owned(), address);
    }

    /// Where a service is, if that is known.
    pub fn address(&self, service: &str) -> Option<Address> {
        let map = self
            .0
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        map.get(service).cloned()
    }
}
