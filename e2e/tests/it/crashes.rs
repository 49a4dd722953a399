//! Processes that die between any two steps of the saga: the points are those of its table.

mod telling;

use std::time::Duration;

use e2e::{
    Mesh, Rest,
    checkpoint::{Checkpoint, Side},
    condition::eventually,
    shop::{self, Customer},
};
use serde_json::{Value, json};
use svc_orders::domain::{PLANS, Plan, Step};
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(120);

/// Services that orders ask, by the variable that says where they are.
const CALLEES: [(&str, &str); 3] = [
    ("svc-inventory", "SVC_INVENTORY_URL"),
    ("svc-payments", "SVC_PAYMENTS_URL"),
    ("svc-shipping", "SVC_SHIPPING_URL"),
];

/// A mesh whose calls between services can be stopped.
struct Stage {
    mesh: Mesh,
    checkpoints: Vec<(&'static str, Checkpoint)>,
}

impl Stage {
    async fn set() -> Stage {
        let mut mesh = Mesh::real().await;
        let mut checkpoints = Vec::new();
        for (service, variable) in CALLEES {
            let checkpoint = Checkpoint::before(&mesh.grpc[service]).await;
            mesh.set(variable, &checkpoint.url);
            checkpoints.push((service, checkpoint));
        }
        for lease in ["RECOVERY_LEASE", "PAYMENTS_LEASE"] {
            mesh.set(lease, "1s");
        }
        mesh.kill_all();
        mesh.restart().await;
        Stage { mesh, checkpoints }
    }

    fn checkpoint(&self, service: &str) -> Checkpoint {
        let mut all = self.checkpoints.iter();
        let found = all.find(|(name, _)| *name == service);
        found.expect("orders ask it").1.clone()
    }

    /// Has `act` come to a call of a method, kills all replicas of a service there, starts them again,
    /// and waits until everything has come to its end and all invariants hold. Who acts may wait for
    /// longer: a key is kept for whoever held it when it was killed.
    async fn crash<T: Send + 'static>(
        &mut self,
        (callee, method): (&str, &str),
        side: Side,
        victim: &str,
        act: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let checkpoint = self.checkpoint(callee);
        checkpoint.stop(method, side);
        let acting = tokio::spawn(act);
        let what = format!("{method} is stopped at its {side:?}");
        let reached = tokio::time::timeout(PATIENCE, checkpoint.stopped()).await;
        reached.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"));
        for replica in self.mesh.replicas(victim) {
            self.mesh.kill(&replica);
        }
        checkpoint.release();
        self.mesh.restart().await;
        self.mesh.databases.hold(0).await;
        acting
    }
}

/// Asks again and again, with the same key, until it is known what became of it.
async fn insist(buyer: Rest, order: Value, key: String) -> (u16, String) {
    let buyer = buyer.with_header("idempotency-key", &key);
    eventually("the order is placed or refused", PATIENCE, || async {
        let reply = buyer.post("/v1/orders", &order).await;
        let is_known = matches!(reply.status.as_u16(), 201 | 400);
        is_known.then(|| (reply.status.as_u16(), reply.text.clone()))
    })
    .await
}

/// Places an order: who has just been away is not called by everybody at once.
async fn place(buyer: &Rest, sku: &str, key: String) -> String {
    let (status, told) = insist(buyer.clone(), shop::order(&[(sku, 1)]), key).await;
    assert_eq!(status, 201, "{told}");
    let order: Value = serde_json::from_str(&told).expect("it is JSON");
    order["orderId"].as_str().expect("it has an id").to_owned()
}

/// Every ask of a plan, at both sides, with the death of orders and of whom they ask.
fn points(plan: &Plan) -> Vec<((&'static str, &'static str), Side, &'static str)> {
    let mut points = Vec::new();
    for (ask, _) in plan.asks {
        let (callee, method) = ask.method();
        for side in [Side::Request, Side::Reply] {
            for victim in ["svc-orders", callee] {
                points.push(((callee, method), side, victim));
            }
        }
    }
    points
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies_between_any_two_steps_of_the_saga_nothing_is_lost_or_done_twice() {
    let mut stage = Stage::set().await;
    let admin = stage.mesh.admin().await;
    let buyer = Customer::register(&stage.mesh).await;
    let sku = shop::product(&admin, 1_000).await;
    let mut buyers = Vec::new();
    for plan in PLANS {
        for (call, side, victim) in points(plan) {
            let mut order = shop::order(&[(&sku, 1)]);
            match plan.done {
                Step::FinishReject => order["paymentToken"] = json!("tok_decline_insufficient"),
                Step::FinishCancel => {
                    let key = format!("cancelled-{}-{side:?}-{victim}", call.1);
                    let placed = place(&buyer.rest, &sku, key).await;
                    let cancel = format!("/v1/orders/{placed}:cancel");
                    let rest = buyer.rest.clone();
                    let act = async move {
                        eventually("the order is cancelled or not", PATIENCE, || async {
                            let reply = rest.post(&cancel, &json!({})).await;
                            (reply.status.as_u16() != 503).then_some(())
                        })
                        .await;
                    };
                    let acting = stage.crash(call, side, victim, act).await;
                    acting.await.expect("whoever cancels gets an answer");
                    continue;
                }
                _ => {}
            }
            let key = format!("crash-{}", buyers.len());
            let act = insist(buyer.rest.clone(), order.clone(), key.clone());
            let acting = stage.crash(call, side, victim, act).await;
            buyers.push((format!("{call:?}, {side:?}, {victim}"), acting, order, key));
        }
    }
    // The answer stays what it was, and there is one order.
    for (point, acting, order, key) in buyers {
        let told = acting.await.expect("a buyer gets an answer");
        let again = insist(buyer.rest.clone(), order, key).await;
        assert_eq!(told, again, "{point}");
    }

    // Money is asked for once the carrier has the shipment.
    for side in [Side::Request, Side::Reply] {
        for victim in ["svc-orders", "svc-payments"] {
            let key = format!("captured-{side:?}-{victim}");
            let order = place(&buyer.rest, &sku, key).await;
            let what = format!("{order} has a shipment");
            let shipment = eventually(&what, PATIENCE, || shop::shipment_of(&admin, &order)).await;
            let id = shipment["shipmentId"].as_str().expect("it has an id");
            let dispatch = format!("/v1/shipments/{id}:dispatch");
            let admin = admin.clone();
            let act = async move {
                let by = json!({"carrier": "Blue Anchor", "trackingNumber": "BA-1"});
                admin.post(&dispatch, &by).await
            };
            let call = ("svc-payments", "CapturePayment");
            let acting = stage.crash(call, side, victim, act).await;
            acting.await.expect("whoever acts takes any answer");
        }
    }
}
