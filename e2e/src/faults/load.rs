//! Mixed traffic of many clients, whose choices follow from a seed.

mod acts;

use std::{sync::Arc, time::Duration};

use net::random::Random;
use reqwest::Method;
use serde_json::Value;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    history::{Asked, History},
    shop::Shop,
};
use crate::{Reply, Rest};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long clients insist on an answer to what they have begun once the load is over.
const INSISTENCE: Duration = Duration::from_secs(60);
/// The pause before something is asked again.
const PAUSE: Duration = Duration::from_millis(100);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How much load there is.
#[derive(Clone, Copy, Debug)]
pub struct Pressure {
    /// Clients at once.
    pub clients: usize,
    /// The pause between what a client does.
    pub pause: Duration,
}

/// Clients at work.
pub struct Load {
    /// They end when this is dropped.
    clients: JoinSet<()>,
    stop: watch::Sender<bool>,
}

struct Client {
    number: usize,
    /// Under which its keys are known.
    run: String,
    random: Random,
    shop: Arc<Shop>,
    history: Arc<History>,
    pause: Duration,
    stop: watch::Receiver<bool>,
    /// Its orders that were taken.
    orders: Vec<String>,
    begun: u64,
}

impl Load {
    /// Begins.
    pub fn start(shop: &Arc<Shop>, history: &Arc<History>, seed: u64, pressure: Pressure) -> Load {
        let stop = watch::Sender::new(false);
        let client = |number| Client {
            number,
            run: format!("{seed}-{}", crate::unique::unique("run")),
            random: Random::seeded(seed.wrapping_mul(1_000_003).wrapping_add(number as u64)),
            shop: shop.clone(),
            history: history.clone(),
            pause: pressure.pause,
            stop: stop.subscribe(),
            orders: Vec::new(),
            begun: 0,
        };
        let clients = (0..pressure.clients).map(|number| client(number).work());
        Load {
            clients: clients.collect(),
            stop,
        }
    }

    /// Ends once all clients know what became of what they began, or have given up on it.
    ///
    /// # Panics
    /// When a client has.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("clients take any answer");
        }
    }
}

impl Client {
    async fn work(mut self) {
        while !*self.stop.borrow() {
            self.act().await;
            let jitter = self.random.below(self.pause.as_millis() as usize + 1);
            sleep(self.pause / 2 + Duration::from_millis(jitter as u64)).await;
        }
    }

    /// Asks once, at the first edge that takes a connection, as a balancer of load would.
    async fn ask(
        &self,
        who: &Rest,
        method: Method,
        path: &str,
        body: &Value,
        key: &str,
    ) -> Option<Reply> {
        let asked = Asked {
            client: self.number,
            what: &format!("{method} {path}"),
            key,
            body,
        };
        let number = self.history.asked(&asked);
        let mut why = "no edge is open".to_owned();
        for door in self.shop.doors(&self.random) {
            let rest = who.at(door);
            let mut request = rest.request(method.clone(), path).timeout(PATIENCE);
            if !key.is_empty() {
                request = request.header("idempotency-key", key);
            }
            if !body.is_null() {
                request = request.json(body);
            }
            match rest.send(request).await {
                Ok(reply) => {
                    self.history.answered(number, Ok(&reply));
                    return Some(reply);
                }
                Err(error) => {
                    why = format!("{error:?}");
                    if !error.is_connect() {
                        break;
                    }
                }
            }
        }
        self.history.answered(number, Err(why));
        None
    }

    /// Asks until the answer is one, as long as the load lasts and a while longer.
    async fn insist(
        &self,
        who: &Rest,
        path: &str,
        body: &Value,
        key: &str,
        is_answer: impl Fn(&Reply) -> bool,
    ) -> Option<Reply> {
        let mut pause = PAUSE;
        let mut until = None;
        loop {
            let reply = self.ask(who, Method::POST, path, body, key).await;
            if let Some(reply) = reply.filter(&is_answer) {
                return Some(reply);
            }
            if *self.stop.borrow() {
                let until = until.get_or_insert_with(|| Instant::now() + INSISTENCE);
                if Instant::now() > *until {
                    return None;
                }
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}
