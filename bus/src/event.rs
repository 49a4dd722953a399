use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Something that happened to an aggregate, as its service tells the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique for ever; consumers recognise a repetition by it.
    pub id: Uuid,
    /// `<service>.v1.<Event>`, such as `orders.v1.OrderConfirmed`: the message
    /// `tradewind.orders.v1.OrderConfirmed` of the contracts.
    pub subject: String,
    /// The process that published it, such as `svc-orders`.
    pub source: String,
    /// Of which aggregate it tells: an order's id, a SKU.
    pub aggregate_id: String,
    /// The aggregate's version after the change. Grows with each event of the aggregate.
    pub version: i64,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// The message, in protobuf.
    pub data: Bytes,
    /// The trace that it belongs to: `traceparent` and `tracestate` of W3C Trace Context.
    pub trace: Vec<(String, String)>,
    /// 0, and one more each time that an operator has it published again, for a bus that lost it: a
    /// server that remembers the one before does not take this for its repetition. Not sent along.
    pub publication: i64,
}
