//! Refreshes of sessions.

use std::time::Duration;

use e2e::{Mesh, shop::Customer};
use serde_json::json;
use tokio::sync::Mutex;

use crate::{Section, load};

const CLIENTS: usize = 32;
const TIME: Duration = Duration::from_secs(10);

pub(crate) async fn measure(mesh: &Mesh) -> Section {
    let mut tokens = Vec::new();
    for _ in 0..CLIENTS {
        tokens.push(Mutex::new(Customer::register(mesh).await.refresh_token));
    }
    let rests: Vec<_> = mesh.edges.iter().map(|edge| mesh.rest().at(edge)).collect();
    let refresh = |number: usize| {
        let (rest, token) = (&rests[number % rests.len()], &tokens[number]);
        async move {
            let mut token = token.lock().await;
            let reply = rest
                .post("/v1/auth/refresh", &json!({"refreshToken": *token}))
                .await;
            if reply.status == 200 {
                *token = reply.text_at("/refreshToken");
            }
            reply.status == 200
        }
    };
    let run = load::closed(CLIENTS, TIME, refresh).await;
    Section {
        title: "Refreshing sessions",
        about:
            "Each refresh makes a new generation of the refresh token and signs an access token."
                .into(),
        rows: vec![
            (
                format!("refreshes per second, {CLIENTS} clients"),
                format!("{:.0}", run.per_second()),
            ),
            ("p50".into(), format!("{:.1} ms", run.quantile(0.5))),
            ("p99".into(), format!("{:.1} ms", run.quantile(0.99))),
            ("failed".into(), format!("{}", run.failed)),
        ],
    }
}
