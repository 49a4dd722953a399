//! The records of a message on the wire in another order, cut up, packed and unpacked, repeated, with
//! fields between them that nobody knows. Whatever it means then, it is still a message.

use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use transcoder::prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::choices::Choices;

pub(super) fn scramble(
    choices: &mut Choices,
    descriptor: &MessageDescriptor,
    wire: &[u8],
) -> Vec<u8> {
    let mut records = Vec::new();
    for (number, wire_type, content) in split(wire) {
        match descriptor.get_field(number) {
            Some(field) => records.extend(pieces(choices, &field, wire_type, content)),
            None => records.push(record(number, wire_type, content)),
        }
    }
    if choices.one_in(3) {
        // 19,000 is reserved: no contract has it.
        records.push(record(19_000, WireType::LengthDelimited, b"unknown"));
        records.push(record(19_001, WireType::StartGroup, b"\x08\x01"));
    }
    if choices.one_in(2) {
        for at in (1..records.len()).rev() {
            records.swap(at, choices.below(at as u32 + 1) as usize);
        }
    }
    if choices.one_in(4) && !records.is_empty() {
        records.push(records[choices.below(records.len() as u32) as usize].clone());
    }
    records.concat()
}

/// One record as one or more records of the same field.
fn pieces(
    choices: &mut Choices,
    field: &FieldDescriptor,
    wire_type: WireType,
    content: &[u8],
) -> Vec<Vec<u8>> {
    let number = field.number();
    match field.kind() {
        Kind::Message(message) => {
            let content = scramble(choices, &message, content);
            let records = split(&content);
            let is_single = !field.is_list() && !field.is_map();
            if !is_single || records.is_empty() || !choices.one_in(3) {
                return vec![record(number, wire_type, &content)];
            }
            let (first, second) = records.split_at(choices.below(records.len() as u32) as usize);
            let part = |records: &[(u32, WireType, &[u8])]| {
                let bytes = records
                    .iter()
                    .map(|(number, kind, content)| record(*number, *kind, content));
                record(number, wire_type, &bytes.collect::<Vec<_>>().concat())
            };
            vec![part(first), part(second)]
        }
        Kind::String | Kind::Bytes => vec![record(number, wire_type, content)],
        // A list of numbers, packed or not: each of them may be packed alone.
        kind if field.is_list() => {
            let each = match wire_type {
                WireType::LengthDelimited => unpack(&kind, content),
                _ => vec![content],
            };
            let one = |choices: &mut Choices, element: &&[u8]| match choices.one_in(2) {
                true => record(number, kind.wire_type(), element),
                false => record(number, WireType::LengthDelimited, element),
            };
            each.iter().map(|element| one(choices, element)).collect()
        }
        _ => vec![record(number, wire_type, content)],
    }
}

fn unpack<'w>(kind: &Kind, mut packed: &'w [u8]) -> Vec<&'w [u8]> {
    let mut elements = Vec::new();
    while !packed.is_empty() {
        let length = length(kind.wire_type(), packed);
        elements.push(&packed[..length]);
        packed = &packed[length..];
    }
    elements
}

/// How long the value at the beginning is, if its type says so.
fn length(wire_type: WireType, bytes: &[u8]) -> usize {
    match wire_type {
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        _ => 1 + bytes.iter().take_while(|&&byte| byte >= 0x80).count(),
    }
}

fn record(number: u32, wire_type: WireType, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_key(number, wire_type, &mut bytes);
    match wire_type {
        WireType::LengthDelimited => {
            encode_varint(content.len() as u64, &mut bytes);
            bytes.extend_from_slice(content);
        }
        WireType::StartGroup => {
            bytes.extend_from_slice(content);
            encode_key(number, WireType::EndGroup, &mut bytes);
        }
        _ => bytes.extend_from_slice(content),
    }
    bytes
}

/// The records of a well-formed message: number, wire type, and the value without tag and length.
fn split(mut wire: &[u8]) -> Vec<(u32, WireType, &[u8])> {
    let mut records = Vec::new();
    while !wire.is_empty() {
        let (number, wire_type) = decode_key(&mut wire).expect("a tag");
        let (content, rest) = match wire_type {
            WireType::LengthDelimited => {
                let length = decode_varint(&mut wire).expect("a length");
                wire.split_at(length as usize)
            }
            WireType::StartGroup => {
                let length = group_length(wire, number);
                let (content, mut rest) = wire.split_at(length);
                decode_key(&mut rest).expect("the end of the group");
                (content, rest)
            }
            wire_type => wire.split_at(length(wire_type, wire)),
        };
        wire = rest;
        records.push((number, wire_type, content));
    }
    records
}

fn group_length(wire: &[u8], number: u32) -> usize {
    let mut rest = wire;
    loop {
        let before = rest.len();
        let (inner, wire_type) = decode_key(&mut rest).expect("a tag");
        match wire_type {
            WireType::EndGroup if inner == number => return wire.len() - before,
            WireType::LengthDelimited => {
                let length = decode_varint(&mut rest).expect("a length");
                rest = &rest[length as usize..];
            }
            WireType::StartGroup => {
                rest = &rest[group_length(rest, inner)..];
                decode_key(&mut rest).expect("the end of the group");
            }
            wire_type => rest = &rest[length(wire_type, rest)..],
        }
    }
}
