//! Rate limits, in one process and shared.

use edge::{Config, Rate};

use crate::fixture::{Fixture, error, info, reason, settings, shop};
use crate::upstream::Upstream;

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_again() {
    let mut settings = settings();
    settings.rates.address_limit = Rate::of(2, 60);
    let fixture = Fixture::with(settings, shop).await;
    for left in ["1", "0"] {
        let response = fixture.get("/v1/products/A%201").await;
        assert_eq!(
            response.headers()["ratelimit-policy"],
            "\"address\";q=2;w=60"
        );
        let limit = response.headers()["ratelimit"].to_str().unwrap().to_owned();
        assert!(
            limit.starts_with(&format!("\"address\";r={left};t=")),
            "{limit}"
        );
    }
    let response = fixture.get("/v1/products/A%201").await;
    let wait: u64 = response.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((20..=30).contains(&wait), "{wait}");
    assert!(
        response.headers()["ratelimit"]
            .to_str()
            .unwrap()
            .starts_with("\"address\";r=0")
    );
    assert_eq!(response.status(), 429);
    assert_eq!(reason(&error(response).await), "RATE_LIMITED");
    assert_eq!(fixture.upstream.calls().len(), 2);
    assert_eq!(
        fixture.get("/livez").await.status(),
        200,
        "health is not counted"
    );
}

#[tokio::test]
async fn a_user_is_counted_apart_from_the_address() {
    let mut settings = settings();
    settings.rates.address_limit = Rate::of(100, 60);
    settings.rates.user_limit = Rate::of(1, 60);
    let fixture = Fixture::with(settings, shop).await;
    let first = fixture
        .as_user("GET", "/v1/orders/o-1")
        .send()
        .await
        .unwrap();
    assert_eq!(
        first.headers()["ratelimit-policy"],
        "\"address\";q=100;w=60, \"user\";q=1;w=60"
    );
    let second = fixture
        .as_user("GET", "/v1/orders/o-1")
        .send()
        .await
        .unwrap();
    assert_eq!(second.status(), 429);
    assert_eq!(info(&error(second).await)["metadata"]["policy"], "user");
    let refused = |limit| fixture.metric("edge_rate_limited_total", &[("limit", limit)]);
    let limits = ["address", "machine", "user", "streams"];
    assert_eq!(limits.map(refused), [0.0, 0.0, 1.0, 0.0].map(Some));
    assert_eq!(
        fixture.get("/v1/products/A%201").await.status(),
        200,
        "nobody in particular"
    );
}

#[tokio::test]
async fn an_address_is_counted_apart_at_methods_for_machines() {
    let mut settings = settings();
    settings.rates.address_limit = Rate::of(1, 60);
    settings.rates.machine_limit = Rate::of(2, 60);
    let fixture = Fixture::with(settings, shop).await;
    let event = async || {
        let path = "/v1/payment-providers/stripe/events";
        let response = fixture.request("POST", path).json(&()).send().await;
        let response = response.unwrap();
        let policy = &response.headers()["ratelimit-policy"];
        assert_eq!(policy, "\"machine\";q=2;w=60");
        response
    };
    // A burst of events beyond what a browser may do, and the browser may still do it.
    for _ in 0..2 {
        assert_eq!(event().await.status(), 200);
    }
    let refused = event().await;
    assert_eq!(refused.status(), 429);
    assert_eq!(info(&error(refused).await)["metadata"]["policy"], "machine");
    assert_eq!(fixture.get("/v1/products/A%201").await.status(), 200);
    let refused = fixture.get("/v1/products/A%201").await;
    assert_eq!(info(&error(refused).await)["metadata"]["policy"], "address");
}

#[tokio::test]
async fn without_redis_each_replica_counts_for_itself_and_no_request_fails() {
    let mut settings = settings();
    settings.rates.address_limit = Rate::of(2, 60);
    let redis_url = Some("redis://127.0.0.1:1".into());
    let upstream = Upstream::start(shop).await;
    let fixture = Fixture::before(
        upstream,
        Config {
            settings,
            redis_url,
            ..Config::default()
        },
    )
    .await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(fixture.get("/v1/products/A%201").await.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn replicas_count_together_through_redis() {
    let url = std::env::var("TEST_REDIS_URL").expect(
        "run it by `make test`, or start servers with scripts/servers: TEST_REDIS_URL is missing",
    );
    let mut settings = settings();
    // A quota of its own, so that earlier runs do not count.
    settings.web.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    settings.rates.address_limit = Rate::of(4, 600);
    let config = Config {
        settings,
        redis_url: Some(url.as_str().into()),
        ..Config::default()
    };
    let one = Fixture::before(Upstream::start(shop).await, config.clone()).await;
    let two = Fixture::before(Upstream::start(shop).await, config).await;
    let client = uuid::Builder::from_random_bytes(one.node.random.bytes())
        .into_uuid()
        .as_u128();
    let client = std::net::Ipv6Addr::from_bits(client).to_string();
    let mut statuses = Vec::new();
    for fixture in [&one, &two, &one, &two, &one, &two] {
        let request = fixture.request("GET", "/v1/products/A%201");
        let response = request
            .header("x-forwarded-for", &client)
            .send()
            .await
            .unwrap();
        statuses.push(response.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
}
