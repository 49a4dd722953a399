//! Descriptors that are not served: at the start they are an error, later the ones of before stay.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use net::StartError;
use tonic::{Code, Status};

use super::{
    BOOK, ROUTE, build, config, counts, grown, library, name_back, reflect, start, status,
};
use crate::upstream::{Answer, Seen, Upstream};
use crate::waiting::eventually;

#[tokio::test]
async fn a_broken_file_is_refused_and_the_old_routes_stay() {
    let upstream = Upstream::start(name_back).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), library(|text| text)).unwrap();
    let address = format!("library.v1=http://{}", upstream.address);
    let fixture = start(upstream, config(&[file.path()], &[address])).await;

    let whole = library(|text| text);
    std::fs::write(file.path(), &whole[..whole.len() / 2 + 1]).unwrap();
    eventually(async || counts(&fixture, "refused")).await;
    assert_eq!(status(&fixture, BOOK).await, 200);

    std::fs::write(file.path(), grown()).unwrap();
    eventually(async || status(&fixture, "/v2/some").await == 200).await;
}

#[tokio::test]
async fn a_rule_that_cannot_be_served_stops_nobody_but_the_strict() {
    let upstream = Upstream::start(name_back).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let wrong = library(|text| {
        let more = format!(r#"{ROUTE} additional_bindings {{get: "/v2/{{name=**}}/x"}}"#);
        text.replace(ROUTE, &more)
    });
    std::fs::write(file.path(), wrong).unwrap();
    let upstreams = [format!("library.v1=http://{}", upstream.address)];
    let mut config = config(&[file.path()], &upstreams);
    config.servers.strict = true;
    let Err(StartError::Contract(mistakes)) = build(config.clone()).await else {
        panic!("it starts")
    };
    for part in ["library.proto", "library.v1.Library.GetBook", "'**'"] {
        assert!(mistakes[0].contains(part), "{mistakes:?}");
    }

    config.servers.strict = false;
    let fixture = start(upstream, config).await;
    assert_eq!(status(&fixture, BOOK).await, 200);
    assert_eq!(status(&fixture, "/v2/shelves/x").await, 404);
}

#[tokio::test]
async fn files_of_one_name_that_differ_are_an_error_that_names_both() {
    let (one, other) = (
        tempfile::NamedTempFile::new().unwrap(),
        tempfile::NamedTempFile::new().unwrap(),
    );
    std::fs::write(one.path(), library(|text| text)).unwrap();
    let renamed = library(|text| text.replace("int64 pages", "int32 pages"));
    std::fs::write(other.path(), renamed).unwrap();
    let upstream = ["http://localhost:1".to_owned()];
    let built = build(config(&[one.path(), other.path()], &upstream)).await;
    let Err(StartError::Config(mistakes)) = built else {
        panic!("it starts")
    };
    let [mistake] = &mistakes[..] else {
        panic!("{mistakes:?}")
    };
    for part in [one.path(), other.path(), Path::new("library.proto")] {
        assert!(mistake.contains(part.to_str().unwrap()), "{mistake}");
    }
}

#[tokio::test]
async fn an_upstream_that_is_away_when_it_is_asked_again_keeps_its_routes() {
    let is_away = Arc::new(AtomicBool::new(false));
    let away = is_away.clone();
    let upstream = Upstream::start(move |seen| match seen.path.as_str() {
        path if !path.starts_with("/grpc.reflection.") => name_back(seen),
        _ if away.load(Ordering::Relaxed) => Answer::Error(Status::new(Code::Unavailable, "away")),
        _ => reflect(seen),
    })
    .await;
    let address = format!("http://{}", upstream.address);
    let fixture = start(upstream, config(&[], &[address])).await;
    is_away.store(true, Ordering::Relaxed);
    eventually(async || counts(&fixture, "refused")).await;
    assert_eq!(status(&fixture, BOOK).await, 200);
}

#[tokio::test]
async fn a_server_without_reflection_is_an_error_that_says_what_to_do() {
    let unknown = |_: &Seen| Answer::Error(Status::new(Code::Unimplemented, "what?"));
    let upstream = Upstream::start(unknown).await;
    let address = format!("http://{}", upstream.address);
    let Err(StartError::Config(mistakes)) = build(config(&[], &[address])).await else {
        panic!("it starts")
    };
    assert!(mistakes[0].contains("--descriptor-set"), "{mistakes:?}");
}
