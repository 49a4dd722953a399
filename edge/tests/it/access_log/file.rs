//! Where lines go.

use std::process::Command;

use edge::config::{AccessLog, Format};
use net::StartError;
use runtime::testbed::Testbed;

use super::{Log, PATIENCE, start};
use crate::fixture::settings;
use crate::waiting::eventually;

#[tokio::test]
async fn when_the_file_was_moved_a_new_one_is_begun() {
    let log = Log::new();
    let fixture = start(&log, Format::Combined).await;
    fixture.get("/first").await;
    log.lines(1).await;
    let moved = log.folder.path().join("access.log.1");
    std::fs::rename(log.path(), &moved).unwrap();
    eventually(async || {
        fixture.get("/next").await;
        log.path().exists()
    })
    .await;
    fixture.get("/last").await;
    drop(fixture);
    let newest = || std::fs::read_to_string(log.path()).unwrap();
    eventually(async || newest().contains("/last")).await;
    let text = std::fs::read_to_string(&moved).unwrap();
    assert!(text.contains("/first") && !text.contains("/last"), "{text}");
    assert!(!newest().contains("/first"));
}

#[tokio::test]
async fn nobody_waits_for_a_log_that_is_not_taken() {
    let log = Log::new();
    let made = Command::new("mkfifo").arg(log.path()).status().unwrap();
    assert!(made.success());
    // There is a reader, who does not read.
    let _reader = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(log.path())
        .unwrap();
    let fixture = start(&log, Format::Json).await;
    let path = format!("/{}", "a".repeat(2000));
    let lost = || fixture.metric("edge_access_log_lost_total", &[]);
    let flood = async {
        while lost() < Some(100.0) {
            assert_eq!(fixture.get(&path).await.status(), 404);
        }
    };
    tokio::time::timeout(PATIENCE * 3, flood).await.unwrap();
}

#[tokio::test]
async fn a_log_that_cannot_be_begun_keeps_the_edge_from_starting() {
    let node = Testbed::new().node("edge").await;
    let mistakes = async |log: AccessLog| {
        let mut settings = settings();
        settings.access_log = log;
        let config = edge::Config {
            settings,
            ..edge::Config::default()
        };
        match edge::build(config, edge::TrustedIssuers::default(), &node).await {
            Err(StartError::Config(mistakes)) => mistakes.join("\n"),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it starts"),
        }
    };
    let nowhere = AccessLog {
        access_log: Format::Json,
        access_log_file: Some("/nowhere/at/all".into()),
    };
    let told = mistakes(nowhere).await;
    assert!(
        told.contains("--access-log-file /nowhere/at/all: No such file"),
        "{told}"
    );
    let formless = AccessLog {
        access_log: Format::Off,
        access_log_file: Some("access.log".into()),
    };
    let told = mistakes(formless).await;
    assert!(told.contains("--access-log combined or json"), "{told}");
}
