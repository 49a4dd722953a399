//! Who calls whom, as the contract allows it.

use std::collections::{BTreeMap, BTreeSet};

use runtime::{
    contract::{Access, Contract, Method},
    services::{AUTHORITY, EDGE},
};

use super::Workload;

/// Names of workloads.
pub(super) type Callers = BTreeSet<&'static str>;

/// For each service, the paths of its methods, and who may call them.
pub(super) struct Calls(BTreeMap<&'static str, BTreeMap<String, Callers>>);

impl Calls {
    pub(super) fn of(mesh: &[Workload]) -> Calls {
        let contract = Contract::tradewind();
        let names: Callers = mesh.iter().map(Workload::name).collect();
        let of_service = |service: &Workload| {
            let package = format!("/tradewind.{}.", service.info.short_name());
            let own = contract
                .methods()
                .filter(|method| method.path.starts_with(&package));
            let methods = own.map(|method| {
                let callers = callers(method, service.name(), &names);
                (method.path.to_string(), callers)
            });
            (service.name(), methods.collect())
        };
        Calls(mesh.iter().map(of_service).collect())
    }

    /// Who calls any method of a service.
    pub(super) fn callers(&self, service: &str) -> Callers {
        let methods = self.0.get(service).into_iter().flat_map(BTreeMap::values);
        methods.flatten().copied().collect()
    }

    /// The methods of a service, by who may call them.
    pub(super) fn by_callers(&self, service: &str) -> BTreeMap<Callers, Vec<&str>> {
        let mut sets = BTreeMap::<_, Vec<_>>::new();
        for (path, callers) in self.0.get(service).into_iter().flatten() {
            sets.entry(callers.clone()).or_default().push(path.as_str());
        }
        sets
    }
}

/// What users may call, the edge calls for them; who signs tokens is asked by everybody.
fn callers(method: &Method, service: &str, mesh: &Callers) -> Callers {
    let mut callers = match &method.access {
        Some(Access::Public) if service == AUTHORITY => mesh.clone(),
        Some(Access::Public) => Callers::from([EDGE.name]),
        Some(Access::Alternatives {
            roles, workloads, ..
        }) => {
            let is_named = |name: &&&str| {
                let is_it = |workload: &String| workload == "*" || workload == **name;
                workloads.iter().any(is_it) || (**name == EDGE.name && !roles.is_empty())
            };
            mesh.iter().filter(is_named).copied().collect()
        }
        Some(Access::AnyToken) | None => Callers::new(),
    };
    callers.remove(service);
    callers
}
