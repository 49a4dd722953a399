//! The services of a mesh.

use runtime::services;

/// The services by name.
pub const SERVICES: [&str; services::SERVICES.len()] = {
    let mut names = [""; services::SERVICES.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = services::SERVICES[index].name;
        index += 1;
    }
    names
};
