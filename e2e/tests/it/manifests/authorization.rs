//! Who may call which method, as service meshes are told.

use std::collections::{BTreeMap, BTreeSet};

use runtime::contract::Contract;
use serde_json::{Value, json};

use super::{built, list, named, of_kind, resources};

/// For each path, who may call it.
type Callers = BTreeMap<String, BTreeSet<String>>;

fn texts(values: &Value) -> BTreeSet<String> {
    let text = |it: &Value| it.as_str().expect("it is text").to_owned();
    list(values).map(text).collect()
}

/// What Linkerd allows: of each route that somebody is authorized for, those who are.
fn linkerd() -> Callers {
    let resources = resources(built("k8s/overlays/linkerd"));
    let mut callers = Callers::new();
    for policy in of_kind(&resources, "AuthorizationPolicy") {
        let target = &policy["spec"]["targetRef"];
        let route = named(&resources, "HTTPRoute", &target["name"]);
        let server = &route["spec"]["parentRefs"][0]["name"];
        let server = named(&resources, "Server", server);
        assert_eq!(
            server["spec"]["accessPolicy"], "deny",
            "what no route allows"
        );
        let required = &policy["spec"]["requiredAuthenticationRefs"];
        assert_eq!(list(required).count(), 1, "all would have to hold");
        let proof = named(&resources, "MeshTLSAuthentication", &required[0]["name"]);
        let names = list(&proof["spec"]["identityRefs"]).map(|it| it["name"].clone());
        let names = texts(&names.collect());
        let matched = list(&route["spec"]["rules"]).flat_map(|rule| list(&rule["matches"]));
        for path in matched.map(|it| &it["path"]) {
            let name = match path["type"] == "Exact" {
                true => path["value"].as_str().expect("it is text").to_owned(),
                false => format!("{}{}", server["metadata"]["name"], path["value"]),
            };
            let other = callers.insert(name.clone(), names.clone());
            assert!(other.is_none(), "{name} is in two routes");
        }
    }
    callers
}

/// What Istio allows.
fn istio() -> Callers {
    let resources = resources(built("k8s/overlays/istio"));
    let mut callers = Callers::new();
    for policy in of_kind(&resources, "AuthorizationPolicy") {
        assert_eq!(policy["spec"]["action"], "ALLOW");
        for rule in list(&policy["spec"]["rules"]) {
            let accounts = texts(&rule["from"][0]["source"]["serviceAccounts"]);
            for path in texts(&rule["to"][0]["operation"]["paths"]) {
                let name = match path.strip_suffix('*') {
                    None => path,
                    Some(prefix) => format!("{}{}", policy["metadata"]["name"], json!(prefix)),
                };
                let other = callers.insert(name.clone(), accounts.clone());
                assert!(other.is_none(), "{name} is in two rules");
            }
        }
    }
    callers
}

#[test]
fn both_meshes_allow_the_same_and_know_all_methods() {
    let (linkerd, istio) = (linkerd(), istio());
    assert_eq!(linkerd, istio);
    let contract = Contract::tradewind();
    let own = contract
        .methods()
        .filter(|it| it.path.starts_with("/tradewind."));
    let unknown: Vec<_> = own.filter(|it| !linkerd.contains_key(&*it.path)).collect();
    assert!(unknown.is_empty(), "nobody may call {unknown:?}");
}

#[test]
fn a_method_is_open_to_whom_the_contract_names() {
    let linkerd = linkerd();
    let callers = |path: &str| {
        let names = linkerd
            .get(&format!("/tradewind.{path}"))
            .expect("it is known");
        names.iter().map(String::as_str).collect::<Vec<_>>()
    };
    assert_eq!(
        callers("inventory.v1.InventoryService/ReserveStock"),
        ["svc-orders"]
    );
    assert_eq!(
        callers("inventory.v1.InventoryService/AdjustStock"),
        ["edge"]
    );
    assert_eq!(
        callers("users.v1.UsersService/GetAccount"),
        ["svc-auth", "svc-orders"]
    );
    assert_eq!(
        callers("payments.v1.PaymentsService/RefundPayment"),
        ["edge", "svc-orders"]
    );
    let everybody = callers("auth.v1.AuthService/IssueWorkloadToken");
    assert!(everybody.contains(&"edge") && everybody.contains(&"svc-shipping"));
}
