//! Who may connect to whom, by the NetworkPolicies as they are built: what the contract allows and
//! k8s/needs.yaml says, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    path::Path,
};

use e2e::process::binary;
use runtime::{
    contract::{Access, Contract},
    services::{AUTHORITY, EDGE, SERVICES, ServiceInfo},
};
use serde_json::{Value, json};

use super::{built, list, of_kind, pods, resources, run};

/// Where a connection begins or ends.
struct Place {
    name: String,
    /// Of pods; none of an address outside.
    namespace: Option<String>,
    labels: Value,
    address: Ipv4Addr,
}

/// Names from where and to where, protocol and port.
type Connection = (String, String, String, u64);

const POD: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 1);
/// Of the internet, and of a store that is kept outside (RFC 5737).
const OUTSIDE: [(&str, Ipv4Addr); 2] = [
    ("internet", Ipv4Addr::new(203, 0, 113, 9)),
    ("store", Ipv4Addr::new(192, 0, 2, 1)),
];
const NAMESPACES: [&str; 4] = ["kube-system", "monitoring", "ingress-nginx", "default"];
/// Ports that somebody has, and one that nobody has.
const PORTS: [u64; 10] = [53, 443, 465, 587, 4222, 4317, 5432, 6222, 6379, 7];
/// Of what is needed wherever it is on the internet: HTTPS, and servers that take mails.
const ANYWHERE: [u64; 3] = [443, 465, 587];

fn places(resources: &[Value]) -> Vec<Place> {
    let own = pods(resources).map(|(name, pod)| Place {
        name: name.to_owned(),
        namespace: Some("ours".to_owned()),
        labels: pod["metadata"]["labels"].clone(),
        address: POD,
    });
    let others = NAMESPACES.map(|name| Place {
        name: name.to_owned(),
        namespace: Some(name.to_owned()),
        labels: json!({}),
        address: POD,
    });
    let outside = OUTSIDE.map(|(name, address)| Place {
        name: name.to_owned(),
        namespace: None,
        labels: json!({}),
        address,
    });
    own.chain(others).chain(outside).collect()
}

/// A selector of labels.
fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector["matchLabels"].as_object();
    let mut wanted = wanted.into_iter().flatten();
    wanted.all(|(key, value)| labels[key] == *value)
        && list(&selector["matchExpressions"]).all(|it| {
            assert_eq!(it["operator"], "In", "other operators are not used");
            let key = it["key"].as_str().expect("a label is text");
            list(&it["values"]).any(|value| labels[key] == *value)
        })
}

fn is_in(address: Ipv4Addr, block: &str) -> bool {
    let (network, bits) = block.split_once('/').expect("it is a block of addresses");
    let network: Ipv4Addr = network.parse().expect("it is of IPv4");
    let bits: u32 = bits.parse().expect("it is a number");
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    u32::from(address) & mask == u32::from(network) & mask
}

/// Whether a rule's peer is this place.
fn is_peer(peer: &Value, place: &Place) -> bool {
    if let Some(block) = peer["ipBlock"].as_object() {
        let is_in = |it: &Value| is_in(place.address, it.as_str().expect("it is text"));
        let excepted = block.get("except").into_iter().flat_map(list);
        return is_in(&block["cidr"]) && !excepted.into_iter().any(is_in);
    }
    let Some(namespace) = &place.namespace else {
        return false;
    };
    let in_namespace = match &peer["namespaceSelector"] {
        Value::Null => namespace == "ours",
        selector => selects(selector, &json!({"kubernetes.io/metadata.name": namespace})),
    };
    let is_pod = match &peer["podSelector"] {
        Value::Null => true,
        selector => selects(selector, &place.labels),
    };
    in_namespace && is_pod
}

/// Whether the policies that a pod falls under let it have a connection with another place. One that
/// falls under none would be free.
fn lets(
    policies: &[&Value],
    pod: &Place,
    (kind, rules, peers): (&str, &str, &str),
    other: &Place,
    (protocol, port): (&str, u64),
) -> bool {
    let of_pod = policies
        .iter()
        .map(|policy| &policy["spec"])
        .filter(|spec| {
            list(&spec["policyTypes"]).any(|it| it == kind)
                && selects(&spec["podSelector"], &pod.labels)
        });
    let of_pod: Vec<_> = of_pod.collect();
    let is_open = |rule: &Value| {
        let any_port = rule["ports"].is_null();
        let is_port = |it: &Value| it["protocol"] == protocol && it["port"] == port;
        let any_peer = rule[peers].is_null();
        (any_port || list(&rule["ports"]).any(is_port))
            && (any_peer || list(&rule[peers]).any(|peer| is_peer(peer, other)))
    };
    of_pod.is_empty() || of_pod.iter().any(|spec| list(&spec[rules]).any(is_open))
}

fn allowed(resources: &[Value], besides: &str) -> BTreeSet<Connection> {
    let policies = of_kind(resources, "NetworkPolicy");
    let policies: Vec<_> = policies
        .filter(|it| it["metadata"]["name"] != besides)
        .collect();
    let places = places(resources);
    let ports = mesh()
        .flat_map(|it| [it.port, it.ops_port()])
        .map(u64::from);
    let ports: BTreeSet<_> = ports.chain(PORTS).collect();
    let is_ours = |place: &Place| place.namespace.as_deref() == Some("ours");
    let mut allowed = BTreeSet::new();
    let pairs = places
        .iter()
        .flat_map(|from| places.iter().map(move |to| (from, to)));
    for (from, to) in pairs.filter(|(from, to)| is_ours(from) || is_ours(to)) {
        for (protocol, port) in ports.iter().flat_map(|it| [("TCP", *it), ("UDP", *it)]) {
            let by = (protocol, port);
            let goes = !is_ours(from) || lets(&policies, from, ("Egress", "egress", "to"), to, by);
            let comes =
                !is_ours(to) || lets(&policies, to, ("Ingress", "ingress", "from"), from, by);
            if goes && comes {
                allowed.insert((
                    from.name.clone(),
                    to.name.clone(),
                    protocol.to_owned(),
                    port,
                ));
            }
        }
    }
    allowed
}

fn mesh() -> impl Iterator<Item = &'static ServiceInfo> {
    SERVICES.iter().chain([&EDGE])
}

/// Who calls whom: the edge what users may call, a workload what is allowed to it, and everybody who
/// signs the tokens.
fn calls() -> Vec<(&'static str, &'static ServiceInfo)> {
    let contract = Contract::tradewind();
    let mut calls = Vec::new();
    let is_called = |caller: &ServiceInfo, callee: &ServiceInfo| {
        let package = format!("tradewind.{}.v1.", callee.short_name());
        let mut methods = contract
            .methods()
            .filter(|it| it.name.starts_with(&package));
        methods.any(|method| match &method.access {
            Some(Access::Public) => caller.name == EDGE.name || callee.name == AUTHORITY,
            Some(Access::Alternatives {
                roles, workloads, ..
            }) => {
                let mut workloads = workloads.iter();
                (caller.name == EDGE.name && !roles.is_empty())
                    || workloads.any(|it| it == "*" || it == caller.name)
            }
            _ => false,
        })
    };
    for caller in mesh() {
        let callees = SERVICES.iter().filter(|callee| callee.name != caller.name);
        let callees = callees.filter(|callee| is_called(caller, callee));
        calls.extend(callees.map(|callee| (caller.name, callee)));
    }
    calls
}

fn needs() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../k8s/needs.yaml");
    let text = std::fs::read_to_string(file).expect("it is there");
    serde_saphyr::from_str(&text).expect("it is YAML")
}

/// What an overlay has to allow: the calls; stores, for programs that are told where one is; what
/// k8s/needs.yaml says besides; and what the component of NATS does.
fn expected(resources: &[Value]) -> BTreeSet<Connection> {
    let needs = needs();
    let places = places(resources);
    let tcp =
        |from: &str, to: &str, port: u64| (from.to_owned(), to.to_owned(), "TCP".to_owned(), port);
    let mut expected: BTreeSet<_> = calls()
        .into_iter()
        .map(|(caller, callee)| tcp(caller, callee.name, callee.port.into()))
        .collect();
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    for process in mesh() {
        let scraping = text(&needs["scraping"]);
        expected.insert(tcp(&scraping, process.name, process.ops_port().into()));
    }
    expected.insert(tcp(&text(&needs["ingress"]), EDGE.name, EDGE.port.into()));

    let mut wants: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for process in mesh() {
        let help = run(&binary(process.name), &["--help"]);
        let stores = [
            ("DATABASE_URL", "postgres"),
            ("NATS_URL", "nats"),
            ("REDIS_URL", "redis"),
        ];
        let stores = stores
            .into_iter()
            .filter(|(variable, _)| help.contains(&format!("[env: {variable}]")));
        let all = list(&needs["mesh"]).map(text);
        let own = stores.map(|(_, store)| store.to_owned()).chain(all);
        wants
            .entry(process.name.to_owned())
            .or_default()
            .extend(own);
    }
    for (name, besides) in needs["pods"].as_object().expect("they have names") {
        wants
            .entry(name.clone())
            .or_default()
            .extend(list(besides).map(text));
    }
    for (from, wanted) in &wants {
        for place in wanted.iter().map(|name| &needs["places"][name]) {
            for to in places.iter().filter(|it| is_meant(place, it)) {
                for port in list(&place["ports"]) {
                    let (protocol, port) = match port.as_u64() {
                        Some(port) => ("TCP", port),
                        None => ("UDP", port["udp"].as_u64().expect("it is a number")),
                    };
                    expected.insert((from.clone(), to.name.clone(), protocol.to_owned(), port));
                }
            }
        }
    }
    if of_kind(resources, "NetworkPolicy").any(|it| it["metadata"]["name"] == "nats-cluster") {
        expected.extend([tcp("nats", "nats", 6222), tcp("nats", "kube-system", 53)]);
        expected.insert((
            "nats".to_owned(),
            "kube-system".to_owned(),
            "UDP".to_owned(),
            53,
        ));
    }
    expected
}

/// Whether one of k8s/needs.yaml's places is this one. Where there are pods of it, it is not outside.
fn is_meant(place: &Value, it: &Place) -> bool {
    if let Some(namespace) = place["namespace"].as_str() {
        return it.namespace.as_deref() == Some(namespace);
    }
    let is_pod = it.namespace.as_deref() == Some("ours");
    match place["pods"].as_str() {
        Some(pods) if is_pod => it.name == pods,
        _ => {
            let outside = &place["outside"];
            outside.is_object() && is_peer(&json!({"ipBlock": outside}), it)
        }
    }
}

fn told(connections: &BTreeSet<Connection>, others: &BTreeSet<Connection>) -> Vec<String> {
    let more = connections.difference(others);
    more.map(|(from, to, protocol, port)| format!("{from} -> {to} {protocol} {port}"))
        .collect()
}

#[test]
fn nobody_connects_to_whom_the_contract_and_the_needs_do_not_name() {
    // Through a port of the nodes anybody comes to the edge in development; stores are in the cluster.
    for (overlay, besides) in [
        ("k8s/overlays/dev", "edge-node-port"),
        ("k8s/overlays/staging", ""),
        ("k8s/overlays/prod", ""),
    ] {
        let resources = resources(built(overlay));
        let (allowed, mut expected) = (allowed(&resources, besides), expected(&resources));
        if overlay == "k8s/overlays/dev" {
            expected.retain(|(_, to, _, port)| to != "store" || ANYWHERE.contains(port));
        }
        assert_eq!(
            told(&allowed, &expected),
            Vec::<String>::new(),
            "{overlay}: too much"
        );
        assert_eq!(
            told(&expected, &allowed),
            Vec::<String>::new(),
            "{overlay}: too little"
        );
    }
}

/// The picture in ARCHITECTURE.md, and what it does not show.
#[test]
fn a_service_that_is_taken_over_reaches_only_what_it_calls() {
    let allowed = allowed(&resources(built("k8s/overlays/prod")), "");
    let from = |name: &str| {
        let own = allowed.iter().filter(|(from, ..)| from == name);
        let places: BTreeSet<_> = own.map(|(_, to, ..)| to.as_str()).collect();
        places.into_iter().collect::<Vec<_>>()
    };
    let stores = ["kube-system", "monitoring", "nats", "store"];
    assert_eq!(from("svc-shipping"), [&stores[..], &["svc-auth"]].concat());
    assert_eq!(from("streams"), ["kube-system", "nats"]);
    assert!(from("svc-payments").contains(&"internet"));
    assert!(from("svc-notify").contains(&"internet"));
    assert!(!from("svc-orders").contains(&"internet"));
}
