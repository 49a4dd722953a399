//! What `tradewind ops generate` writes is what stands in the repository.

use std::{fs, path::Path, process::Command};

use e2e::process::binary;

fn run(program: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output();
    let output = output.map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    output.status.success().then_some(()).ok_or(said)
}

#[test]
fn rules_dashboards_and_tables_are_what_the_generator_writes() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let copy = folder.path();
    let place = copy.to_str().expect("temporary folders have plain names");
    let generate = |more: &[&str]| {
        let words = [&["ops", "generate", place], more].concat();
        run(&binary("tradewind"), &words)
    };
    run(Path::new("cp"), &["-R", "ops", "docs", "k8s", place]).expect("they can be copied");
    generate(&["--check"]).expect("all is as it is written");

    // One is not there yet, one is not as it should be, and one should not be there.
    fs::remove_file(copy.join("ops/prometheus/objectives.yaml")).expect("the copy is ours");
    fs::write(copy.join("ops/grafana/orders.json"), "{}").expect("the copy is ours");
    fs::write(copy.join("ops/grafana/gone.json"), "{}").expect("the copy is ours");
    let said = generate(&["--check"]).expect_err("three are not");
    for wrong in [
        "prometheus/objectives.yaml",
        "grafana/orders.json",
        "grafana/gone.json",
    ] {
        assert!(said.contains(&format!("ops/{wrong}")), "{said}");
    }
    generate(&[]).expect("it can be written");
    for room in ["ops", "docs", "k8s/components"] {
        let there = copy.join(room);
        let there = there.to_str().expect("temporary folders have plain names");
        run(Path::new("diff"), &["--recursive", room, there]).expect("they are the same");
    }
}

#[test]
fn what_there_is_not_is_not_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let copy = folder.path();
    let place = copy.to_str().expect("temporary folders have plain names");
    run(Path::new("cp"), &["-R", "ops", "docs", "k8s", place]).expect("they can be copied");
    for (file, metric) in [
        ("ops/dashboards/orders.yaml", "tradewind_outbox_pending"),
        ("ops/prometheus/alerts.yaml", "rpc_server_shed_total"),
        ("docs/RUNBOOKS.md", "rpc_client_call_duration_seconds_count"),
    ] {
        let file = copy.join(file);
        let text = fs::read_to_string(&file).expect("it was copied");
        assert!(text.contains(metric), "{metric} is not asked for");
        let wrong = format!("{metric}_of_old");
        fs::write(&file, text.replace(metric, &wrong)).expect("the copy is ours");
        let said = run(&binary("tradewind"), &["ops", "generate", place]);
        let said = said.expect_err("it is refused");
        assert!(said.contains(&format!("{wrong} is no metric")), "{said}");
        fs::write(&file, text).expect("the copy is ours");
    }
}
