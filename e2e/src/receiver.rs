//! A server that webhooks are sent to: it writes down what comes, and says that all is well.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
};

use crate::Setup;

/// The server. It goes on until it is dropped.
pub struct Receiver {
    /// Where it is.
    pub url: String,
    shared: Arc<Shared>,
    /// Of its own: it does not end with a test that shares the mesh.
    runtime: Option<Runtime>,
}

/// An event as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its `webhook-id`.
    pub id: String,
    /// What it says that it is.
    pub kind: String,
}

#[derive(Default)]
struct Shared {
    told: Mutex<Vec<Told>>,
    holds: watch::Sender<bool>,
}

impl Receiver {
    /// On a port of its own.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn start() -> Receiver {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        Receiver::at(listener.expect("loopback has a free port"))
    }

    /// At the port of somebody who listens already.
    ///
    /// # Panics
    /// When the system has no threads left.
    pub fn at(listener: TcpListener) -> Receiver {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.expect("a thread can be made");
        let address = listener.local_addr().expect("it is bound");
        let nonblocking = listener.set_nonblocking(true);
        nonblocking.expect("a socket can be told not to block");
        let shared = Arc::<Shared>::default();
        let router = Router::new()
            .route("/", post(take))
            .with_state(shared.clone());
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener);
            axum::serve(listener.expect("it does not block"), router).await
        });
        Receiver {
            url: format!("http://{address}/"),
            shared,
            runtime: Some(runtime),
        }
    }

    /// A mesh that may tell it.
    #[must_use]
    pub fn allowed(setup: Setup) -> Setup {
        setup
            .with("WEBHOOK_ALLOW_HTTP", "true")
            .with("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
            .with("WEBHOOK_PORTS", "any")
    }

    /// From now on it writes down what comes and does not answer, or answers that and all others.
    pub fn hold(&self, holds: bool) {
        self.shared.holds.send_replace(holds);
    }

    /// What came, the first first.
    pub fn told(&self) -> Vec<Told> {
        self.shared.told().clone()
    }
}

impl Shared {
    fn told(&self) -> MutexGuard<'_, Vec<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let id = headers.get("webhook-id");
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let told = Told {
        id: id.to_owned(),
        kind: event["type"].as_str().unwrap_or_default().to_owned(),
    };
    shared.told().push(told);
    let mut holds = shared.holds.subscribe();
    match holds.wait_for(|holds| !holds).await {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl Drop for Receiver {
    /// A runtime may not wait for its threads inside of another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
