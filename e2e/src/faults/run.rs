//! A fault under load: injected, healed, waited for, and judged.

use std::{path::Path, sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    answers, delay,
    fault::{Fault, Notice},
    history::History,
    load::{Load, Pressure},
    quiescence,
    report::Row,
    stage::Stage,
};
use crate::{
    condition::eventually,
    invariants::{Rule, Violation},
    shop,
};

/// How long a mesh may take until it serves again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Orders between one fault and the next.
const BETWEEN: usize = 50;

/// How a fault is tried.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// What its choices follow from.
    pub seed: u64,
    /// The load.
    pub pressure: Pressure,
    /// Orders that are taken before it happens, and again when it is healed.
    pub orders: usize,
    /// It lasts no longer than this.
    pub at_most: Duration,
}

impl Trial {
    /// Tries a fault, and writes its history into a folder.
    pub async fn of(self, fault: &Fault, stage: &mut Stage, folder: &Path) -> Row {
        let (load, history) = self.begin(fault.name, stage, folder);
        more(&history, self.orders).await;
        let served_after = self.strike(fault, stage, &history).await;
        more(&history, self.orders).await;
        load.stop().await;
        self.judge(fault.name, fault.notice, stage, history, served_after)
            .await
    }

    /// Tries faults one after the other, by chance, until all orders are taken.
    pub async fn of_all(self, faults: &[&Fault], stage: &mut Stage, folder: &Path) -> Row {
        let name = "one_fault_after_the_other";
        let (load, history) = self.begin(name, stage, folder);
        let mut served_after = Duration::ZERO;
        while history.taken() < self.orders {
            let fault = faults[stage.random.below(faults.len())];
            served_after = served_after.max(self.strike(fault, stage, &history).await);
            more(&history, BETWEEN).await;
        }
        load.stop().await;
        self.judge(name, Notice::Failures, stage, history, served_after)
            .await
    }

    fn begin(self, name: &str, stage: &mut Stage, folder: &Path) -> (Load, Arc<History>) {
        let file = folder.join(format!("{name}-{}.jsonl", self.seed));
        let history = Arc::new(History::new(&file));
        stage.histories.push(history.clone());
        let load = Load::start(&stage.shop, &history, self.seed, self.pressure);
        (load, history)
    }

    /// It happens, lasts, and is healed. Returns after which time each edge serves again.
    async fn strike(self, fault: &Fault, stage: &mut Stage, history: &History) -> Duration {
        history.note(&format!("{} happens", fault.name));
        (fault.inject)(stage).await;
        sleep(fault.lasts.min(self.at_most)).await;
        history.note("it is healed");
        let healed = Instant::now();
        (fault.heal)(stage).await;
        serves(stage).await;
        history.note("each edge serves");
        healed.elapsed()
    }

    /// What holds once nothing is under way any more.
    async fn judge(
        self,
        name: &'static str,
        notice: Notice,
        stage: &Stage,
        history: Arc<History>,
        served_after: Duration,
    ) -> Row {
        let (settled_after, mut violations) = quiescence::wait(stage).await;
        // What was lost was told of, and nobody knows any more who has published it.
        if notice != Notice::Losses {
            let databases = &stage.mesh.databases;
            violations.extend(stage.outsider.wrong(databases).await);
        }
        violations.extend(answers::wrong(&stage.shop, &stage.histories).await);
        let mut failures = history.failures();
        match notice {
            Notice::Failures => {}
            Notice::Nothing => {
                if !failures.is_empty() {
                    let what = format!("of this nobody may notice anything: {failures:?}");
                    violations.push(Violation::of(Rule::Answers, what));
                }
            }
            Notice::Losses => {
                let lost = violations.extract_if(.., |it| it.rule == Rule::Answers);
                failures.insert("answer that was lost".to_owned(), lost.count() as u64);
                // What others tell of an order that is lost, nobody can take.
                violations.retain(|it| it.rule != Rule::DeadLetters);
            }
        }
        let shipped_after = delay::median(&stage.mesh.databases, &history).await;
        Row {
            name,
            seed: self.seed,
            requests: history.requests(),
            orders: history.taken(),
            failures,
            shipped_after,
            served_after,
            settled_after,
            violations,
        }
    }
}

/// Waits until so many more orders were taken.
async fn more(history: &History, orders: usize) {
    let wanted = history.taken() + orders;
    let what = format!("{orders} orders more are taken");
    let is_enough = || std::future::ready((history.taken() >= wanted).then_some(()));
    eventually(&what, 3 * PATIENCE, is_enough).await;
}

/// Waits until each edge takes an order.
async fn serves(stage: &Stage) {
    let customer = &stage.shop.customers[0].rest;
    let mut order = shop::order(&[(&stage.shop.plenty[0], 1)]);
    order["paymentToken"] = json!("tok_decline_insufficient");
    for edge in &stage.mesh.edges {
        let what = format!("{edge} serves again");
        eventually(&what, PATIENCE, || async {
            let rest = customer.at(edge);
            let request = rest.request(Method::POST, "/v1/orders").json(&order);
            let request = request.timeout(Duration::from_secs(5));
            let reply = rest.send(request).await.ok()?;
            (reply.reason() == "PAYMENT_DECLINED").then_some(())
        })
        .await;
    }
}
