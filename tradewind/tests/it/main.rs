//! The program from outside: what it prints, and how it refuses.

mod first_start;
mod running;
mod trace;
mod verify;

use std::{
    net::TcpListener,
    process::{Command, Output},
};

use runtime::services::{SERVICES, ServiceInfo};

fn tradewind(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    Command::new(env!("CARGO_BIN_EXE_tradewind"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("tradewind is built")
}

/// The flags of everything that listens.
fn port_flags() -> impl Iterator<Item = String> {
    let services = SERVICES.iter().map(ServiceInfo::short_name);
    let names = ["edge", "ops"].into_iter().chain(services);
    names.map(|name| format!("--{name}-port"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_edge_without_tls_is_asked_where_no_authorities_are_known() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let edge = format!("http://{}", listener.local_addr().expect("it is bound"));
    drop(listener);
    let output = Command::new(env!("CARGO_BIN_EXE_tradewind"))
        .args(["token", "--edge", &edge, "--patience", "0"])
        .args(["--email", "ada@example.com", "--password", "correct horse"])
        .env_clear()
        .env("SSL_CERT_FILE", "/dev/null")
        .env("SSL_CERT_DIR", folder.path())
        .output()
        .expect("tradewind is built");
    let told = text(&output.stderr);
    assert!(told.contains("refused"), "{told}");
}

#[test]
fn routes_lists_what_rest_can_do() {
    let output = tradewind(&["routes"]);
    let lines = text(&output.stdout);
    let line = lines
        .lines()
        .find(|line| line.contains("OrdersService/CreateOrder"));
    let words: Vec<_> = line
        .expect("orders can be placed")
        .split_whitespace()
        .collect();
    assert_eq!(
        words,
        [
            "POST",
            "/v1/orders",
            "*",
            "tradewind.orders.v1.OrdersService/CreateOrder"
        ]
    );
}

#[test]
fn routes_tells_of_rules_that_cannot_be_served() {
    let mut set = tradewind(&["descriptors"]).stdout;
    let (path, wrong) = (b"/v1/orders/{order_id}", b"/v1/orders/{order_ix}");
    let at = set.windows(path.len()).position(|part| part == path);
    let at = at.expect("orders have a route");
    set[at..at + path.len()].copy_from_slice(wrong);
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    std::fs::write(file.path(), set).expect("it can be written");
    let output = tradewind(&[
        "routes",
        "--descriptor-set",
        &file.path().display().to_string(),
    ]);
    assert!(output.status.success());
    let told = text(&output.stderr);
    let parts = [
        "not served: tradewind/orders/v1/orders.proto: ",
        "tradewind.orders.v1.OrdersService.GetOrder: ",
        "order_ix",
    ];
    assert!(parts.iter().all(|part| told.contains(part)), "{told}");
    assert!(!text(&output.stdout).contains("order_ix"));
    assert_eq!(text(&tradewind(&["routes"]).stderr), "");
}

#[test]
fn policy_says_who_may_call_what() {
    let lines = text(&tradewind(&["policy"]).stdout);
    let of = |method: &str| {
        let line = lines
            .lines()
            .find(|line| line.split_whitespace().next() == Some(method));
        line.unwrap_or_else(|| panic!("{method} is missing"))
            .to_owned()
    };
    assert!(of("tradewind.auth.v1.AuthService/Login").contains("anybody"));
    assert!(of("tradewind.users.v1.UsersService/ListUsers").contains("role admin"));
    let commit = of("tradewind.inventory.v1.InventoryService/CommitReservation");
    assert!(
        commit.contains("workload svc-orders") && commit.contains("high"),
        "{commit}"
    );
}

#[test]
fn descriptors_are_those_of_the_contract() {
    assert_eq!(
        tradewind(&["descriptors"]).stdout,
        contracts::FILE_DESCRIPTOR_SET
    );
}

#[test]
fn the_openapi_document_names_the_servers_that_it_is_told() {
    let of = |arguments: &[&str]| {
        let output = tradewind(arguments).stdout;
        serde_json::from_slice::<serde_json::Value>(&output).expect("it is JSON")
    };
    let told = of(&["openapi", "--server", "https://shop.example.com"]);
    let servers = serde_json::json!([{ "url": "https://shop.example.com" }]);
    assert_eq!(told["servers"], servers);
    let mut otherwise = of(&["openapi"]);
    assert_eq!(otherwise["servers"][0]["url"], "/");
    otherwise["servers"] = servers;
    assert_eq!(otherwise, told);
}

#[test]
fn operations_are_called_as_their_methods() {
    let document = tradewind(&["openapi"]).stdout;
    let document: serde_json::Value = serde_json::from_slice(&document).expect("it is JSON");
    let items = document["paths"].as_object().expect("paths").values();
    let operations = items.flat_map(|item| item.as_object().expect("an item").values());
    let ids: Vec<_> = operations
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    assert!(ids.len() > 30, "{ids:?}");
    let contract = text(&tradewind(&["routes"]).stdout);
    for id in ids {
        // One that two services had in common would have the name of its service before it.
        let method = format!("/{}{}", id[..1].to_uppercase(), &id[1..]);
        let is_method = |line: &str| line.split_whitespace().any(|word| word.ends_with(&method));
        assert!(contract.lines().any(is_method), "{id}");
    }
}

#[test]
fn all_that_is_wrong_with_the_configuration_is_told_at_once() {
    let output = tradewind(&[
        "up",
        "--edge-port",
        "http",
        "--body-limit",
        "big",
        "--colour",
        "--cors-origins",
        "x y",
    ]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    for flag in ["--edge-port", "--body-limit", "--colour", "--cors-origins"] {
        assert!(told.contains(flag), "{flag}: {told}");
    }
}

#[test]
fn a_password_is_not_printed_when_its_neighbour_is_wrong() {
    let output = tradewind(&[
        "up",
        "--database-url",
        "mysql://ada:hunter2@db",
        "--edge-port",
        "http",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        !text(&output.stderr).contains("hunter2"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_the_flag_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let output = tradewind(&["up", "--ops-port", "0", "--edge-port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains(&port) && told.contains("--edge-port"),
        "{told}"
    );
}

#[test]
fn a_shop_that_is_not_there_is_an_error_of_one_line() {
    let nothing = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", nothing.local_addr().expect("it is bound"));
    drop(nothing);
    let output = tradewind(&[
        "seed",
        "--edge",
        &address,
        "--email",
        "a@example.com",
        "--password",
        "secret",
        "--patience",
        "0",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("refused") && told.lines().count() == 1,
        "{told}"
    );
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_client_without_an_account_is_told_how_to_give_one() {
    let output = tradewind(&["token"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("--email"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn help_shows_each_command_as_it_is_typed() {
    for command in [
        "up",
        "edge",
        "import",
        "seed",
        "status",
        "trace",
        "token",
        "remove-second-factor",
        "routes",
        "policy",
        "descriptors",
        "dead-letters",
        "verify",
    ] {
        let help = text(&tradewind(&[command, "--help"]).stdout);
        let usage = format!("Usage: tradewind {command}");
        assert!(help.contains(&usage), "{help}");
    }
}
