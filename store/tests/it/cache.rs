use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use net::readiness::Report;
use runtime::{status::Problem, testbed::Testbed};
use store::{
    Cache, CacheConfig,
    testing::{server, unique_name},
};
use tokio::sync::Notify;
use tonic::{Code, Status};

use crate::{proxy::Proxy, until};

const HOUR: Duration = Duration::from_secs(3600);

/// The same test on a cache of this process and on Redis.
macro_rules! on_both_caches {
    ($(async fn $name:ident($cache:ident: Cache) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn run($cache: Cache) $body

                #[tokio::test]
                async fn in_process() {
                    run(Cache::open(&CacheConfig::default(), "test").expect("opened")).await;
                }

                #[tokio::test]
                async fn on_redis() {
                    let config = CacheConfig::redis(&server("TEST_REDIS_URL"));
                    run(Cache::open(&config, &unique_name()).expect("opened")).await;
                }
            }
        )*
    };
}

async fn get(cache: &Cache, key: &str, version: i64, value: &str) -> String {
    let fill = || async { Ok((version, value.to_owned())) };
    cache.get_or_fill(key, HOUR, fill).await.expect("a value")
}

on_both_caches! {
    async fn a_value_is_filled_once(cache: Cache) {
        assert_eq!(get(&cache, "a", 1, "one").await, "one");
        assert_eq!(get(&cache, "a", 2, "two").await, "one");
        assert_eq!(get(&cache, "b", 1, "other").await, "other");
    }

    async fn concurrent_misses_are_one_fill(cache: Cache) {
        let fills = AtomicU32::new(0);
        let fill = || async {
            fills.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok((1, "one".to_owned()))
        };
        let values = join_all((0..50).map(|_| cache.get_or_fill("a", HOUR, fill))).await;
        assert!(values.into_iter().all(|value| value.expect("a value") == "one"));
        assert_eq!(fills.load(Ordering::Relaxed), 1);
    }

    async fn an_invalidated_value_is_filled_anew(cache: Cache) {
        get(&cache, "a", 1, "one").await;
        cache.invalidate("a", 2).await;
        assert_eq!(get(&cache, "a", 2, "two").await, "two");
        cache.invalidate("a", 2).await;
        assert_eq!(get(&cache, "a", 3, "three").await, "two", "version 2 was good");
    }

    async fn a_slow_fill_does_not_put_back_what_was_changed_meanwhile(cache: Cache) {
        let (started, go_on) = (Notify::new(), Notify::new());
        let slow = cache.get_or_fill("a", HOUR, || async {
            started.notify_one();
            go_on.notified().await;
            Ok((1, "old".to_owned()))
        });
        let change = async {
            started.notified().await;
            cache.invalidate("a", 2).await;
            let other = get(&cache, "a", 2, "new").await;
            go_on.notify_one();
            other
        };
        let (old, new) = tokio::join!(slow, change);
        assert_eq!((old.expect("a value").as_str(), new.as_str()), ("old", "new"));
        assert_eq!(get(&cache, "a", 3, "not asked for").await, "new");
    }

    async fn a_value_lives_for_its_time(cache: Cache) {
        let ttl = Duration::from_millis(100);
        let fill = || async { Ok((1, "one".to_owned())) };
        cache.get_or_fill("a", ttl, fill).await.expect("a value");
        tokio::time::sleep(ttl * 2).await;
        assert_eq!(get(&cache, "a", 1, "anew").await, "anew");
    }

    async fn a_refusal_is_not_kept_and_a_failure_is_the_callers_own(cache: Cache) {
        let absent = || async { Err::<(i64, String), Status>(Problem::not_found("user", "x").into()) };
        let refused = cache.get_or_fill("a", HOUR, absent).await;
        assert_eq!(refused.expect_err("absent").code(), Code::NotFound);
        let started = Notify::new();
        let failing = cache.get_or_fill("a", HOUR, || async {
            started.notify_one();
            tokio::time::sleep(Duration::from_millis(50)).await;
            Err::<(i64, String), Status>(Problem::deadline_exceeded().into())
        });
        let waiting = async {
            started.notified().await;
            get(&cache, "a", 1, "one").await
        };
        let (failed, value) = tokio::join!(failing, waiting);
        assert_eq!(failed.expect_err("late").code(), Code::DeadlineExceeded);
        assert_eq!(value, "one");
    }
}

#[tokio::test]
async fn a_redis_that_is_away_only_makes_it_slower() {
    let (mut way, url) = Proxy::to_url(&server("TEST_REDIS_URL")).await;
    let cache = Cache::open(&CacheConfig::redis(&url), &unique_name()).expect("opened");
    for key in ["a", "kept"] {
        assert_eq!(get(&cache, key, 1, "one").await, "one");
        assert_eq!(get(&cache, key, 1, "two").await, "one");
    }
    way.cut().await;
    let before = tokio::time::Instant::now();
    for n in 0..20 {
        assert_eq!(get(&cache, "a", n, "filled").await, "filled");
        cache.invalidate("a", n).await;
    }
    assert!(
        before.elapsed() < Duration::from_secs(2),
        "{:?}",
        before.elapsed()
    );
    way.restore().await;
    until("it is used again", async || {
        get(&cache, "kept", 1, "anew").await == "one"
    })
    .await;
}

#[tokio::test]
async fn whether_redis_answers_is_told() {
    let (mut way, url) = Proxy::to_url(&server("TEST_REDIS_URL")).await;
    let cache = Cache::open(&CacheConfig::redis(&url), &unique_name()).expect("opened");
    let mut bed = Testbed::new();
    let node = bed.node("svc-users").await;
    cache.follow(&node, &["users.v1.*"], |_| Vec::new());
    bed.host().start();
    let told = |name, label| ops::value(&node.telemetry.prometheus(), name, &[label]);
    let up = || told("tradewind_dependency_up", ("dependency", "cache"));
    let reads = |outcome| told("tradewind_cache_reads_total", ("outcome", outcome));
    until("it answers", async || up() == Some(1.0)).await;
    until("it is used", async || {
        get(&cache, "ada", 1, "one").await;
        reads("hit") > Some(0.0)
    })
    .await;
    assert!(reads("miss") > Some(0.0));
    way.cut().await;
    get(&cache, "ada", 1, "one").await;
    assert!(reads("error") > Some(0.0));
    until("it does not", async || up() == Some(0.0)).await;
    let degraded = node.readiness.report();
    let Report::Degraded { missing } = degraded else {
        panic!("{degraded:?}");
    };
    assert_eq!(missing[0].dependency, "the cache");
    way.restore().await;
    until("it does again", async || up() == Some(1.0)).await;
    bed.stop().await;
}

#[tokio::test]
async fn what_changed_while_redis_was_away_is_not_read_from_it_afterwards() {
    let (mut way, url) = Proxy::to_url(&server("TEST_REDIS_URL")).await;
    let prefix = unique_name();
    let cache = Cache::open(&CacheConfig::redis(&url), &prefix).expect("opened");
    for key in ["a", "b"] {
        assert_eq!(get(&cache, key, 1, "old").await, "old");
    }
    way.cut().await;
    cache.invalidate("a", 2).await;
    way.restore().await;
    until("it is used again", async || {
        assert_eq!(get(&cache, "a", 2, "new").await, "new");
        get(&cache, "b", 2, "new").await == "old"
    })
    .await;
    assert_eq!(get(&cache, "a", 3, "newer").await, "new");
    // Replicas that share it find it good too.
    let other = CacheConfig::redis(&server("TEST_REDIS_URL"));
    let other = Cache::open(&other, &prefix).expect("opened");
    assert_eq!(get(&other, "a", 3, "newer").await, "new");
}

#[tokio::test]
async fn what_may_have_changed_unheard_is_not_read_from_redis() {
    let config = CacheConfig::redis(&server("TEST_REDIS_URL"));
    let cache = Cache::open(&config, &unique_name()).expect("opened");
    assert_eq!(get(&cache, "a", 1, "old").await, "old");
    let mut bed = Testbed::new();
    let node = bed.node("svc-users").await;
    // The first that a listener hears is a gap.
    cache.follow(&node, &["users.v1.*"], |_| Vec::new());
    until("it is filled anew", async || {
        get(&cache, "a", 2, "new").await == "new"
    })
    .await;
    bed.stop().await;
}

#[test]
fn a_malformed_url_is_not_quoted() {
    let error =
        Cache::open(&CacheConfig::redis("redis//:hunter2@x"), "test").expect_err("malformed");
    assert!(!error.to_string().contains("hunter2"));
}

#[tokio::test]
async fn an_event_of_another_replica_invalidates() {
    let mut bed = Testbed::new();
    let node = bed.node("svc-users").await;
    let cache = Cache::open(&CacheConfig::default(), "users").expect("opened");
    let seen = Arc::new(Notify::new());
    let told = seen.clone();
    cache.follow(&node, &["users.v1.*"], move |event| {
        told.notify_one();
        vec![(event.aggregate_id.clone(), event.version)]
    });
    bed.host().start();
    get(&cache, "ada", 1, "one").await;
    let event = bus::Event {
        id: crate::id(),
        subject: "users.v1.UserChanged".to_owned(),
        source: "svc-users".to_owned(),
        aggregate_id: "ada".to_owned(),
        version: 2,
        time: node.clock.now(),
        data: bytes::Bytes::new(),
        trace: Vec::new(),
        publication: 0,
    };
    node.bus.publish(&event, 1).await.expect("in process");
    seen.notified().await;
    until("it is filled anew", async || {
        get(&cache, "ada", 2, "two").await == "two"
    })
    .await;
    bed.stop().await;
}
