//! An edge of the Tradewind mesh whose services are one scripted server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::tradewind::catalog::v1::{GetProductResponse, Product};
use contracts::tradewind::orders::v1::{CreateOrderResponse, GetOrderResponse, Order};
use edge::{Config, Gateway, Rate, Settings, TrustedIssuers};
use reqwest::{Method, RequestBuilder, Response};
use runtime::identity::AccessClaims;
use runtime::mesh::Mesh;
use runtime::node::Node;
use runtime::testbed::Testbed;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::upstream::{Answer, Seen, Upstream};

const SERVICES: [&str; 8] = [
    "svc-auth",
    "svc-users",
    "svc-catalog",
    "svc-inventory",
    "svc-notify",
    "svc-orders",
    "svc-payments",
    "svc-shipping",
];

pub(crate) const USER: Uuid = Uuid::from_u128(7);
pub(crate) const SESSION: Uuid = Uuid::from_u128(8);

pub(crate) struct Fixture {
    pub(crate) address: SocketAddr,
    pub(crate) upstream: Upstream,
    pub(crate) node: Node,
    pub(crate) mesh: Testbed,
    pub(crate) client: reqwest::Client,
    pub(crate) shutdown: CancellationToken,
    _stop: DropGuard,
}

/// Limits are off, unless a test is about them.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.rates.address_limit = Rate::OFF;
    settings.rates.machine_limit = Rate::OFF;
    settings.rates.user_limit = Rate::OFF;
    settings.connections.edge_threads = 1;
    settings
}

impl Fixture {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(settings(), answer).await
    }

    pub(crate) async fn with(
        settings: Settings,
        answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let upstream = Upstream::start(answer).await;
        Self::before(
            upstream,
            Config {
                settings,
                ..Config::default()
            },
        )
        .await
    }

    pub(crate) async fn before(upstream: Upstream, config: Config) -> Self {
        Self::elsewhere(upstream, config, |_| ()).await
    }

    /// With a mesh that the test changes.
    pub(crate) async fn elsewhere(
        upstream: Upstream,
        config: Config,
        change: impl FnOnce(&Mesh),
    ) -> Self {
        let (mesh, node) = Self::mesh(&upstream).await;
        change(&node.mesh);
        let edge = edge::build(config, TrustedIssuers::default(), &node)
            .await
            .unwrap();
        Self::serve(edge, node, mesh, upstream).await
    }

    /// A mesh whose services are all that one.
    pub(crate) async fn mesh(upstream: &Upstream) -> (Testbed, Node) {
        let mut mesh = Testbed::new();
        let node = mesh.node("edge").await;
        for service in SERVICES {
            node.mesh.set(service, upstream.address.into());
        }
        (mesh, node)
    }

    pub(crate) async fn serve(
        edge: Arc<Gateway>,
        node: Node,
        mesh: Testbed,
        upstream: Upstream,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        tokio::spawn(edge.serve(listener, shutdown.clone()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let _stop = shutdown.clone().drop_guard();
        Self {
            address,
            upstream,
            node,
            mesh,
            client,
            shutdown,
            _stop,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(
            Method::from_bytes(method.as_bytes()).unwrap(),
            self.url(path),
        )
    }

    /// A request of a user.
    pub(crate) fn as_user(&self, method: &str, path: &str) -> RequestBuilder {
        self.request(method, path)
            .bearer_auth(self.token(&["user"]))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await.unwrap()
    }

    /// What the edge tells by this metric, with these among its labels.
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        ops::value(&self.node.telemetry.prometheus(), name, labels)
    }

    /// A token of [`USER`] with these roles, for 15 minutes.
    pub(crate) fn token(&self, roles: &[&str]) -> String {
        self.token_until(roles, self.node.clock.now() + Duration::from_secs(900))
    }

    pub(crate) fn token_until(&self, roles: &[&str], expires: DateTime<Utc>) -> String {
        let issuer = self.node.identity.verifier().issuer();
        self.mesh.signer().sign(&AccessClaims {
            iss: issuer.name.to_string(),
            aud: issuer.audience.to_string(),
            sub: USER,
            sid: SESSION,
            roles: roles.iter().map(ToString::to_string).collect(),
            iat: expires.timestamp() - 900,
            exp: expires.timestamp(),
            jti: Uuid::from_u128(9),
            pat: false,
        })
    }
}

/// What the services of a shop answer that has everything.
pub(crate) fn shop(seen: &Seen) -> Answer {
    match seen.path.rsplit('/').next().unwrap() {
        "GetProduct" => {
            let product = Product {
                sku: "A 1".into(),
                title: "Lamp".into(),
                ..Product::default()
            };
            Answer::message(&GetProductResponse {
                product: Some(product),
            })
        }
        "CreateOrder" => Answer::message(&CreateOrderResponse {
            order: Some(order()),
        }),
        "GetOrder" => Answer::message(&GetOrderResponse {
            order: Some(order()),
        }),
        _ => Answer::Message(Vec::new()),
    }
}

/// The body of an order.
pub(crate) fn an_order() -> Value {
    json!({
        "items": [{"sku": "A 1", "quantity": 2}],
        "shipTo": {"name": "Ada", "lines": ["1 Road"], "city": "London", "country": "GB"},
    })
}

pub(crate) fn order() -> Order {
    Order {
        order_id: "o-1".into(),
        user_id: USER.to_string(),
        ..Order::default()
    }
}

/// The error of a reply, after a check of its form.
pub(crate) async fn error(response: Response) -> Value {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = response.json().await.unwrap();
    let error = body["error"].clone();
    assert_eq!(error["code"], status, "{error}");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty()),
        "{error}"
    );
    error
}

/// The reason of an error.
pub(crate) fn reason(error: &Value) -> &str {
    info(error)["reason"].as_str().unwrap()
}

/// The ErrorInfo of an error, which every one has.
pub(crate) fn info(error: &Value) -> &Value {
    let details = error["details"].as_array().unwrap();
    let info = details
        .iter()
        .find(|one| one["@type"] == "type.googleapis.com/google.rpc.ErrorInfo");
    let info = info.unwrap_or_else(|| panic!("no ErrorInfo: {error}"));
    assert_eq!(info["domain"], "tradewind");
    info
}

/// The HTTP status, the name of the code, and the reason.
pub(crate) async fn refusal(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    let error = error(response).await;
    (
        status,
        error["status"].as_str().unwrap().to_owned(),
        reason(&error).to_owned(),
    )
}

/// The HTTP status and the name of the code, in front of servers that are not Tradewind's: whoever asks
/// them has not heard of our reasons.
pub(crate) async fn bare(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let error = error(response).await;
    assert!(!error.to_string().contains("ErrorInfo"), "{error}");
    (status, error["status"].as_str().unwrap().to_owned())
}

pub(crate) fn refused(status: u16, code: &str, reason: &str) -> (u16, String, String) {
    (status, code.to_owned(), reason.to_owned())
}
