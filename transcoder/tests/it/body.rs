use transcoder::{JsonOptions, Options};

use crate::{request, shop, shop_with};

fn put(body: &str) -> Result<String, String> {
    request(&shop(), "PUT", "/v1/all/from-path", body)
}

#[test]
fn the_path_wins_over_the_body() {
    let message = put(r#"{"text":"from body","i32":1}"#);
    assert_eq!(message.as_deref(), Ok(r#"{"text":"from-path","i32":1}"#));
}

#[test]
fn nothing_of_the_body_is_left_in_a_value_that_the_path_gives() {
    let body = r#"{"created":"2031-01-31T00:00:00.5Z","maybe":"7","i32":1}"#;
    let message = request(&shop(), "PUT", "/v1/at/2030-01-31T00:00:00Z/0", body);
    let expected = r#"{"i32":1,"created":"2030-01-31T00:00:00Z","maybe":"0"}"#;
    assert_eq!(message.as_deref(), Ok(expected));
}

#[test]
fn one_wrong_value_behind_many_right_ones_is_found() {
    let many = "1,\"2\",".repeat(50_000);
    let fault = put(&format!(r#"{{"numbers":[{many}"x"]}}"#));
    let expected = "numbers[100000]: expected an integer from -2147483648 to 2147483647";
    assert_eq!(fault, Err(expected.to_owned()));
}

#[test]
fn an_absent_body_is_an_empty_message_or_an_absent_field() {
    let shop = shop();
    assert_eq!(put("").as_deref(), Ok(r#"{"text":"from-path"}"#));
    assert_eq!(put(" \r\n").as_deref(), Ok(r#"{"text":"from-path"}"#));
    assert_eq!(
        request(&shop, "POST", "/v1/things", "").as_deref(),
        Ok("{}")
    );
    assert_eq!(
        request(&shop, "POST", "/v1/things", "{}").as_deref(),
        Ok(r#"{"thing":{}}"#)
    );
}

#[test]
fn a_byte_order_mark_before_the_body_says_nothing() {
    let shop = shop();
    let marked = put("\u{feff}{\"i32\":1}");
    assert_eq!(marked.as_deref(), Ok(r#"{"text":"from-path","i32":1}"#));
    assert_eq!(put("\u{feff}").as_deref(), Ok(r#"{"text":"from-path"}"#));
    let tags = request(&shop, "POST", "/v1/things/7/tags", "\u{feff}[\"a\"]");
    assert_eq!(tags.as_deref(), Ok(r#"{"thingId":"7","tags":["a"]}"#));
    let changed = request(&shop, "PATCH", "/v1/things/7", "\u{feff}{\"title\":\"x\"}");
    let unmarked = request(&shop, "PATCH", "/v1/things/7", "{\"title\":\"x\"}");
    assert_eq!(changed, unmarked);
    for wrong in ["\u{feff}\u{feff}{}", "{}\u{feff}", "{\u{feff}}"] {
        assert!(put(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn one_field_may_be_the_body_also_a_list() {
    let shop = shop();
    let add = |body| request(&shop, "POST", "/v1/things/7/tags", body);
    assert_eq!(
        add(r#"["a","b"]"#).as_deref(),
        Ok(r#"{"thingId":"7","tags":["a","b"]}"#)
    );
    assert_eq!(
        add(r#"["a",1]"#),
        Err("tags[1]: expected a string".to_owned())
    );
    assert_eq!(add(r#"{"a":1}"#), Err("tags: expected an array".to_owned()));
    // Nothing gets out of the value that the body is.
    let escape = add(r#"[],"thingId":"8""#).expect_err("more than one value");
    assert_eq!(
        escape,
        "tags: malformed JSON: trailing characters at line 1 column 3"
    );
}

#[test]
fn a_method_without_a_body_gets_none() {
    let shop = shop();
    let touch = |body| request(&shop, "POST", "/v1/things/7:touch", body);
    assert_eq!(touch("").as_deref(), Ok(r#"{"thingId":"7"}"#));
    assert_eq!(touch("{}").as_deref(), Ok(r#"{"thingId":"7"}"#));
    assert_eq!(
        touch(r#"{"x":1}"#),
        Err(": this method takes no body".to_owned())
    );
}

#[test]
fn faults_of_the_body_are_named_by_their_path() {
    let cases = [
        ("[]", ": expected an object"),
        ("null", ": expected an object"),
        (r#"{"nope":1}"#, "nope: no such field"),
        (r#"{"owner":{"nope":1}}"#, "owner.nope: no such field"),
        (r#"{"text":1}"#, "text: expected a string"),
        (r#"{"flag":"true"}"#, "flag: expected true or false"),
        (
            r#"{"i32":"x"}"#,
            "i32: expected an integer from -2147483648 to 2147483647",
        ),
        (
            r#"{"i32":2147483648}"#,
            "i32: expected an integer from -2147483648 to 2147483647",
        ),
        (
            r#"{"i32":1.5}"#,
            "i32: expected an integer from -2147483648 to 2147483647",
        ),
        (
            r#"{"u32":-1}"#,
            "u32: expected an integer from 0 to 4294967295",
        ),
        (
            r#"{"u64":-1}"#,
            "u64: expected a 64-bit integer, not negative",
        ),
        (r#"{"i64":[]}"#, "i64: expected a 64-bit integer"),
        (r#"{"real":"x"}"#, "real: expected a number"),
        (r#"{"raw":"*"}"#, "raw: expected a base64 string"),
        (
            r#"{"color":"RED"}"#,
            "color: expected one of COLOR_UNSPECIFIED, COLOR_RED, COLOR_DARK_BLUE",
        ),
        (
            r#"{"numbers":[1,2,"x"]}"#,
            "numbers[2]: expected an integer from -2147483648 to 2147483647",
        ),
        (
            r#"{"numbers":[null]}"#,
            "numbers[0]: expected an integer from -2147483648 to 2147483647",
        ),
        (r#"{"numbers":1}"#, "numbers: expected an array"),
        (
            r#"{"owners":[{},{"age":"x"}]}"#,
            "owners[1].age: expected an integer from -2147483648 to 2147483647",
        ),
        (r#"{"owners":[null]}"#, "owners[0]: expected an object"),
        (
            r#"{"owner":{"boss":{"nickNames":[0]}}}"#,
            "owner.boss.nickNames[0]: expected a string",
        ),
        (r#"{"labels":[]}"#, "labels: expected an object"),
        (
            r#"{"labels":{"a b":"x"}}"#,
            "labels[\"a b\"]: expected an integer from -2147483648 to 2147483647",
        ),
        (
            r#"{"byNumber":{"7":{"age":[]}}}"#,
            "byNumber[\"7\"].age: expected an integer from -2147483648 to 2147483647",
        ),
        (
            r#"{"by_number":{"x":{}}}"#,
            "by_number[\"x\"]: the key: expected a 64-bit integer",
        ),
        (
            r#"{"switches":{"yes":0}}"#,
            "switches[\"yes\"]: the key: expected true or false",
        ),
        (
            r#"{"created":"now"}"#,
            "created: expected a timestamp of RFC 3339, such as \"2030-01-31T23:59:00Z\"",
        ),
        (
            r#"{"times":["2030-01-31T00:00:00Z",7]}"#,
            "times[1]: expected a timestamp of RFC 3339, such as \"2030-01-31T23:59:00Z\"",
        ),
        (
            r#"{"lasts":"1"}"#,
            "lasts: expected a duration in seconds, such as \"1.5s\"",
        ),
        (
            r#"{"mask":"a_b"}"#,
            "mask: expected field paths in lowerCamelCase with commas between, such as \"title,price.units\"",
        ),
        (r#"{"maybe":"x"}"#, "maybe: expected a 64-bit integer"),
        (r#"{"extra":[]}"#, "extra: expected an object"),
        (r#"{"items":{}}"#, "items: expected an array"),
        (
            r#"{"any":{"@type":"x.y/z.Unknown"}}"#,
            "any: expected an object with an \"@type\" that is known here, and that type's fields",
        ),
        (
            r#"{"choiceText":"a","choiceNumber":1}"#,
            "choiceNumber: excludes \"choiceText\", which is given too",
        ),
        (r#"{"i32":1,"i32":2}"#, "i32: is given twice"),
        (
            r#"{"byNumber":{},"by_number":{}}"#,
            "by_number: is given twice",
        ),
        (
            r#"{"owner":{"boss":{"name":"a","name":"a"}}}"#,
            "owner.boss.name: is given twice",
        ),
        (
            r#"{"labels":{"a":1,"a":1}}"#,
            "labels[\"a\"]: is given twice",
        ),
        (
            r#"{"extra":{"a":{"b":1,"b":1}}}"#,
            "extra[\"a\"][\"b\"]: is given twice",
        ),
        (
            r#"{"owner":{"name":}}"#,
            "owner.name: malformed JSON: expected value at line 1 column 18",
        ),
        (
            r#"{"owner":"#,
            "owner: malformed JSON: EOF while parsing a value at line 1 column 9",
        ),
        (
            r#"{} {}"#,
            ": malformed JSON: trailing characters at line 1 column 4",
        ),
        (
            r#"{'a':1}"#,
            ": malformed JSON: key must be a string at line 1 column 2",
        ),
        (
            "{\"text\":\"\\ud800\"}",
            "text: malformed JSON: unexpected end of hex escape at line 1 column 16",
        ),
    ];
    for (body, fault) in cases {
        assert_eq!(put(body), Err(fault.to_owned()), "{body}");
    }
}

#[test]
fn paths_of_a_body_field_start_at_the_request() {
    let fault = request(&shop(), "POST", "/v1/things", r#"{"owner":{"age":true}}"#);
    let integer = "expected an integer from -2147483648 to 2147483647";
    assert_eq!(fault, Err(format!("thing.owner.age: {integer}")));
}

#[test]
fn null_is_absent_apart_from_value_and_null_value() {
    let message =
        put(r#"{"i32":null,"owner":null,"labels":null,"maybe":null,"value":null,"created":null}"#);
    assert_eq!(
        message.as_deref(),
        Ok(r#"{"text":"from-path","value":null}"#)
    );
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |depth: usize| r#"{"inner":"#.repeat(depth) + "{}" + &"}".repeat(depth);
    assert!(put(&nested(80)).is_ok());
    let fault = put(&nested(100)).expect_err("101 levels");
    assert!(fault.ends_with(": nested more than 100 deep"), "{fault}");
    let brackets = put(&("{\"value\":".to_owned() + &"[".repeat(100_000))).expect_err("too deep");
    assert!(
        brackets.ends_with(": nested more than 100 deep"),
        "{brackets}"
    );

    let json = JsonOptions {
        max_depth: 2,
        max_bytes: 30,
        ..JsonOptions::default()
    };
    let small = shop_with(&Options {
        json,
        ..Options::default()
    });
    let put = |body| request(&small, "PUT", "/v1/all/x", body);
    assert!(put(r#"{"numbers":[1]}"#).is_ok());
    assert_eq!(
        put(r#"{"value":[[1]]}"#),
        Err("value[0]: nested more than 2 deep".to_owned())
    );
    assert_eq!(
        put(&" ".repeat(31).replace(' ', "1")),
        Err(": JSON of more than 30 bytes".to_owned())
    );
}

#[test]
fn unknown_fields_can_be_skipped() {
    let json = JsonOptions {
        ignore_unknown_fields: true,
        ..JsonOptions::default()
    };
    let lenient = shop_with(&Options {
        json,
        ..Options::default()
    });
    let put = |body| request(&lenient, "PUT", "/v1/all/x", body);
    assert_eq!(
        put(r#"{"nope":{"a":1},"i32":1}"#).as_deref(),
        Ok(r#"{"text":"x","i32":1}"#)
    );
    assert_eq!(
        put(r#"{"nope":1,"flag":2}"#),
        Err("flag: expected true or false".to_owned())
    );
}
