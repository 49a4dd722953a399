//! Heads that went out with the events of orders, and that whoever writes to the orders cannot take back.

use anyhow::{Context as _, Result};
use bus::JetStreamConfig;
use contracts::{Event, tradewind::orders::v1::OrderChanged};
use net::SecretUrl;
use store::{Database, outbox};
use svc_orders::audit::{Head, PublicKey};
use uuid::Uuid;

use crate::streams::connect;

/// So many events of an outbox are read at once.
const PAGE: i64 = 1000;

/// The heads that went out.
pub(super) struct Told<'a> {
    keys: &'a [PublicKey],
    pub(super) heads: Vec<Head>,
    /// How many are by none of the keys: anybody may have made them up.
    pub(super) strange: usize,
}

impl<'a> Told<'a> {
    /// Those that the stream of NATS still keeps.
    pub(super) async fn by_stream(url: SecretUrl, keys: &'a [PublicKey]) -> Result<Told<'a>> {
        let bus = connect(JetStreamConfig::new(url)).await?;
        let mut told = Told::none(keys);
        let read = bus.kept(OrderChanged::SUBJECT, |event| told.add(&event.data));
        read.await.context("the heads that went out")?;
        Ok(told)
    }

    /// Those that are still in the outbox of svc-orders.
    pub(super) async fn by_outbox(database: &Database, keys: &'a [PublicKey]) -> Result<Told<'a>> {
        let (mut told, mut after) = (Told::none(keys), Uuid::nil());
        loop {
            let mut tx = database.read().await?;
            let page = outbox::written(&mut tx, OrderChanged::SUBJECT, after, PAGE).await?;
            drop(tx);
            let Some(last) = page.last() else {
                return Ok(told);
            };
            after = last.id;
            for event in page {
                told.add(&event.data);
            }
        }
    }

    /// Nobody is asked.
    pub(super) fn none(keys: &'a [PublicKey]) -> Told<'a> {
        Told {
            keys,
            heads: Vec::new(),
            strange: 0,
        }
    }

    fn add(&mut self, data: &[u8]) {
        let Some(event) = read::<OrderChanged>(data) else {
            self.strange += 1;
            return;
        };
        // The first event of an order sends none, and neither do those of before there were any.
        if event.history_hash.is_empty() {
            return;
        }
        let Ok(order_id) = event.order_id.parse() else {
            self.strange += 1;
            return;
        };
        let head = Head {
            order_id,
            version: event.version,
            hash: event.history_hash,
            signature: event.history_signature,
        };
        match head.is_signed_by(self.keys) {
            true => self.heads.push(head),
            false => self.strange += 1,
        }
    }
}

fn read<M: Event>(data: &[u8]) -> Option<M> {
    M::decode(data).ok()
}
