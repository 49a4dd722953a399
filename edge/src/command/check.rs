//! What would be served, without serving it.

use std::fmt::Write as _;
use std::process::ExitCode;

use gateway::Summary;
use net::StartError;
use net::process::arguments::Refused;
use net::telemetry::Telemetry;

use super::{Arguments, NAME, print};

/// Prints what would be served, or everything that is wrong. Exit code 0 or 2.
pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let checked = match runtime {
        Ok(runtime) => runtime.block_on(check(arguments)),
        Err(error) => Err(StartError::other(error)),
    };
    match checked {
        Ok(text) => print(&text),
        Err(StartError::Config(mistakes) | StartError::Contract(mistakes)) => {
            Refused::Mistakes(mistakes).tell()
        }
        Err(error) => Refused::Mistakes(vec![error.to_string()]).tell(),
    }
}

async fn check(arguments: &Arguments) -> Result<String, StartError> {
    // Without logs: what they would say is in the text.
    let (mut host, key) = arguments.host(Telemetry::detached())?;
    let node = host.node(NAME, key);
    let (gateway, _) = arguments.build(&node).await?;
    Ok(told(arguments, &gateway.summary()))
}

fn told(arguments: &Arguments, summary: &Summary) -> String {
    let Summary {
        services,
        unserved,
        skipped,
    } = summary;
    let methods = services.values().map(|service| service.methods).sum();
    let routes = services.values().map(|service| service.routes).sum();
    let mut text = format!(
        "the configuration is right: {}, {}, {}\n",
        number(services.len(), "service"),
        number(methods, "method"),
        number(routes, "route"),
    );
    for (name, service) in services {
        let _ = writeln!(
            text,
            "  {name} at {}: {}, {}",
            place(arguments, &service.upstream),
            number(service.methods, "method"),
            number(service.routes, "route"),
        );
    }
    if routes == 0 {
        text.push_str(
            "warning: no method has a route of REST (google.api.http); --all-methods gives each one\n",
        );
    }
    for name in unserved {
        let _ = writeln!(text, "not served: {name}: no client may call it here");
    }
    for rule in skipped {
        let _ = writeln!(text, "warning: a rule is not served: {rule}");
    }
    text
}

/// Where an upstream is.
fn place(arguments: &Arguments, name: &str) -> String {
    let upstreams = &arguments.generic.servers.upstream;
    let upstream = upstreams.iter().find(|upstream| upstream.name() == name);
    upstream.map_or_else(|| name.to_owned(), |upstream| upstream.address.to_string())
}

fn number(of: usize, what: &str) -> String {
    match of {
        1 => format!("1 {what}"),
        _ => format!("{of} {what}s"),
    }
}
