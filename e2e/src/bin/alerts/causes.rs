//! What is broken, and the alert that it has to bring about.

use e2e::faults::kinds;
use futures::future::BoxFuture;

use super::scene::Scene;

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

pub(super) const CAUSES: &[Cause] = &[
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
