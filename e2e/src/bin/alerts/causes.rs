//! What is broken, and the alert that it has to bring about.

use std::time::Duration;

use e2e::{faults::kinds, provider, shop};
use futures::future::BoxFuture;
use serde_json::json;

use super::scene::{RIGHT, Scene, WRONG};

/// Something that happens.
type Act = for<'a> fn(&'a mut Scene) -> BoxFuture<'a, ()>;

pub(super) struct Cause {
    /// A sentence.
    pub(super) name: &'static str,
    pub(super) alert: &'static str,
    /// Labels that the alert has.
    pub(super) labels: &'static [(&'static str, &'static str)],
    pub(super) happens: Act,
    pub(super) heals: Act,
}

/// Those first whose alerts look at the last hour.
pub(super) const CAUSES: &[Cause] = &[
    Cause {
        name: "an event that nobody can read",
        alert: "DeadLetters",
        labels: &[("service_name", "svc-shipping")],
        happens: |scene| fault(scene, "an_event_is_poison"),
        heals: nothing,
    },
    Cause {
        name: "a refresh token used again",
        alert: "RefreshTokenReused",
        labels: &[],
        happens: |scene| Box::pin(reuse(scene)),
        heals: nothing,
    },
    Cause {
        name: "a wrong configuration of the edge",
        alert: "ConfigurationRefused",
        labels: &[],
        happens: |scene| Box::pin(configure(scene, WRONG)),
        heals: |scene| Box::pin(configure(scene, RIGHT)),
    },
    Cause {
        name: "forged events of the payment provider",
        alert: "ProviderEventsRefused",
        labels: &[],
        happens: |scene| Box::pin(forge(scene)),
        heals: nothing,
    },
    Cause {
        name: "guessed passwords",
        alert: "PasswordsGuessed",
        labels: &[],
        happens: |scene| Box::pin(async { guess(scene) }),
        heals: |scene| {
            Box::pin(async {
                if let Some(guesser) = scene.guesser.take() {
                    guesser.abort();
                }
            })
        },
    },
    Cause {
        name: "Redis stopped",
        alert: "DependencyDown",
        labels: &[("service_name", "svc-catalog"), ("dependency", "cache")],
        happens: |scene| fault(scene, "redis_is_stopped"),
        heals: |scene| heal(scene, "redis_is_stopped"),
    },
    Cause {
        name: "NATS stopped, and an order",
        alert: "OutboxWaits",
        labels: &[("service_name", "svc-orders")],
        happens: |scene| {
            Box::pin(async {
                fault(scene, "nats_is_restarted").await;
                let order = scene.customer.order(&scene.sku, 1).await;
                order.expect(201);
            })
        },
        heals: |scene| heal(scene, "nats_is_restarted"),
    },
    Cause {
        name: "a process killed",
        alert: "ProcessDown",
        labels: &[("service", "svc-catalog")],
        happens: |scene| Box::pin(async { scene.stage.mesh.kill("svc-catalog-1") }),
        heals: |scene| Box::pin(scene.stage.mesh.restart()),
    },
    Cause {
        name: "Postgres stopped",
        alert: "DatabaseDown",
        labels: &[("service_name", "svc-orders")],
        happens: |scene| fault(scene, "postgres_stops_at_once_and_starts_again"),
        heals: |scene| heal(scene, "postgres_stops_at_once_and_starts_again"),
    },
];

/// A fault of [`kinds`] happens.
fn fault<'a>(scene: &'a mut Scene, name: &str) -> BoxFuture<'a, ()> {
    let fault = kinds::all().find(|fault| fault.name == name);
    (fault.expect("it is one of them").inject)(&mut scene.stage)
}

/// It is over.
fn heal<'a>(scene: &'a mut Scene, name: &str) -> BoxFuture<'a, ()> {
    let fault = kinds::all().find(|fault| fault.name == name);
    (fault.expect("it is one of them").heal)(&mut scene.stage)
}

fn nothing(_: &mut Scene) -> BoxFuture<'_, ()> {
    Box::pin(std::future::ready(()))
}

/// Uses a token once more whose successor has a successor.
async fn reuse(scene: &mut Scene) {
    let rest = scene.stage.mesh.rest();
    let first = json!({"refreshToken": scene.customer.refresh_token});
    let mut token = scene.customer.refresh_token.clone();
    for _ in 0..2 {
        let body = json!({"refreshToken": token});
        let reply = rest.post("/v1/auth/refresh", &body).await.expect(200);
        token = reply.text_at("/refreshToken");
    }
    let reply = rest.post("/v1/auth/refresh", &first).await;
    reply.refused(401, "REFRESH_TOKEN_INVALID");
    scene.customer = shop::Customer::register(&scene.stage.mesh).await;
}

/// Replaces the edges' file as a whole.
async fn configure(scene: &mut Scene, text: &str) {
    let file = &scene.configuration;
    let new = file.with_extension("new");
    let replaced = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, file));
    replaced.expect("the mesh's folder can be written");
}

async fn forge(scene: &mut Scene) {
    for number in 0..30 {
        let event = json!({"id": format!("evt_{number}"), "type": "payment_intent.succeeded"});
        let body = event.to_string();
        let forged = provider::signature(&scene.stage.mesh, "another body");
        let reply = provider::tell(&scene.stage.mesh, &body, Some(&forged)).await;
        let reply = reply.expect("the edge answers");
        assert_eq!(reply.status, 400, "{}", reply.text);
    }
}

/// Somebody begins to try passwords of an account, five a second.
fn guess(scene: &mut Scene) {
    let rest = scene.stage.mesh.rest();
    let login = json!({"email": scene.customer.email, "password": "not that one, surely"});
    scene.guesser = Some(tokio::spawn(async move {
        loop {
            rest.post("/v1/auth/login", &login).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }));
}
