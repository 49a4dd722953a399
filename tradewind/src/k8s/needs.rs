//! k8s/needs.yaml: what the mesh needs beside the calls that its contract allows.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Workload;

/// All of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Needs {
    /// Where pods may go, by name.
    places: BTreeMap<String, Place>,
    /// What every process of the mesh needs.
    mesh: Vec<String>,
    /// What some pods need besides.
    pods: BTreeMap<String, Vec<String>>,
    /// The namespace whose pods read all metrics.
    pub(super) scraping: String,
    /// The namespace whose pods let users in.
    pub(super) ingress: String,
    /// The names under which they reach the edge.
    pub(super) hosts: Vec<String>,
    replicas: Sizes<Replicas>,
    /// Those of staging and production.
    #[serde(rename = "production-replicas")]
    production_replicas: Sizes<Replicas>,
    resources: Sizes<Value>,
}

/// Pods of the mesh's own namespace or of another, or addresses outside of the cluster.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    namespace: Option<String>,
    /// Their name (`app.kubernetes.io/name`), if not all of the namespace are meant.
    pods: Option<String>,
    /// Where it is, if it is no pod; of pods, where it is if they are not there.
    outside: Option<Addresses>,
    ports: Vec<Port>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addresses {
    cidr: String,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Port {
    Tcp(u16),
    Udp { udp: u16 },
}

/// How many there are, at the least and at the most.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct Replicas(pub(super) u16, pub(super) u16);

/// A size for all, and for some another.
#[derive(Deserialize)]
struct Sizes<T> {
    default: T,
    #[serde(flatten)]
    of: BTreeMap<String, T>,
}

impl<T> Sizes<T> {
    fn of(&self, name: &str) -> &T {
        self.of.get(name).unwrap_or(&self.default)
    }
}

impl Needs {
    pub(super) fn read(file: &Path) -> Result<Needs> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let needs: Needs =
            serde_saphyr::from_str(&text).with_context(|| file.display().to_string())?;
        let named = needs.mesh.iter().chain(needs.pods.values().flatten());
        for name in named {
            let is_known = needs.places.contains_key(name);
            ensure!(is_known, "{}: there is no place {name}", file.display());
        }
        Ok(needs)
    }

    pub(super) fn places(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.places
            .iter()
            .map(|(name, place)| (name.as_str(), place))
    }

    /// Where a process of the mesh has to go: where all do, to its stores, and where only it does.
    pub(super) fn of(&self, workload: &Workload) -> Vec<&Place> {
        let stores = workload.stores().map(str::to_owned);
        let own = self.pods.get(workload.name()).into_iter().flatten();
        let names: Vec<_> = self.mesh.iter().chain(own).cloned().chain(stores).collect();
        names
            .iter()
            .filter_map(|name| self.places.get(name))
            .collect()
    }

    /// Pods that are no process of the mesh, and where they have to go.
    pub(super) fn others<'a>(
        &'a self,
        mesh: &'a [Workload],
    ) -> impl Iterator<Item = (&'a str, Vec<&'a Place>)> {
        let is_other = move |name: &str| mesh.iter().all(|it| it.name() != name);
        let others = self.pods.iter().filter(move |(name, _)| is_other(name));
        others.map(|(name, places)| {
            let places = places.iter().filter_map(|place| self.places.get(place));
            (name.as_str(), places.collect())
        })
    }

    /// Who has to go to the pods of this name, but for those who call them.
    pub(super) fn guests<'a>(&'a self, pods: &str, mesh: &'a [Workload]) -> Vec<&'a str> {
        let is_there = |places: &[&Place]| {
            let mut places = places.iter();
            places.any(|place| place.namespace.is_none() && place.pods.as_deref() == Some(pods))
        };
        let of_mesh = mesh.iter().map(|it| (it.name(), self.of(it)));
        let all = of_mesh.chain(self.others(mesh));
        all.filter(|(name, places)| *name != pods && is_there(places))
            .map(|(name, _)| name)
            .collect()
    }

    pub(super) fn replicas(&self, name: &str) -> Replicas {
        *self.replicas.of(name)
    }

    pub(super) fn production_replicas(&self, name: &str) -> Replicas {
        *self.production_replicas.of(name)
    }

    pub(super) fn resources(&self, name: &str) -> &Value {
        self.resources.of(name)
    }
}

impl Place {
    /// The name of these pods, if they are of the mesh's own namespace.
    pub(super) fn own_pods(&self) -> Option<&str> {
        let is_own = self.namespace.is_none();
        self.pods.as_deref().filter(|_| is_own)
    }

    /// A rule of a NetworkPolicy that lets go there.
    pub(super) fn way(&self) -> Value {
        let mut peer = json!({});
        if let Some(namespace) = &self.namespace {
            peer["namespaceSelector"] = in_namespace(namespace);
        }
        if let Some(pods) = &self.pods {
            peer["podSelector"] = called(pods);
        }
        match (&self.outside, peer == json!({})) {
            (Some(addresses), true) => addresses.way(&self.ports()),
            _ => json!({"to": [peer], "ports": self.ports()}),
        }
    }

    /// The same where the pods are not in the cluster.
    pub(super) fn way_outside(&self) -> Option<Value> {
        let outside = self.outside.as_ref().filter(|_| self.pods.is_some())?;
        Some(outside.way(&self.ports()))
    }

    pub(super) fn ports(&self) -> Value {
        self.ports.iter().map(|port| port.rule()).collect()
    }
}

impl Addresses {
    fn way(&self, ports: &Value) -> Value {
        let mut block = json!({"cidr": self.cidr});
        if !self.except.is_empty() {
            block["except"] = json!(self.except);
        }
        json!({"to": [{"ipBlock": block}], "ports": ports})
    }
}

impl Port {
    fn rule(self) -> Value {
        match self {
            Port::Tcp(port) => tcp(port),
            Port::Udp { udp } => json!({"protocol": "UDP", "port": udp}),
        }
    }
}

pub(super) fn tcp(port: u16) -> Value {
    json!({"protocol": "TCP", "port": port})
}

/// Selects pods by their name.
pub(super) fn called(name: &str) -> Value {
    json!({"matchLabels": {"app.kubernetes.io/name": name}})
}

/// Selects a namespace by its name.
pub(super) fn in_namespace(name: &str) -> Value {
    json!({"matchLabels": {"kubernetes.io/metadata.name": name}})
}
