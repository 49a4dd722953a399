use http::Response;
use tokio::time::advance;
use tonic::Code;

use super::*;
use crate::metadata::{GRPC_STATUS, PUSHBACK};
use crate::telemetry::Telemetry;

fn peers(config: EndpointConfig, all: usize) -> Vec<Standing> {
    let metrics = Telemetry::detached().client_metrics();
    let peers = Arc::new(Peers::new(config, metrics.endpoints("test", "greeter")));
    peers.count(all);
    let one = |_| Standing::new(peers.clone(), false);
    (0..all).map(one).collect()
}

fn answers(standing: &Standing, code: Code) {
    let response = Response::builder().header(GRPC_STATUS, code as i32);
    let response = response.body(()).unwrap();
    standing
        .trial(None, false)
        .expect("it is called")
        .replied(&response);
}

/// Nothing comes back within the time of a call.
async fn is_silent(standing: &Standing, time: Duration) {
    let trial = standing.trial(Some(Instant::now() + time), false);
    advance(time).await;
    drop(trial.expect("it is called"));
}

const LONG: Duration = Duration::from_secs(2);

#[tokio::test(start_paused = true)]
async fn one_that_fails_again_and_again_is_left_alone_for_longer_each_time() {
    let all = peers(EndpointConfig::default(), 2);
    let fails = || (0..5).for_each(|_| answers(&all[0], Code::Unavailable));
    fails();
    assert!(!all[0].is_in() && all[1].is_in());
    let states = || [all[0].state(), all[1].state()];
    assert_eq!(states(), [State::Ejected, State::In]);
    advance(Duration::from_secs(5)).await;
    assert_eq!(states(), [State::In, State::In]);
    assert!(all[0].is_in());
    fails();
    advance(Duration::from_secs(5)).await;
    assert!(!all[0].is_in(), "the second pause is longer");
    advance(Duration::from_secs(5)).await;
    assert!(all[0].is_in());
    advance(FORGIVEN + Duration::from_secs(1)).await;
    fails();
    advance(Duration::from_secs(5)).await;
    assert!(all[0].is_in(), "it was well for long");
}

#[tokio::test(start_paused = true)]
async fn what_a_server_decides_is_no_failure_of_it() {
    let all = peers(EndpointConfig::default(), 2);
    for code in [
        Code::Internal,
        Code::NotFound,
        Code::DeadlineExceeded,
        Code::Ok,
    ] {
        (0..9).for_each(|_| answers(&all[0], code));
        assert!(all[0].is_in(), "{code:?}");
    }
    for code in [Code::Unavailable, Code::Ok].repeat(9) {
        answers(&all[0], code);
    }
    assert!(all[0].is_in(), "not in a row");
    let busy = Response::builder().header(GRPC_STATUS, 14);
    let busy = busy.header(PUSHBACK, "-1").body(()).unwrap();
    (0..9).for_each(|_| all[0].trial(None, false).unwrap().replied(&busy));
    assert!(all[0].is_in(), "it pushes back");
}

#[tokio::test(start_paused = true)]
async fn at_most_half_of_the_endpoints_are_ejected() {
    for (all, most) in [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)] {
        let all = peers(EndpointConfig::default(), all);
        for one in &all {
            (0..9).for_each(|_| answers(one, Code::Unavailable));
        }
        let out = all.iter().filter(|one| !one.is_in()).count();
        assert_eq!(out, most, "of {}", all.len());
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_one_that_does_not_answer_but_a_call_that_tries_it() {
    let all = peers(EndpointConfig::default(), 1);
    for _ in 0..5 {
        is_silent(&all[0], LONG).await;
    }
    assert!(all[0].trial(None, false).is_err());
    advance(Duration::from_millis(500)).await;
    let tried = all[0].trial(Some(Instant::now() + LONG), false).unwrap();
    assert!(all[0].trial(None, false).is_err(), "one is enough");
    advance(LONG).await;
    drop(tried);
    advance(Duration::from_millis(500)).await;
    assert!(
        all[0].trial(None, false).is_err(),
        "the second pause is longer"
    );
    advance(Duration::from_millis(500)).await;
    // One that is called off tells nothing, and another one may try.
    drop(all[0].trial(None, false).unwrap());
    answers(&all[0], Code::NotFound);
    (0..9).for_each(|_| answers(&all[0], Code::Ok));
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_calls_any_more_is_not_counted_as_open() {
    let all = peers(EndpointConfig::default(), 1);
    for _ in 0..5 {
        is_silent(&all[0], LONG).await;
    }
    advance(UNASKED).await;
    assert_eq!(all[0].state(), State::Open);
    advance(LONG).await;
    assert_eq!(all[0].state(), State::In);
    is_silent(&all[0], LONG).await;
    assert_eq!(all[0].state(), State::Open, "it had to prove itself");
}

#[tokio::test(start_paused = true)]
async fn calls_without_time_to_be_answered_bring_nobody_down() {
    let all = peers(EndpointConfig::default(), 1);
    for _ in 0..99 {
        is_silent(&all[0], Duration::from_millis(500)).await;
    }
    assert!(all[0].trial(None, false).is_ok());
}

#[tokio::test(start_paused = true)]
async fn streams_that_clients_send_slowly_or_break_off_bring_nobody_down() {
    let all = peers(EndpointConfig::default(), 2);
    for _ in 0..9 {
        let slow = all[0].trial(Some(Instant::now() + LONG), true);
        advance(LONG).await;
        drop(slow.expect("it is called"));
        let broken = all[0].trial(None, true).expect("it is called");
        broken.failed(&Failure::Reset("CANCEL".to_owned()));
    }
    assert!(all[0].is_in() && all[0].trial(None, false).is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_share_of_a_new_one_grows() {
    let metrics = Telemetry::detached().client_metrics();
    let config = EndpointConfig::default();
    let peers = Arc::new(Peers::new(config, metrics.endpoints("test", "greeter")));
    let (old, new) = (
        Standing::new(peers.clone(), false),
        Standing::new(peers, true),
    );
    let mut shares = Vec::new();
    for _ in 0..4 {
        shares.push((old.share(), new.share()));
        advance(Duration::from_secs(4)).await;
    }
    assert_eq!(shares, [(100, 10), (100, 40), (100, 80), (100, 100)]);
}

#[tokio::test(start_paused = true)]
async fn each_of_it_can_be_turned_off() {
    let off = EndpointConfig {
        endpoint_ejection: 0,
        endpoint_breaker: 0,
        endpoint_slow_start: Duration::ZERO,
    };
    let all = peers(off, 2);
    (0..9).for_each(|_| answers(&all[0], Code::Unavailable));
    for _ in 0..9 {
        is_silent(&all[1], LONG).await;
    }
    assert!(
        all.iter()
            .all(|one| one.is_in() && one.trial(None, false).is_ok())
    );
    let metrics = Telemetry::detached().client_metrics();
    let peers = Arc::new(Peers::new(off, metrics.endpoints("test", "greeter")));
    assert_eq!(Standing::new(peers, true).share(), 100);
}
