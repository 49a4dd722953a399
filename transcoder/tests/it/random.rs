//! Random contracts and random messages of them, on random and on hostile wires: this crate's engine
//! against prost-reflect. Where the mapping is unique they agree byte for byte.

mod choices;
mod contract;
mod message;
mod scramble;

use choices::Choices;
use proptest::prelude::*;
use prost::Message as _;
use transcoder::JsonOptions;
use transcoder::json::{Engine, MessageType};
use transcoder::prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions,
};

/// A contract, compiled by both.
struct Both {
    engine: Engine,
    message_type: MessageType,
    descriptor: MessageDescriptor,
}

impl Both {
    fn new(choices: &mut Choices, options: &JsonOptions) -> Self {
        let set = contract::contract(choices).encode_to_vec();
        let pool = DescriptorPool::decode(&set[..]).expect("the contract is right");
        let engine = Engine::new(&set, options).expect("the contract is right");
        Self {
            message_type: engine.message("random.M0").expect("the first message"),
            descriptor: pool
                .get_message_by_name("random.M0")
                .expect("the first message"),
            engine,
        }
    }

    fn print(&self, wire: &[u8]) -> String {
        let mut json = Vec::new();
        let printed = self.engine.print(self.message_type, wire, &mut json);
        printed.expect("the oracle prints it");
        String::from_utf8(json).expect("JSON is UTF-8")
    }

    fn parse(&self, json: &str) -> Vec<u8> {
        let mut wire = Vec::new();
        let parsed = self
            .engine
            .parse(self.message_type, json.as_bytes(), &mut wire);
        parsed.unwrap_or_else(|fault| panic!("{fault}: {json}"));
        wire
    }
}

/// The maps of the oracle have no order.
fn sorted(json: &str) -> String {
    fn sort(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(elements) => elements.iter_mut().for_each(sort),
            serde_json::Value::Object(members) => {
                members.sort_keys();
                members.values_mut().for_each(sort);
            }
            _ => {}
        }
    }
    let mut value = serde_json::from_str(json).expect("JSON");
    sort(&mut value);
    value.to_string()
}

fn json_of(message: &DynamicMessage, options: &JsonOptions) -> String {
    let options = SerializeOptions::new()
        .skip_default_fields(!options.always_print_fields_without_presence)
        .use_proto_field_name(options.use_proto_names)
        .use_enum_numbers(options.enums_as_ints);
    let mut json = Vec::new();
    message
        .serialize_with_options(&mut serde_json::Serializer::new(&mut json), &options)
        .expect("it has a JSON");
    String::from_utf8(json).expect("JSON is UTF-8")
}

fn options() -> impl Strategy<Value = JsonOptions> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(always, proto, ints)| JsonOptions {
        always_print_fields_without_presence: always,
        use_proto_names: proto,
        enums_as_ints: ints,
        ..JsonOptions::default()
    })
}

proptest! {
    #[test]
    fn a_message_is_printed_and_read_as_by_the_oracle(
        options in options(),
        seed in Choices::strategy(),
    ) {
        let mut choices = seed;
        let both = Both::new(&mut choices, &options);
        let message = message::message(&mut choices, &both.descriptor, 4);
        let (wire, json) = (message.encode_to_vec(), json_of(&message, &options));
        let printed = both.print(&wire);
        prop_assert_eq!(sorted(&printed), sorted(&json));
        let read = both.parse(&json);
        let again = DynamicMessage::decode(both.descriptor.clone(), &read[..]).expect("a message");
        prop_assert_eq!(sorted(&json_of(&again, &options)), sorted(&json));
        // Nothing is free but the order of maps, and whether their entries leave out zeros.
        if !message::has_map_of(2, &message) {
            prop_assert_eq!(&printed, &json);
        }
        if !message::has_map_of(1, &message) && !options.always_print_fields_without_presence {
            prop_assert_eq!(&read, &wire);
        }
    }

    #[test]
    fn a_wire_in_pieces_and_in_no_order_is_read_as_by_the_oracle(
        options in options(),
        seed in Choices::strategy(),
    ) {
        let mut choices = seed;
        let both = Both::new(&mut choices, &options);
        let mut wire = message::message(&mut choices, &both.descriptor, 4).encode_to_vec();
        wire.extend(message::message(&mut choices, &both.descriptor, 3).encode_to_vec());
        let wire = scramble::scramble(&mut choices, &both.descriptor, &wire);
        let message = DynamicMessage::decode(both.descriptor.clone(), &wire[..]);
        let message = message.expect("all of it is well-formed");
        let json = json_of(&message, &options);
        let printed = both.print(&wire);
        prop_assert_eq!(sorted(&printed), sorted(&json));
        if !message::has_map_of(2, &message) {
            prop_assert_eq!(printed, json);
        }
    }
}
