//! The orders that the edge's benchmark moves, and the contract without Tradewind's own options.

use axum::body::Bytes;
use contracts::{
    google::r#type::Money,
    tradewind::orders::v1::{
        Address, CreateOrderResponse, ListOrdersResponse, Order, OrderEvent, OrderItem, OrderState,
        WatchOrderResponse,
    },
};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use serde_json::json;

/// Size of the order that is posted, in bytes of JSON.
pub(crate) const POSTED: usize = 738;

/// Lines of the order of 5 kB.
const LINES_OF_LARGE: usize = 148;

/// Messages of a stream.
pub(crate) const EVENTS: i64 = 10_000;

/// The service that is called.
pub(crate) const SERVICE: &str = "tradewind.orders.v1.OrdersService";

/// An id as orders have.
pub(crate) const ORDER_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

const SOUND: &str = "the contracts have a sound descriptor set";

/// The JSON of an order with so many lines, of so many bytes: its address fills up what is missing.
fn order_of(lines: usize, size: usize) -> Vec<u8> {
    let items: Vec<_> = (0..lines)
        .map(|number| json!({"sku": format!("8512{number:02}A"), "quantity": number + 1}))
        .collect();
    let with_street = |street: &str| {
        let address = json!({"name": "Grace Hopper", "lines": ["Flat 2", street], "city": "Bristol",
            "postalCode": "BS1 4DB", "country": "GB"});
        let order = json!({"items": items, "shipTo": address});
        serde_json::to_vec(&order).expect("it is JSON already")
    };
    let missing = size - with_street("").len();
    assert!(
        missing <= 100,
        "a street has at most 100 characters, not {missing}"
    );
    with_street(&"Long Quay Street ".repeat(6)[..missing])
}

/// The JSON of an order of 738 bytes.
pub(crate) fn posted() -> Vec<u8> {
    order_of(17, POSTED)
}

/// The JSON of an order of 5 kB.
pub(crate) fn posted_large() -> Vec<u8> {
    order_of(LINES_OF_LARGE, 5000)
}

/// The same order as a message.
pub(crate) fn message_of(json: &[u8]) -> Vec<u8> {
    let pool = DescriptorPool::decode(contracts::FILE_DESCRIPTOR_SET).expect(SOUND);
    let message = pool.get_message_by_name("tradewind.orders.v1.CreateOrderRequest");
    let mut json = serde_json::Deserializer::from_slice(json);
    let message = DynamicMessage::deserialize(message.expect(SOUND), &mut json);
    message
        .expect("it is an order of the contract")
        .encode_to_vec()
}

/// An order of so many lines; of three, about 1 kB of JSON.
pub(crate) fn order(lines: i32) -> Order {
    let price = |minor: i64| {
        Some(Money {
            currency_code: "GBP".into(),
            units: minor / 100,
            nanos: i32::try_from(minor % 100).unwrap_or_default() * 10_000_000,
        })
    };
    let item = |number: i32| OrderItem {
        sku: format!("8512{number:02}A"),
        title: "White hanging heart T-light holder".into(),
        quantity: number,
        unit_price: price(255),
        total: price(255 * i64::from(number)),
    };
    let time = prost_types::Timestamp {
        seconds: 1_800_000_000,
        nanos: 123_456_000,
    };
    Order {
        order_id: ORDER_ID.into(),
        user_id: "01890a5d-ac96-774b-bcce-b302099a8058".into(),
        state: OrderState::Confirmed.into(),
        items: (1..=lines).map(item).collect(),
        total: price(2550),
        ship_to: Some(Address {
            name: "Grace Hopper".into(),
            lines: vec!["Flat 2".into(), "Long Quay Street".into()],
            city: "Bristol".into(),
            postal_code: "BS1 4DB".into(),
            country: "GB".into(),
        }),
        create_time: Some(time),
        update_time: Some(time),
        etag: "W/\"2\"".into(),
        ..Order::default()
    }
}

/// An order of about 5 kB of JSON.
pub(crate) fn large_order() -> Order {
    order(24)
}

/// The reply that holds an order.
pub(crate) fn reply(order: &Order) -> Vec<u8> {
    let order = Some(order.clone());
    CreateOrderResponse { order }.encode_to_vec()
}

/// A list of about 1 MB of JSON.
pub(crate) fn list() -> Vec<u8> {
    let orders = vec![order(3); 1000];
    let next_page_token = String::new();
    let reply = ListOrdersResponse {
        orders,
        next_page_token,
    };
    reply.encode_to_vec()
}

/// A stream of [`EVENTS`] messages, framed, some to a piece.
pub(crate) fn events() -> Vec<Bytes> {
    let event = |sequence: i64| {
        let event = Some(OrderEvent {
            sequence,
            order_id: ORDER_ID.into(),
            old_state: OrderState::Pending.into(),
            new_state: OrderState::Confirmed.into(),
            actor: "svc-orders".into(),
            create_time: order(0).create_time,
            ..OrderEvent::default()
        });
        framed(&WatchOrderResponse { event }.encode_to_vec())
    };
    let framed: Vec<Bytes> = (1..=EVENTS).map(event).collect();
    framed
        .chunks(100)
        .map(|some| some.concat().into())
        .collect()
}

/// A message as gRPC frames it.
pub(crate) fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).expect("it is far below 4 GiB");
    [&[0][..], &length.to_be_bytes()[..], message]
        .concat()
        .into()
}

/// The routes of a descriptor set: not everybody can serve all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routes {
    /// As the contract has them.
    All,
    /// Without `response_body`.
    Whole,
    /// Likewise, and those of orders alone, without the ones that end in a verb.
    Simple,
}

/// The descriptor set as anybody's: without the options that say who may call what.
pub(crate) fn plain(routes: Routes) -> Vec<u8> {
    let pool = DescriptorPool::decode(contracts::FILE_DESCRIPTOR_SET).expect(SOUND);
    let set = pool.get_message_by_name("google.protobuf.FileDescriptorSet");
    let set = DynamicMessage::decode(set.expect(SOUND), contracts::FILE_DESCRIPTOR_SET);
    let mut set = set.expect(SOUND);
    for file in each(&mut set, "file") {
        let package = text(file, "package");
        for service in each(file, "service") {
            let has_orders = format!("{package}.{}", text(service, "name")) == SERVICE;
            for method in each(service, "method") {
                let Some(Value::Message(options)) = method.get_field_by_name_mut("options") else {
                    continue;
                };
                let ours: Vec<_> = options
                    .extensions()
                    .map(|(extension, _)| extension)
                    .filter(|extension| extension.full_name().starts_with("tradewind."))
                    .collect();
                for extension in ours {
                    options.clear_extension(&extension);
                }
                let http = pool.get_extension_by_name("google.api.http").expect(SOUND);
                if routes == Routes::All || !options.has_extension(&http) {
                    continue;
                }
                let Value::Message(rule) = options.get_extension_mut(&http) else {
                    continue;
                };
                rule.clear_field_by_name("response_body");
                let ends_in_verb = rule
                    .fields()
                    .any(|(_, value)| value.as_str().is_some_and(|path| path.contains(':')));
                if routes == Routes::Simple && (ends_in_verb || !has_orders) {
                    options.clear_extension(&http);
                }
            }
        }
    }
    set.encode_to_vec()
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    let text = value.as_ref().and_then(|value| value.as_str());
    text.unwrap_or_default().to_owned()
}

fn each<'a>(
    message: &'a mut DynamicMessage,
    field: &str,
) -> impl Iterator<Item = &'a mut DynamicMessage> {
    let values = match message.get_field_by_name_mut(field) {
        Some(Value::List(values)) => values.as_mut_slice(),
        _ => &mut [],
    };
    values.iter_mut().filter_map(Value::as_message_mut)
}
