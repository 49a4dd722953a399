//! A random file with messages M0, M1, ... and an enum, of proto2 or proto3.

use transcoder::prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use transcoder::prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FieldOptions, FileDescriptorProto, FileDescriptorSet, MessageOptions, OneofDescriptorProto,
};

use super::choices::Choices;

pub(super) fn contract(choices: &mut Choices) -> FileDescriptorSet {
    let is_proto2 = choices.one_in(2);
    let messages = 1 + choices.below(4);
    let file = FileDescriptorProto {
        name: Some("random.proto".to_owned()),
        package: Some("random".to_owned()),
        syntax: Some(if is_proto2 { "proto2" } else { "proto3" }.to_owned()),
        message_type: (0..messages)
            .map(|at| message(choices, at, messages, is_proto2))
            .collect(),
        enum_type: vec![enumeration()],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }
}

/// With a hole, and a negative value.
fn enumeration() -> EnumDescriptorProto {
    let value = |(name, number): (&str, i32)| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        ..EnumValueDescriptorProto::default()
    };
    EnumDescriptorProto {
        name: Some("E".to_owned()),
        value: [
            ("E_ZERO", 0),
            ("E_ONE", 1),
            ("E_SEVEN", 7),
            ("E_NEGATIVE", -1),
        ]
        .map(value)
        .into(),
        ..EnumDescriptorProto::default()
    }
}

fn message(choices: &mut Choices, at: u32, messages: u32, is_proto2: bool) -> DescriptorProto {
    let name = format!("M{at}");
    let mut message = DescriptorProto {
        name: Some(name.clone()),
        ..DescriptorProto::default()
    };
    if choices.one_in(2) {
        message.oneof_decl.push(oneof("choice"));
    }
    let fields = choices.below(12);
    let mut number = 0;
    for at in 0..fields {
        number += 1 + if choices.one_in(6) {
            choices.below(1000)
        } else {
            0
        };
        // Every way in which json names come about.
        let proto_name = match choices.below(4) {
            0 => format!("f{at}"),
            1 => format!("some_field_{at}"),
            2 => format!("_field__{at}_"),
            _ => format!("AVeryLongNameOfAField_{at}"),
        };
        let kind = 1 + choices.below(18) as i32;
        let kind = match kind {
            10 if !is_proto2 => 11,
            kind => kind,
        };
        let mut field = FieldDescriptorProto {
            number: Some(number as i32),
            label: Some(Label::Optional as i32),
            json_name: choices.one_in(4).then(|| format!("json-{at}")),
            r#type: Some(kind),
            type_name: type_name(choices, kind, messages),
            name: Some(proto_name),
            ..FieldDescriptorProto::default()
        };
        match choices.below(6) {
            0 | 1 => {
                field.label = Some(Label::Repeated as i32);
                field.options = packed(choices, kind);
            }
            2 if !message.oneof_decl.is_empty() => field.oneof_index = Some(0),
            3 if !is_proto2 => field.proto3_optional = Some(true),
            4 => {
                let entry = entry(choices, at, messages);
                field.label = Some(Label::Repeated as i32);
                field.r#type = Some(Type::Message as i32);
                field.type_name = Some(format!(".random.{name}.{}", entry.name()));
                message.nested_type.push(entry);
            }
            _ => {}
        }
        message.field.push(field);
    }
    if message
        .field
        .iter()
        .all(|field| field.oneof_index.is_none())
    {
        message.oneof_decl.clear();
    }
    // The oneofs of optional fields come after the others.
    for field in &mut message.field {
        if field.proto3_optional() {
            field.oneof_index = Some(message.oneof_decl.len() as i32);
            message
                .oneof_decl
                .push(oneof(&format!("_{}", field.name())));
        }
    }
    message
}

fn oneof(name: &str) -> OneofDescriptorProto {
    OneofDescriptorProto {
        name: Some(name.to_owned()),
        ..OneofDescriptorProto::default()
    }
}

fn packed(choices: &mut Choices, kind: i32) -> Option<FieldOptions> {
    let is_packable = !matches!(kind, 9..=12);
    let packed = [None, Some(true), Some(false)][choices.below(3) as usize];
    Some(FieldOptions {
        packed: packed.filter(|_| is_packable),
        ..FieldOptions::default()
    })
}

fn type_name(choices: &mut Choices, kind: i32, messages: u32) -> Option<String> {
    match kind {
        10 | 11 => Some(format!(".random.M{}", choices.below(messages))),
        14 => Some(".random.E".to_owned()),
        _ => None,
    }
}

fn entry(choices: &mut Choices, at: u32, messages: u32) -> DescriptorProto {
    const KEYS: [Type; 12] = [
        Type::Int64,
        Type::Uint64,
        Type::Int32,
        Type::Fixed64,
        Type::Fixed32,
        Type::Bool,
        Type::String,
        Type::Uint32,
        Type::Sfixed32,
        Type::Sfixed64,
        Type::Sint32,
        Type::Sint64,
    ];
    let key = KEYS[choices.below(12) as usize] as i32;
    let value = match 1 + choices.below(18) as i32 {
        10 => 11,
        kind => kind,
    };
    let field = |name: &str, number, kind, type_name| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional as i32),
        r#type: Some(kind),
        type_name,
        ..FieldDescriptorProto::default()
    };
    DescriptorProto {
        name: Some(format!("Entry{at}")),
        field: vec![
            field("key", 1, key, None),
            field("value", 2, value, type_name(choices, value, messages)),
        ],
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..DescriptorProto::default()
    }
}
