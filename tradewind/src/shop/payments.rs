//! The money of orders: what was held back for them, taken with the goods, and given back.

use std::collections::HashMap;

use money::Money;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    amount,
    client::{Client, Failure},
};

/// A payment as the API tells it, in minor units.
pub(crate) struct Payment {
    pub(crate) id: String,
    /// Id of its order.
    pub(crate) order: String,
    pub(crate) state: String,
    pub(crate) currency: String,
    pub(crate) authorized: i64,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    /// States of its refunds, by their ids.
    pub(crate) refunds: HashMap<String, String>,
}

impl Payment {
    fn read(payment: &Value) -> Payment {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let minor = |value: &Value| amount::from_json(value).map_or(0, |amount| amount.minor);
        let state = |value: &Value, prefix| text(value).trim_start_matches(prefix).to_owned();
        let refunds = payment["refunds"].as_array();
        let refund = |it: &Value| (text(&it["refundId"]), state(&it["state"], "REFUND_STATE_"));
        Payment {
            id: text(&payment["paymentId"]),
            order: text(&payment["orderId"]),
            state: state(&payment["state"], "PAYMENT_STATE_"),
            currency: text(&payment["amount"]["currencyCode"]),
            authorized: minor(&payment["authorized"]),
            captured: minor(&payment["captured"]),
            refunded: minor(&payment["refunded"]),
            refunds: refunds.into_iter().flatten().map(refund).collect(),
        }
    }
}

/// Money to give back.
pub(crate) struct NewRefund {
    /// The same id is the same refund, for good.
    pub(crate) id: Uuid,
    pub(crate) amount: Money,
    pub(crate) reason: String,
}

/// All payments.
pub(crate) async fn all(client: &Client) -> Result<Vec<Payment>, Failure> {
    let payments = client
        .list(&["v1", "payments"], &[], "payments", Some(200))
        .await?;
    Ok(payments.iter().map(Payment::read).collect())
}

/// The payment of an order; none if it is billed elsewhere.
pub(crate) async fn of_order(client: &Client, order: &str) -> Result<Option<Payment>, Failure> {
    let call = client.get(["v1", "payments"]).query("orderId", order);
    let reply = client.send(call).await?;
    let payments = reply["payments"].as_array();
    Ok(payments.and_then(|them| them.first()).map(Payment::read))
}

/// Hands the shipment of an order to a carrier, if it is there and waits: then its money is taken.
pub(crate) async fn dispatch(
    client: &Client,
    order: &str,
    carrier: &str,
    tracking_number: &str,
) -> Result<(), Failure> {
    let call = client.get(["v1", "shipments"]).query("orderId", order);
    let reply = client.send(call).await?;
    let shipment = &reply["shipments"][0];
    if shipment["state"] != "SHIPMENT_STATE_PREPARING" {
        return Ok(());
    }
    let action = format!(
        "{}:dispatch",
        shipment["shipmentId"].as_str().unwrap_or_default()
    );
    let call = client
        .post(["v1", "shipments", &action])
        .body(json!({"carrier": carrier, "trackingNumber": tracking_number}));
    client.send(call).await.map(|_| ())
}

/// Has money given back, once for its id.
pub(crate) async fn refund(
    client: &Client,
    payment: &Payment,
    refund: &NewRefund,
) -> Result<(), Failure> {
    let action = format!("{}:refund", payment.id);
    let call = client
        .post(["v1", "payments", &action])
        .body(json!({
            "refundId": refund.id.to_string(),
            "amount": amount::to_json(refund.amount),
            "reason": refund.reason,
        }))
        .idempotency_key(format!("refund-{}", refund.id));
    client.send(call).await.map(|_| ())
}
