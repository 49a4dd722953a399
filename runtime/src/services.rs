//! The services of the mesh, each said once. Ports, addresses, the members of `tradewind up`,
//! streams, manifests and the meshes of tests follow from this list.

/// A process of the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Its name, and that of its crate, its binary and its workload: `svc-orders`.
    pub name: &'static str,
    /// Where it serves if nothing else is said; its health and metrics are 1000 above.
    pub port: u16,
    /// What it is for.
    pub about: &'static str,
}

/// Callees before callers: in one process they are stopped in the reverse order.
pub const SERVICES: &[ServiceInfo] = &[
    service("svc-users", 4001, "accounts"),
    service("svc-auth", 4003, "sessions and tokens"),
    service("svc-catalog", 4004, "products and prices"),
    service("svc-inventory", 4006, "stock and reservations"),
    service("svc-shipping", 4007, "shipments"),
    service("svc-payments", 4008, "payments"),
    service("svc-orders", 4005, "orders"),
    service("svc-notify", 4011, "notifications"),
];

/// The public door, in front of the services.
pub const EDGE: ServiceInfo = service("edge", 8080, "REST, gRPC, gRPC-Web and Connect");

/// Signs tokens and knows the workloads' keys: the others prove themselves to it.
pub const AUTHORITY: &str = "svc-auth";

/// How far health and metrics are above a process' port.
const OPS: u16 = 1000;

const fn service(name: &'static str, port: u16, about: &'static str) -> ServiceInfo {
    ServiceInfo { name, port, about }
}

/// A process of the mesh by its name.
pub fn find(name: &str) -> Option<&'static ServiceInfo> {
    let mut all = SERVICES.iter().chain([&EDGE]);
    all.find(|service| service.name == name)
}

impl ServiceInfo {
    /// Its name without `svc-`, as in its contract's package, its flags and its events' subjects.
    pub fn short_name(&self) -> &'static str {
        self.name.trim_start_matches("svc-")
    }

    /// Where its health and metrics are.
    pub fn ops_port(&self) -> u16 {
        self.port + OPS
    }

    /// The variable that tells the others where it is: `SVC_ORDERS_URL`.
    pub fn url_variable(&self) -> String {
        format!("{}_URL", self.name.to_uppercase().replace('-', "_"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_services_share_a_name_or_a_port() {
        let all = || SERVICES.iter().chain([&EDGE]);
        let names: BTreeSet<_> = all().map(|service| service.name).collect();
        let ports: BTreeSet<_> = all().flat_map(|it| [it.port, it.ops_port()]).collect();
        assert_eq!(names.len(), SERVICES.len() + 1);
        assert_eq!(ports.len(), 2 * names.len(), "{ports:?}");
        assert!(find(AUTHORITY).is_some());
        assert_eq!(find("svc-nobody"), None);
    }
}
