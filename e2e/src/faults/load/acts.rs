//! What a client does.

use reqwest::Method;
use serde_json::{Value, json};

use super::Client;
use crate::{
    Reply, Rest,
    faults::history::{Outcome, is_failure},
    invariants::Rule,
    shop,
};

impl Client {
    pub(super) async fn act(&mut self) {
        match self.random.below(100) {
            0..52 => self.order().await,
            52..62 => self.look_at_order().await,
            62..68 => self.cancel().await,
            68..80 => self.dispatch().await,
            80..84 => self.refund().await,
            84..92 => self.browse().await,
            _ => self.trespass().await,
        }
    }

    fn customer(&self) -> usize {
        self.number % self.shop.customers.len()
    }

    fn rest(&self) -> Rest {
        self.shop.customers[self.customer()].rest.clone()
    }

    fn any<'a>(&self, list: &'a [String]) -> Option<&'a String> {
        list.get(self.random.below(list.len()))
    }

    /// Orders, and insists on knowing what became of it.
    async fn order(&mut self) {
        self.begun += 1;
        let key = format!("{}-{}-{}", self.run, self.number, self.begun);
        let mut items = Vec::new();
        for _ in 0..=self.random.below(3) {
            let products = match self.random.below(12) {
                0 => &self.shop.scarce,
                _ => &self.shop.plenty,
            };
            let sku = self.any(products).expect("there are products").as_str();
            if items.iter().all(|(other, _)| *other != sku) {
                items.push((sku, 1 + self.random.below(3) as i64));
            }
        }
        let mut body = shop::order(&items);
        body["paymentToken"] = json!(self.shop.token(&self.random));
        self.history.wanted(&key, self.customer(), &body["items"]);
        let is_answer = |reply: &Reply| reply.status == 201 || is_refusal(reply);
        let rest = self.rest();
        let reply = self
            .insist(&rest, "/v1/orders", &body, &key, is_answer)
            .await;
        let Some(reply) = reply else { return };
        if reply.status != 201 {
            self.history.decided(&key, Outcome::Refused);
            return;
        }
        let (Some(id), Some(state)) = (text(&reply.json["orderId"]), text(&reply.json["state"]))
        else {
            let what = format!("an order was answered by {}", reply.text);
            return self.history.is_wrong(Rule::Answers, what);
        };
        let taken = Outcome::Taken {
            id: id.clone(),
            total: reply.json["total"].clone(),
            is_confirmed: state == "ORDER_STATE_CONFIRMED",
        };
        self.history.decided(&key, taken);
        self.orders.push(id.clone());
        if state == "ORDER_STATE_AWAITING_PAYMENT" && self.random.below(10) > 0 {
            self.authenticate(&id).await;
        }
    }

    /// Does what the bank asks, or refuses to.
    async fn authenticate(&self, order: &str) {
        let rest = self.rest();
        let payments = self.get(&rest, format!("/v1/payments?orderId={order}"));
        let payment = payments
            .await
            .and_then(|it| text(&it["payments"][0]["paymentId"]));
        let Some(payment) = payment else { return };
        let action = self.get(&rest, format!("/v1/payments/{payment}/action"));
        let page = action.await.and_then(|it| text(&it["redirectUrl"]));
        let Some(page) = page else { return };
        let is_approved = self.random.below(5) > 0;
        let path = format!("{page}:finish?approved={is_approved}");
        let nobody = rest.with_token("");
        self.ask(&nobody, Method::POST, &path, &Value::Null, "")
            .await;
    }

    async fn get(&self, who: &Rest, path: String) -> Option<Value> {
        let reply = self.ask(who, Method::GET, &path, &Value::Null, "").await?;
        (reply.status == 200).then_some(reply.json)
    }

    /// What was answered with success can be read.
    async fn look_at_order(&self) {
        let Some(order) = self.any(&self.orders) else {
            return;
        };
        let path = format!("/v1/orders/{order}");
        let rest = self.rest();
        let reply = self.ask(&rest, Method::GET, &path, &Value::Null, "").await;
        if reply.is_some_and(|reply| reply.status == 404) {
            let what = format!("the order {order} was taken and is not found");
            self.history.is_wrong(Rule::Answers, what);
        }
    }

    async fn cancel(&self) {
        let Some(order) = self.any(&self.orders) else {
            return;
        };
        let path = format!("/v1/orders/{order}:cancel");
        let body = json!({"reason": "changed my mind"});
        let reply = self.ask(&self.rest(), Method::POST, &path, &body, "").await;
        if reply.is_some_and(|it| it.json["state"] == "ORDER_STATE_CANCELLED") {
            self.history.known().cancelled.push(order.clone());
        }
    }

    async fn dispatch(&self) {
        let Some(order) = self.any(&self.orders) else {
            return;
        };
        let admin = &self.shop.admin;
        let shipments = self.get(admin, format!("/v1/shipments?orderId={order}"));
        let shipment = shipments
            .await
            .and_then(|it| text(&it["shipments"][0]["shipmentId"]));
        let Some(shipment) = shipment else { return };
        let path = format!("/v1/shipments/{shipment}:dispatch");
        let body = json!({"carrier": "Blue Anchor", "trackingNumber": "BA-1"});
        let reply = self.ask(admin, Method::POST, &path, &body, "").await;
        if reply.is_some_and(|it| it.status == 200) {
            self.history.known().dispatched.push(order.clone());
        }
    }

    /// Gives a pound back of what was taken, and insists on knowing what became of it.
    async fn refund(&mut self) {
        let Some(order) = self.any(&self.orders).cloned() else {
            return;
        };
        let admin = self.shop.admin.clone();
        let payments = self.get(&admin, format!("/v1/payments?orderId={order}"));
        let Some(payments) = payments.await else {
            return;
        };
        let Some(payment) = text(&payments["payments"][0]["paymentId"]) else {
            return;
        };
        let amount = json!({"currencyCode": "GBP", "units": "1"});
        let body = json!({"amount": amount, "reason": "a scratch"});
        self.begun += 1;
        let key = format!("{}-{}-{}", self.run, self.number, self.begun);
        let path = format!("/v1/payments/{payment}:refund");
        let pence = shop::pence(&body["amount"]);
        let count = |asked: i64, answered: i64| {
            let mut known = self.history.known();
            let refunds = known.refunds.entry(payment.clone()).or_default();
            *refunds = (refunds.0 + asked, refunds.1 + answered);
        };
        count(pence, 0);
        let is_answer = |reply: &Reply| reply.status.is_success() || is_refusal(reply);
        let reply = self.insist(&admin, &path, &body, &key, is_answer).await;
        match reply {
            Some(reply) if reply.status.is_success() => count(0, pence),
            Some(_) => count(-pence, 0),
            None => {}
        }
    }

    async fn browse(&self) {
        let sku = self.any(&self.shop.plenty).expect("there are products");
        let path = match self.random.below(4) {
            0 => format!("/v1/products/{sku}"),
            1 => format!("/v1/stock/{sku}"),
            2 => "/v1/users/me".to_owned(),
            _ => "/v1/orders?pageSize=20".to_owned(),
        };
        self.get(&self.rest(), path).await;
    }

    /// Tries what it has no right to.
    async fn trespass(&self) {
        let found = {
            let known = self.history.known();
            let others = known.found.iter().filter(|it| it.0 != self.customer());
            let others: Vec<_> = others.map(|(_, id)| id.clone()).collect();
            self.any(&others).cloned()
        };
        let Some(order) = found else { return };
        let rest = self.rest();
        let (who, method, path) = match self.random.below(6) {
            0 => (rest, Method::GET, format!("/v1/orders/{order}")),
            1 => (rest, Method::POST, format!("/v1/orders/{order}:cancel")),
            2 => (
                rest,
                Method::POST,
                format!("/v1/shipments/{order}:dispatch"),
            ),
            3 => (rest, Method::POST, format!("/v1/payments/{order}:refund")),
            4 => (
                rest.with_token(""),
                Method::GET,
                format!("/v1/orders/{order}"),
            ),
            _ => (
                rest.with_token("e30.e30.e30"),
                Method::GET,
                "/v1/users/me".to_owned(),
            ),
        };
        let body = match method {
            Method::GET => Value::Null,
            _ => json!({}),
        };
        let reply = self.ask(&who, method, &path, &body, "").await;
        if reply.is_some_and(|reply| reply.status.is_success()) {
            let what = format!("{path} was answered to somebody without the right to it");
            self.history.is_wrong(Rule::Rights, what);
        }
    }
}

/// Whether a request was refused for good.
fn is_refusal(reply: &Reply) -> bool {
    reply.status.is_client_error() && reply.status != 401 && !is_failure(reply)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
