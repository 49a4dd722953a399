//! A service is said once: in runtime's list. Whoever names one elsewhere has a reason, which stands
//! here. What `scripts/new-service` makes needs nothing else; new_service.rs tries it.

use std::{fs, path::Path, process::Command};

use regex::Regex;
use runtime::services::{AUTHORITY, SERVICES};

/// Where services are named by hand, from the root, and why. `*` stands for part of a path.
const PLACES: &[(&str, &str)] = &[
    (
        "svc-*",
        "itself, and those that it calls by their contracts",
    ),
    ("proto/tradewind/*", "which workloads may call a method"),
    (
        "k8s/*",
        "generated; and what a service consumes, in overlays/dev/rights",
    ),
    (
        "compose.yaml",
        "which secrets each has; containers.rs holds it against the list",
    ),
    ("ops/compose/*", "where Prometheus finds them; the same"),
    (
        "ops/cluster/check/*",
        "what is asked, stopped and moved in a cluster",
    ),
    (".github/*", "one whose image is tried"),
    ("runtime/src/services.rs", "the list"),
    ("tradewind/Cargo.toml", "what builds it is here"),
    ("tradewind/src/up/members.rs", "what builds it"),
    ("tradewind/src/verify*", "whose histories it checks"),
    ("Cargo.lock", "generated"),
    ("scripts/new-service", "what is copied"),
    ("*.md", "prose"),
    ("*/tests/*", "tests of what a certain service does"),
    ("*/tests.rs", "the same"),
    ("*/testbed.rs", "the same"),
    ("store/src/testing*", "the same"),
    ("e2e/src/invariants*", "what their databases must hold"),
    ("e2e/src/faults*", "which of them break"),
    ("e2e/src/bin/alerts/*", "the same"),
    ("e2e/src/workload.rs", "who sends mails"),
    ("e2e/src/provider.rs", "whose secret signs what it tells"),
    ("e2e/src/mesh/real.rs", "of which there are two"),
    ("e2e/src/bin/benchmarks/*", "what an order costs where"),
    ("sdk/*", "clients of their contracts"),
    ("scripts/stripe-shapes", "whose requests are judged"),
    (
        "e2e/Cargo.toml",
        "whose domains the model of the saga explores",
    ),
];

/// What signs tokens is a part of every process' identity.
const KNOW_THE_AUTHORITY: &[&str] = &[
    "runtime/src/*",
    "net/src/*",
    "edge/src/*",
    "tradewind/src/*",
    "ops/metrics.yaml",
    "ops/grafana/*",
];

#[test]
fn a_service_is_named_in_its_own_places_and_in_the_list() {
    let names = SERVICES.iter().map(|it| it.name.replace('-', "[-_]"));
    let names = Regex::new(&format!("(?i)({})", names.collect::<Vec<_>>().join("|")));
    let names = names.expect("it is a pattern");
    let mut wrong = Vec::new();
    for path in files() {
        if PLACES.iter().any(|(place, _)| fits(place, &path)) {
            continue;
        }
        let authority = KNOW_THE_AUTHORITY.iter().any(|place| fits(place, &path));
        // Files that are no text name nobody.
        let text = fs::read_to_string(root().join(&path)).unwrap_or_default();
        for (number, line) in code(&path, &text) {
            let found = names.find_iter(line).map(|found| found.as_str());
            let others = found.filter(|name| {
                let name = name.to_lowercase().replace('_', "-");
                !(authority && name == AUTHORITY)
            });
            wrong.extend(others.map(|name| format!("{path}:{number} names {name}")));
        }
    }
    assert!(
        wrong.is_empty(),
        "let it follow from runtime/src/services.rs, or say here why it cannot:\n{}",
        wrong.join("\n")
    );
}

/// The pages show the ports that the list has.
#[test]
fn the_pages_name_the_services_ports_as_the_list_does() {
    let port = Regex::new(r"localhost:(4\d{3})").expect("it is a pattern");
    for page in files().into_iter().filter(|path| path.ends_with(".md")) {
        let text = fs::read_to_string(root().join(&page)).expect("it is text");
        for found in port.captures_iter(&text) {
            let number: u16 = found[1].parse().expect("four digits");
            let listed = SERVICES.iter().any(|service| service.port == number);
            assert!(listed, "{page}: no service serves at {number}");
        }
    }
}

/// The lines of a file with their numbers, without comments and unit tests.
fn code<'a>(path: &str, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let comment = if path.ends_with(".rs") || path.ends_with(".ts") {
        "//"
    } else {
        "#"
    };
    let lines = text
        .lines()
        .take_while(|line| !line.contains("#[cfg(test)]"));
    lines
        .map(move |line| line.split(comment).next().unwrap_or_default())
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

/// Whether a path is what a pattern says, of which a `*` stands for anything.
fn fits(pattern: &str, path: &str) -> bool {
    let parts: Vec<_> = pattern.split('*').map(regex::escape).collect();
    Regex::new(&format!("^{}$", parts.join(".*"))).is_ok_and(|it| it.is_match(path))
}

/// The repository's files, from its root.
fn files() -> Vec<String> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root())
        .output();
    let names = output.expect("git runs").stdout;
    let names = String::from_utf8(names).expect("names are text");
    let there = names.lines().filter(|name| root().join(name).is_file());
    there.map(str::to_owned).collect()
}

fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().expect("the crate is in the repository")
}
