//! What runs in containers: how a process is asked how it is and told its secrets, and compose.yaml.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
    time::Duration,
};

use e2e::{
    condition::eventually,
    ports::free_port,
    process::{Process, binary},
};
use regex::Regex;
use runtime::services::{EDGE, SERVICES};
use serde_json::{Value, json};

fn repository() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().expect("the crate is in the repository")
}

fn read(path: &str) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a program of ours prints; it gets these variables alone.
fn run(name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary(name));
    command.args(arguments).env_clear();
    command.envs(variables.iter().copied());
    command.output().expect("it is built")
}

#[tokio::test]
async fn a_container_asks_its_process_how_it_is_and_hands_it_secrets_in_files() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("the folder can be written");
        path.display().to_string()
    };
    let database = format!("sqlite:{}\n", folder.path().join("auth.db").display());
    let nowhere = format!("nats://127.0.0.1:{}\n", free_port());
    let ops = format!("127.0.0.1:{}", free_port());
    let variables = [
        ("LISTEN", format!("127.0.0.1:{}", free_port())),
        ("OPS_LISTEN", ops.clone()),
        ("DATABASE_URL_FILE", file("database-url", &database)),
        ("NATS_URL_FILE", file("nats-url", &nowhere)),
        (
            "SIGNING_KEY_ENCRYPTION_KEY_FILE",
            file("key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ),
    ];
    let log = folder.path().join("log");
    let none: [&str; 0] = [];
    let mut process = Process::start("svc-auth", &binary("svc-auth"), none, variables, &log);
    let patience = Duration::from_secs(30);
    eventually("it is alive", patience, || async {
        let asked = run("svc-auth", &["healthcheck"], &[("OPS_LISTEN", &ops)]);
        asked.status.success().then_some(())
    })
    .await;
    // It waits for NATS, and says so.
    let asked = run(
        "svc-auth",
        &["healthcheck", "--ready"],
        &[("OPS_LISTEN", &ops)],
    );
    let told = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert_eq!(asked.status.code(), Some(1), "{told}");
    assert!(told.contains("503"), "{told}");

    process.kill();
    for program in ["svc-auth", "edge", "tradewind"] {
        let asked = run(program, &["healthcheck"], &[("OPS_LISTEN", &ops)]);
        assert_eq!(asked.status.code(), Some(1), "{program}: nobody is there");
    }
}

#[test]
fn a_secret_that_is_wrong_or_missing_is_told_of_without_it() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let secret = folder.path().join("redis-url");
    fs::write(&secret, "no-url hunter2\n").expect("the folder can be written");
    let place = secret.to_str().expect("temporary folders have plain names");
    let redis = ("REDIS_URL_FILE", place);
    let missing = ("NATS_URL_FILE", "/nowhere/nats-url");
    let told = |program: &str, arguments: &[&str], variables: &[(&str, &str)]| {
        let output = run(program, arguments, variables);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        told
    };
    let all = told("edge", &[], &[redis, missing]);
    for part in [
        "--redis-url (REDIS_URL): ",
        "NATS_URL_FILE /nowhere/nats-url: ",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(!all.contains("hunter2"), "{all}");
    let streams = told("tradewind", &["streams"], &[missing]);
    assert!(
        streams.contains("NATS_URL_FILE /nowhere/nats-url: "),
        "{streams}"
    );
    // The variable itself goes before.
    let both = told(
        "edge",
        &[],
        &[redis, missing, ("REDIS_URL", "redis://127.0.0.1")],
    );
    assert!(!both.contains("--redis-url"), "{both}");

    // And the secret before a file of configuration.
    fs::write(&secret, "redis://127.0.0.1\n").expect("the folder can be written");
    let config = folder.path().join("edge.yaml");
    fs::write(&config, "redis-url: no-url\n").expect("the folder can be written");
    let config = config.to_str().expect("temporary folders have plain names");
    let both = told("edge", &["--config", config], &[redis, missing]);
    assert!(!both.contains("--redis-url"), "{both}");
}

static COMPOSE: LazyLock<Value> = LazyLock::new(|| {
    let text = read("compose.yaml");
    serde_saphyr::from_str(&text).expect("compose.yaml is YAML")
});

/// The containers of compose.yaml.
fn containers() -> impl Iterator<Item = (&'static str, &'static Value)> {
    let all = COMPOSE["services"].as_object().expect("there are some");
    all.iter()
        .map(|(name, container)| (name.as_str(), container))
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The program in a container, if it is one of ours.
fn program(container: &Value) -> Option<&str> {
    let image = text(&container["image"]).strip_prefix("${REGISTRY:-tradewind}/")?;
    image.strip_suffix(":${TAG:-dev}")
}

/// What a container is given of the secrets, and as which files.
fn secrets(container: &Value) -> impl Iterator<Item = (&str, &str)> {
    list(&container["secrets"]).map(|secret| match secret {
        Value::String(name) => (name.as_str(), name.as_str()),
        secret => (text(&secret["source"]), text(&secret["target"])),
    })
}

#[test]
fn compose_tells_programs_what_they_take() {
    let mut ours = BTreeSet::new();
    for (name, container) in containers() {
        let Some(program) = program(container) else {
            continue;
        };
        ours.insert(name);
        let words: Vec<_> = list(&container["command"]).map(text).collect();
        let command: Vec<_> = words
            .first()
            .copied()
            .into_iter()
            .chain(["--help"])
            .collect();
        let help = run(program, &command, &[]).stdout;
        // Its lines end anywhere.
        let help = String::from_utf8_lossy(&help).into_owned();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(flag), "{name}: {flag}");
        }
        let given: BTreeMap<_, _> = secrets(container)
            .map(|(secret, file)| (file, secret))
            .collect();
        let environment = container["environment"]
            .as_object()
            .expect("it has variables");
        for (variable, value) in environment {
            let secret = variable.strip_suffix("_FILE");
            let known = |variable: &str| {
                let known = [format!("[env: {variable}]"), format!("[env: {variable}=")];
                known.iter().any(|known| help.contains(known))
            };
            // Read by OpenTelemetry and by the logs themselves.
            let general = variable.starts_with("OTEL_") || variable == "RUST_LOG";
            let is_known = general || known(variable) || secret.is_some_and(known);
            assert!(is_known, "{name}: {program} does not know {variable}");
            if let Some(file) = text(value).strip_prefix("/run/secrets/") {
                assert!(
                    given.contains_key(file),
                    "{name}: {variable} names no secret"
                );
            }
        }
        for file in given.keys() {
            let path = format!("/run/secrets/{file}");
            let is_read = environment.values().any(|value| *value == path);
            assert!(is_read, "{name} does not read {file}");
        }
    }
    let mesh = SERVICES.iter().chain([&EDGE]).map(|it| it.name);
    let expected: BTreeSet<_> = mesh.chain(["streams", "all-in-one"]).collect();
    assert_eq!(ours, expected);
}

#[test]
fn compose_finds_services_where_they_are() {
    let edge = &COMPOSE["services"][EDGE.name]["environment"];
    for service in SERVICES {
        let url = format!("http://{}:{}", service.name, service.port);
        assert_eq!(edge[service.url_variable()], url);
    }
    let config: Value =
        serde_saphyr::from_str(&read("ops/compose/prometheus.yaml")).expect("it is YAML");
    let found = list(&config["scrape_configs"][0]["dns_sd_configs"]);
    let found = found.map(|it| json!([it["names"], it["port"]]).to_string());
    let mesh = SERVICES.iter().chain([&EDGE]);
    let mesh = mesh.map(|it| json!([[it.name], it.ops_port()]).to_string());
    assert_eq!(found.collect::<BTreeSet<_>>(), mesh.collect());
}

#[test]
fn a_container_may_do_no_more_than_it_needs() {
    let own =
        Regex::new(r"^127\.0\.0\.1:\$\{([A-Z]+_PORT):-(\d+)\}:\d+$").expect("it is a pattern");
    let version = Regex::new(r":v?\d+\.\d+(\.\d+)?(-[a-z]+)?$").expect("it is a pattern");
    let mut ports = BTreeMap::new();
    for (name, container) in containers() {
        assert_eq!(container["read_only"], true, "{name}");
        assert_eq!(container["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(
            container["security_opt"],
            json!(["no-new-privileges:true"]),
            "{name}"
        );
        assert!(container["privileged"].is_null(), "{name}");
        // Who gives files away needs a right for that, and gets no network.
        if !container["cap_add"].is_null() {
            assert_eq!(container["cap_add"], json!(["CHOWN"]), "{name}");
            assert_eq!(container["network_mode"], "none", "{name}");
        }
        // The Collector's image has nothing that could ask it.
        let is_asked = container["healthcheck"].is_object() || name == "otel-collector";
        assert!(is_asked, "{name} is not asked how it is");
        let image = text(&container["image"]);
        assert!(
            program(container).is_some() || version.is_match(image),
            "{image} has no version"
        );
        for port in list(&container["ports"]).map(text) {
            let port = own
                .captures(port)
                .unwrap_or_else(|| panic!("{name}: {port}"));
            let number: u16 = port[2].parse().expect("it is a number");
            ports.insert(port[1].to_owned(), number);
        }
    }
    // Those of an environment, beside those of the others.
    let mut taken = BTreeSet::new();
    for (environment, edge, stores) in [
        ("dev", 18100, 18000),
        ("staging", 18200, 18010),
        ("prod", 18300, 18020),
    ] {
        let file = read(&format!("ops/compose/{environment}.env"));
        let lines = file.lines().filter(|line| !line.starts_with('#'));
        let values: BTreeMap<_, _> = lines.filter_map(|line| line.split_once('=')).collect();
        assert_eq!(values["EDGE_PORT"], edge.to_string(), "{environment}");
        for (name, default) in &ports {
            let port: u16 = values[name.as_str()].parse().expect("it is a port");
            assert!(taken.insert(port), "{environment}: {name}");
            let base = if *default < 18100 { 18000 } else { 18100 };
            let moved = if *default < 18100 { stores } else { edge };
            assert_eq!(port - moved, default - base, "{environment}: {name}");
        }
    }
}

#[test]
fn compose_names_files_that_are_there_and_secrets_that_are_made() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let made = folder.path().join("secrets");
    let script = repository().join("k8s/overlays/dev/make-secrets");
    let status = Command::new(script)
        .arg(&made)
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.is_ok_and(|it| it.success()), "make-secrets failed");
    let place = |path: &str| -> PathBuf {
        match path.strip_prefix("${SECRETS:-./.dev/compose/dev}/") {
            Some(secret) => made.join(secret),
            None => repository().join(path),
        }
    };
    let declared = COMPOSE["secrets"].as_object().expect("there are some");
    for (name, secret) in declared {
        let file = place(text(&secret["file"]));
        assert!(file.is_file(), "{name}: nobody makes {}", file.display());
    }
    let mut given: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (container, settings) in containers() {
        for (secret, _) in secrets(settings) {
            given.entry(secret).or_default().insert(container);
        }
        for volume in list(&settings["volumes"]).filter(|volume| volume["type"] == "bind") {
            let source = place(text(&volume["source"]));
            assert!(
                source.exists(),
                "{container}: there is no {}",
                source.display()
            );
            assert_eq!(volume["read_only"], true, "{container}");
        }
    }
    let names: BTreeSet<_> = declared.keys().map(String::as_str).collect();
    assert_eq!(given.keys().copied().collect::<BTreeSet<_>>(), names);
    // People sign in with it.
    given.remove("admin-password");
    for (secret, containers) in given {
        assert_eq!(containers.len(), 1, "{secret} is given to {containers:?}");
    }
}
