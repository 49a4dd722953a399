//! The JSON engine alone, where proto3 and the shop do not reach, and where the oracle is wrong.

use transcoder::JsonOptions;
use transcoder::json::Engine;

use crate::descriptor_set;

fn legacy() -> Engine {
    Engine::new(&descriptor_set("legacy.proto"), &JsonOptions::default()).expect("legacy.proto")
}

fn shop() -> Engine {
    Engine::new(&descriptor_set("shop.proto"), &JsonOptions::default()).expect("shop.proto")
}

fn lenient(engine: &Engine) -> Engine {
    engine.with_options(&JsonOptions {
        ignore_unknown_fields: true,
        ..JsonOptions::default()
    })
}

fn parse(engine: &Engine, message: &str, json: &str) -> Result<Vec<u8>, String> {
    let mut wire = Vec::new();
    let message = engine.message(message).expect("a message of the set");
    match engine.parse(message, json.as_bytes(), &mut wire) {
        Ok(()) => Ok(wire),
        Err(fault) => Err(fault.to_string()),
    }
}

fn print(engine: &Engine, message: &str, wire: &[u8]) -> Result<String, String> {
    let mut json = Vec::new();
    let message = engine.message(message).expect("a message of the set");
    match engine.print(message, wire, &mut json) {
        Ok(()) => Ok(String::from_utf8(json).expect("JSON is UTF-8")),
        Err(fault) => Err(fault.to_string()),
    }
}

/// What is printed of what was read.
fn round(engine: &Engine, message: &str, json: &str) -> Result<String, String> {
    print(engine, message, &parse(engine, message, json)?)
}

fn everything(json: &str) -> Result<String, String> {
    round(&shop(), "shop.v1.Everything", json)
}

fn old(json: &str) -> Result<String, String> {
    round(&legacy(), "legacy.Everything", json)
}

#[test]
fn numbers_are_taken_in_every_spelling_of_json() {
    let cases = [
        (r#"{"i32":1e5}"#, r#"{"i32":100000}"#),
        (r#"{"i32":"1e5"}"#, r#"{"i32":100000}"#),
        (r#"{"i32":-1.0}"#, r#"{"i32":-1}"#),
        (r#"{"i32":"1\u0030"}"#, r#"{"i32":10}"#),
        (
            r#"{"i64":9223372036854775807.0}"#,
            r#"{"i64":"9223372036854775807"}"#,
        ),
        (
            r#"{"u64":1.8446744073709551615e19}"#,
            r#"{"u64":"18446744073709551615"}"#,
        ),
        (r#"{"optionalNumber":-0}"#, r#"{"optionalNumber":0}"#),
        (r#"{"real":-0}"#, r#"{"real":-0.0}"#),
        (
            r#"{"real":"1e-7","single":"-Infinity"}"#,
            r#"{"single":"-Infinity","real":1e-7}"#,
        ),
        // Rounded once, from the digits.
        (
            r#"{"single":1.00000017881393432617187499}"#,
            r#"{"single":1.0000001}"#,
        ),
        (r#"{"maybeReal":"NaN"}"#, r#"{"maybeReal":"NaN"}"#),
    ];
    for (json, printed) in cases {
        assert_eq!(everything(json).as_deref(), Ok(printed), "{json}");
    }
    for wrong in [
        r#"{"i32":01}"#,
        r#"{"i32":"01"}"#,
        r#"{"i32":+1}"#,
        r#"{"i32":"+1"}"#,
        r#"{"i32":" 1"}"#,
        r#"{"i32":""}"#,
        r#"{"i32":1.}"#,
        r#"{"i32":.5}"#,
        r#"{"i32":0x1}"#,
        r#"{"i32":1e1000}"#,
        r#"{"real":NaN}"#,
        r#"{"real":1e400}"#,
        r#"{"real":"nan"}"#,
        r#"{"real":"inf"}"#,
        r#"{"single":3.5e38}"#,
        r#"{"u32":-1}"#,
        r#"{"u64":18446744073709551616}"#,
        r#"{"byNumber":{"1e1":{}}}"#,
        r#"{"byNumber":{"-0":{}}}"#,
        r#"{"byNumber":{"01":{}}}"#,
    ] {
        assert!(everything(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn text_is_unicode_in_both_directions() {
    assert_eq!(
        everything(r#"{"text":"\u00e9\ud83d\ude00\u0000\/\"","texts":["\u007f"]}"#).as_deref(),
        Ok("{\"text\":\"é😀\\u0000/\\\"\",\"texts\":[\"\u{7f}\"]}")
    );
    for wrong in [
        r#"{"text":"\ud83d"}"#,
        r#"{"text":"\ude00"}"#,
        r#"{"text":"\ud83dx"}"#,
        "{\"text\":\"\n\"}",
    ] {
        assert!(everything(wrong).is_err(), "{wrong}");
    }
    let engine = shop();
    let message = engine.message("shop.v1.Everything").expect("a message");
    let mut wire = b"kept".to_vec();
    let fault = engine
        .parse(message, b"{\"text\":\"\xff\"}", &mut wire)
        .expect_err("no UTF-8");
    assert_eq!(
        fault.to_string(),
        "malformed JSON: invalid unicode code point at line 1 column 10"
    );
    assert_eq!(wire, b"kept");
    assert_eq!(
        print(
            &engine,
            "shop.v1.Everything",
            b"\x8a\x01\x01a\x8a\x01\x01\xff"
        ),
        Err("texts[1]: is no UTF-8".to_owned())
    );
}

#[test]
fn an_any_may_have_its_type_anywhere() {
    for (json, printed) in [
        (
            r#"{"any":{"name":"a","@type":"t/shop.v1.Owner","age":3}}"#,
            r#"{"any":{"@type":"t/shop.v1.Owner","name":"a","age":3}}"#,
        ),
        (
            r#"{"any":{"value":"7s","@type":"t/google.protobuf.Duration"}}"#,
            r#"{"any":{"@type":"t/google.protobuf.Duration","value":"7s"}}"#,
        ),
        (
            r#"{"any":{"value":{"value":[1],"@type":"t/google.protobuf.ListValue"},"@type":"t/google.protobuf.Any"}}"#,
            r#"{"any":{"@type":"t/google.protobuf.Any","value":{"@type":"t/google.protobuf.ListValue","value":[1.0]}}}"#,
        ),
        (r#"{"any":{}}"#, r#"{"any":{}}"#),
    ] {
        assert_eq!(everything(json).as_deref(), Ok(printed), "{json}");
    }
    for (json, fault) in [
        (
            r#"{"any":{"@type":"t/shop.v1.Owner","@type":"t/shop.v1.Owner"}}"#,
            "any.@type: is given twice",
        ),
        (
            r#"{"any":{"age":1,"@type":"t/shop.v1.Owner","@type":"x"}}"#,
            "any.@type: is given twice",
        ),
        (
            r#"{"any":{"@type":"t/shop.v1.Owner","age":"x"}}"#,
            "any.age: expected an integer from -2147483648 to 2147483647",
        ),
        (
            r#"{"any":{"@type":"t/google.protobuf.Duration","value":"1s","more":1}}"#,
            "any.more: no such field",
        ),
        (r#"{"any":{"@type":7}}"#, "any.@type: expected a string"),
    ] {
        assert_eq!(everything(json), Err(fault.to_owned()), "{json}");
    }
    // An Any inside of an Any, each with its type at the end: the work stays in proportion.
    let mut deep = r#"{"@type":"t/shop.v1.Owner"}"#.to_owned();
    for _ in 0..40 {
        deep = format!(r#"{{"value":{deep},"@type":"t/google.protobuf.Any"}}"#);
    }
    assert!(parse(&shop(), "google.protobuf.Any", &deep).is_ok());
    let large = deep.replace(
        r#"{"@type":"t/shop.v1.Owner"}"#,
        &format!(
            r#"{{"name":"{}","@type":"t/shop.v1.Owner"}}"#,
            "x".repeat(1 << 20)
        ),
    );
    let fault = parse(&shop(), "google.protobuf.Any", &large).expect_err("too much work");
    assert!(fault.ends_with("put it first"), "{fault}");
}

#[test]
fn what_json_cannot_express_is_an_error() {
    let shop = shop();
    for (message, wire, fault) in [
        (
            "google.protobuf.Timestamp",
            &b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"[..],
            "a timestamp beyond the years 1 to 9999",
        ),
        (
            "google.protobuf.Timestamp",
            b"\x08\x80\xd6\xd6\xfb\xc0\x4f",
            "a timestamp beyond the years 1 to 9999",
        ),
        (
            "google.protobuf.Duration",
            b"\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "a duration that is out of range",
        ),
        (
            "google.protobuf.Value",
            b"\x11\x00\x00\x00\x00\x00\x00\xf8\x7f",
            "a number that JSON does not have",
        ),
        (
            "google.protobuf.FieldMask",
            b"\x0a\x02aB",
            "a path that JSON has no spelling for",
        ),
        (
            "google.protobuf.FieldMask",
            b"\x0a\x03,ab",
            "a path that JSON has no spelling for",
        ),
        (
            "google.protobuf.Any",
            b"\x0a\x03a/b",
            "an Any of a type that is not known here",
        ),
        (
            "shop.v1.Owner",
            b"\x0a\x05a",
            "not a shop.v1.Owner: it ends within a field",
        ),
        (
            "shop.v1.Owner",
            b"\x00\x00",
            "not a shop.v1.Owner: a field with the number 0",
        ),
        (
            "shop.v1.Owner",
            b"\x1a\x02\x10\xff",
            "boss: not a shop.v1.Owner: it ends within a varint",
        ),
    ] {
        assert_eq!(
            print(&shop, message, wire),
            Err(fault.to_owned()),
            "{message} {wire:?}"
        );
    }
}

#[test]
fn the_pieces_of_a_message_are_one_message() {
    let shop = shop();
    let print = |wire: &[u8]| print(&shop, "shop.v1.Everything", wire).expect("a message");
    // created.seconds and created.nanos apart; each alone would be another time.
    assert_eq!(
        print(b"\xc2\x01\x02\x08\x05\x20\x01\xc2\x01\x06\x10\x80\xca\xb5\xee\x01"),
        r#"{"i32":1,"created":"1970-01-01T00:00:05.500Z"}"#
    );
    // The type of an Any behind its value.
    assert_eq!(
        print(b"\x82\x02\x05\x12\x03\x0a\x01n\x82\x02\x11\x0a\x0ft/shop.v1.Owner"),
        r#"{"any":{"@type":"t/shop.v1.Owner","name":"n"}}"#
    );
    // A scalar twice, a list in pieces, a oneof that changes its mind.
    assert_eq!(
        print(b"\x20\x01\x92\x01\x02\x01\x02\x20\x02\x9a\x02\x01x\x92\x01\x01\x03\xa0\x02\x04\x90\x01\x04"),
        r#"{"i32":2,"numbers":[1,2,3,4],"choiceNumber":4}"#
    );
    // A zero takes back what came before it.
    assert_eq!(print(b"\x20\x01\x20\x00"), "{}");
    // Maps: the last of equal keys, in the order of the keys.
    assert_eq!(
        print(b"\xb2\x01\x05\x0a\x01b\x10\x01\xb2\x01\x05\x0a\x01a\x10\x02\xb2\x01\x05\x0a\x01b\x10\x03\xb2\x01\x00"),
        r#"{"labels":{"":0,"a":2,"b":3}}"#
    );
}

#[test]
fn a_message_out_of_order_on_every_level_takes_no_longer() {
    // Owner.boss before Owner.name, 90 levels deep: doubled on each level it would never end.
    let mut wire = b"\x0a\x01n".to_vec();
    for _ in 0..90 {
        let mut outer = vec![0x1a];
        prost::encoding::encode_varint(wire.len() as u64, &mut outer);
        outer.extend_from_slice(&wire);
        outer.extend_from_slice(b"\x0a\x01n");
        wire = outer;
    }
    let json = print(&shop(), "shop.v1.Owner", &wire).expect("a message");
    assert!(
        json.starts_with(r#"{"name":"n","boss":{"name":"n","boss":"#),
        "{json}"
    );
    // And one with a fault at the bottom.
    let mut wire = b"\x0a\x01\xff".to_vec();
    for _ in 0..90 {
        let mut outer = vec![0x1a];
        prost::encoding::encode_varint(wire.len() as u64, &mut outer);
        outer.extend_from_slice(&wire);
        wire = outer;
    }
    assert!(print(&shop(), "shop.v1.Owner", &wire).is_err());
}

#[test]
fn depth_is_bounded_on_the_wire_too() {
    let nested = |levels: usize| {
        (0..levels).fold(Vec::new(), |inner: Vec<u8>, _| {
            let mut outer = vec![0x1a];
            prost::encoding::encode_varint(inner.len() as u64, &mut outer);
            outer.extend_from_slice(&inner);
            outer
        })
    };
    assert!(print(&shop(), "shop.v1.Owner", &nested(99)).is_ok());
    let fault = print(&shop(), "shop.v1.Owner", &nested(5_000)).expect_err("too deep");
    assert!(fault.ends_with("nested more than 100 deep"), "{fault}");
    assert!(print(&shop(), "shop.v1.Owner", &[0x3b; 5_000]).is_err());
    let deep = "{\"inner\":".repeat(10_000);
    assert!(everything(&deep).is_err());
}

#[test]
fn groups_extensions_and_message_sets_have_their_json() {
    let json = concat!(
        r#"{"name":"n","number":0,"closed":"CLOSED_TWO","closedMap":{"k":"CLOSED_ONE"},"#,
        r#""part":{"text":"t","inner":{"name":"m"}},"parts":[{"number":1},{}],"packed":[1],"#,
        r#""set":{"[legacy.Item.item]":{"text":"s"}},"choiceClosed":"CLOSED_ONE","#,
        r#""[legacy.extended]":5,"[legacy.extended_list]":["e"],"[legacy.Scope.inside]":{}}"#
    );
    assert_eq!(old(json).as_deref(), Ok(json));
    let wire = parse(&legacy(), "legacy.Everything", r#"{"part":{"text":"t"}}"#);
    assert_eq!(wire.as_deref(), Ok(&b"\x33\x0a\x01t\x34"[..]));
    let set = parse(
        &legacy(),
        "legacy.Set",
        r#"{"[legacy.Item.item]":{"text":"s"}}"#,
    );
    assert_eq!(
        set.as_deref(),
        Ok(&b"\x0b\x10\x88\x27\x1a\x03\x0a\x01s\x0c"[..])
    );
    assert_eq!(
        old(r#"{"[legacy.nope]":5}"#),
        Err("[legacy.nope]: no such field".to_owned())
    );
}

#[test]
fn a_closed_enum_has_no_other_values() {
    let legacy = legacy();
    let print = |wire: &[u8]| print(&legacy, "legacy.Everything", wire).expect("a message");
    // On the wire they are unknown fields, and take nothing's place.
    assert_eq!(print(b"\x18\x02\x18\x09"), r#"{"closed":"CLOSED_TWO"}"#);
    assert_eq!(
        print(b"\x20\x01\x20\x09\x22\x02\x09\x02"),
        r#"{"closedList":["CLOSED_ONE","CLOSED_TWO"]}"#
    );
    assert_eq!(print(b"\x5a\x01x\x60\x09"), r#"{"choiceText":"x"}"#);
    assert_eq!(print(b"\x2a\x05\x0a\x01k\x10\x09"), "{}");
    let expected = "expected one of CLOSED_ONE, CLOSED_TWO";
    assert_eq!(old(r#"{"closed":9}"#), Err(format!("closed: {expected}")));
    let skipped = round(
        &lenient(&legacy),
        "legacy.Everything",
        r#"{"closed":9,"closedList":[1,9,"NO"],"closedMap":{"k":"NO"}}"#,
    );
    assert_eq!(skipped.as_deref(), Ok(r#"{"closedList":["CLOSED_ONE"]}"#));
}

#[test]
fn unknown_names_are_skipped_where_that_is_asked_for() {
    let lenient = lenient(&shop());
    let json = r#"{"nope":[{"a":1}],"color":"NO","colors":["NO","COLOR_RED"],"owner":{"x":1,"age":2},"switches":{"true":"NO"}}"#;
    assert_eq!(
        round(&lenient, "shop.v1.Everything", json).as_deref(),
        Ok(r#"{"colors":["COLOR_RED"],"owner":{"age":2}}"#)
    );
    // But it has to be JSON.
    assert!(round(&lenient, "shop.v1.Everything", r#"{"nope":[1,]}"#).is_err());
    assert!(round(&lenient, "shop.v1.Everything", r#"{"nope":"\ud800"}"#).is_err());
}

/// shop.proto as a file of edition 2023, with `features` for the whole file.
fn as_edition(features: &[u8]) -> Vec<u8> {
    use prost::encoding::{bytes, decode_key, decode_varint};
    const PROTO3: &[u8] = b"\x62\x06proto3";
    let set = descriptor_set("shop.proto");
    let (mut rest, mut out) = (&set[..], Vec::new());
    while !rest.is_empty() {
        decode_key(&mut rest).expect("a file");
        let length = decode_varint(&mut rest).expect("a file") as usize;
        let mut file = rest[..length].to_vec();
        rest = &rest[length..];
        if file.starts_with(b"\x0a\x0ashop.proto") {
            let at = file
                .windows(PROTO3.len())
                .rposition(|window| window == PROTO3);
            let at = at.expect("it says that it is proto3");
            // edition = EDITION_2023, options.features
            let mut edition = b"\x62\x08editions\x70\xe8\x07\x42".to_vec();
            edition.push(features.len() as u8 + 3);
            edition.extend_from_slice(b"\x92\x03");
            edition.push(features.len() as u8);
            edition.extend_from_slice(features);
            file.splice(at..at + PROTO3.len(), edition);
        }
        bytes::encode(1, &file, &mut out);
    }
    out
}

#[test]
fn editions_say_by_features_what_syntax_said() {
    let engine = |features: &[u8]| {
        Engine::new(&as_edition(features), &JsonOptions::default()).expect("a set")
    };
    // The defaults of 2023: presence for all, packed lists, open enums.
    let edition = engine(b"");
    let wire = parse(
        &edition,
        "shop.v1.Everything",
        r#"{"i32":0,"numbers":[1,2],"color":9}"#,
    );
    assert_eq!(
        wire.as_deref(),
        Ok(&b"\x20\x00\x92\x01\x02\x01\x02\x80\x01\x09"[..])
    );
    assert_eq!(
        print(&edition, "shop.v1.Everything", b"\x20\x00").as_deref(),
        Ok(r#"{"i32":0}"#)
    );
    // field_presence = IMPLICIT, enum_type = CLOSED, repeated_field_encoding = EXPANDED,
    // message_encoding = DELIMITED
    let other = engine(b"\x08\x02\x10\x02\x18\x02\x28\x02");
    let wire = parse(
        &other,
        "shop.v1.Everything",
        r#"{"i32":0,"numbers":[1,2],"owner":{"age":1},"byNumber":{"1":{}}}"#,
    );
    assert_eq!(
        wire.as_deref(),
        Ok(&b"\x90\x01\x01\x90\x01\x02\xa3\x01\x10\x01\xa4\x01\xba\x01\x04\x08\x01\x12\x00"[..])
    );
    assert!(parse(&other, "shop.v1.Everything", r#"{"color":9}"#).is_err());
}

#[test]
fn services_of_an_edition_are_served() {
    use transcoder::{Options, RouteMatch, Transcoder};
    let transcoder = Transcoder::new(&as_edition(b"\x28\x02"), &Options::default()).expect("a set");
    let RouteMatch::Found(create) = transcoder.route(&http::Method::POST, "/v1/things") else {
        panic!("no route");
    };
    let wire = create
        .request(Some("dryRun=true"), br#"{"title":"x"}"#)
        .expect("it fits");
    assert_eq!(&wire[..], b"\x18\x01\x13\x12\x01x\x14");
}
