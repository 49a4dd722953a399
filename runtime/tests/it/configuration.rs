use std::ffi::OsString;
use std::net::SocketAddr;

use clap::Args;
use net::process::arguments::Refused;
use net::telemetry::Telemetry;
use runtime::host::{Host, HostConfig};
use runtime::process::{ProcessConfig, configuration};
use runtime::services::find;

#[derive(Args, Clone, Debug)]
struct Config {
    /// Where the data is
    #[arg(long, value_name = "URL", hide_env_values = true, value_parser = database)]
    database_url: Option<String>,
    /// How many
    #[arg(long, default_value_t = 1)]
    number: u8,
}

fn database(url: &str) -> Result<String, String> {
    match url.starts_with("postgres://") {
        true => Ok(url.to_owned()),
        false => Err("it must start with postgres://".into()),
    }
}

fn parse(arguments: &[&str]) -> Result<(ProcessConfig, Config), Refused> {
    let always = ["svc-auth", "--nats-url", "nats://localhost"];
    let arguments = always.into_iter().chain(arguments.iter().copied());
    configuration("svc-auth", arguments.map(OsString::from).collect())
}

#[test]
fn all_mistakes_are_told_at_once_and_no_secret_with_them() {
    let refused = parse(&[
        "--listen=nowhere",
        "--number",
        "300",
        "--database-url=mysql://root:hunter2@db/shop",
        "--svc-users-url=users",
        "--drain-delay",
        "soon",
        "--unheard-of=1",
    ]);
    let Err(Refused::Mistakes(mistakes)) = refused else {
        panic!("{refused:?}")
    };
    let all = mistakes.join("\n");
    for part in [
        "--listen",
        "--number",
        "--database-url",
        "--svc-users-url",
        "--drain-delay",
        "--unheard-of",
    ] {
        assert!(all.contains(part), "{part} is missing:\n{all}");
    }
    assert_eq!(mistakes.len(), 6, "{all}");
    assert!(
        all.contains("LISTEN") && all.contains("it must start with postgres://"),
        "{all}"
    );
    assert!(!all.contains("hunter2"), "{all}");
}

#[test]
fn the_defaults_are_the_services_ports() {
    let (process, config) = parse(&[]).unwrap();
    let auth = find("svc-auth").unwrap();
    assert_eq!(
        process.address(auth),
        SocketAddr::from(([0, 0, 0, 0], 4003))
    );
    assert_eq!(
        process.ops_address(auth),
        SocketAddr::from(([0, 0, 0, 0], 5003))
    );
    assert_eq!((config.number, config.database_url), (1, None));
    assert!(process.server.reflection);
}

#[test]
fn a_workload_without_its_key_is_a_mistake() {
    let refused = configuration::<Config>("svc-orders", vec!["svc-orders".into()]);
    let Err(Refused::Mistakes(mistakes)) = refused else {
        panic!("{refused:?}")
    };
    assert!(mistakes[0].contains("WORKLOAD_KEY_FILE"), "{mistakes:?}");
}

/// Its outbox would take every event for settled, since nobody in the process wants it.
#[test]
fn a_service_alone_without_nats_does_not_start_and_is_told_what_to_do() {
    let refused = configuration::<Config>("svc-auth", vec!["svc-auth".into()]);
    let Err(Refused::Mistakes(mistakes)) = refused else {
        panic!("{refused:?}")
    };
    let [mistake] = mistakes.as_slice() else {
        panic!("{mistakes:?}")
    };
    assert!(
        mistake.contains("NATS_URL") && mistake.contains("tradewind up"),
        "{mistake}"
    );
}

#[test]
fn a_cluster_of_nats_servers_keeps_as_many_copies_as_asked_for() {
    let (process, _) = parse(&["--nats-replicas", "3"]).unwrap();
    assert_eq!(process.bus.nats_replicas, 3);
    assert!(matches!(
        parse(&["--nats-replicas", "6"]),
        Err(Refused::Mistakes(_))
    ));
}

#[test]
fn help_is_not_a_mistake() {
    assert!(matches!(parse(&["--help"]), Err(Refused::Clap(_))));
}

#[tokio::test]
async fn a_port_that_is_taken_says_which_and_what_changes_it() {
    let host = Host::new(HostConfig::new(
        Telemetry::detached(),
        bus::Bus::in_process(),
    ));
    let first = host
        .bind("svc-a", "127.0.0.1:0".parse().unwrap(), "--listen")
        .await
        .unwrap();
    let address = first.local_addr().unwrap();
    let error = host
        .bind("svc-b", address, "--listen")
        .await
        .unwrap_err()
        .to_string();
    for part in ["svc-b", &address.to_string(), "--listen"] {
        assert!(error.contains(part), "{error}");
    }
}
