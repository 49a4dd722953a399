use transcoder::Options;

use crate::{request, shop, shop_with};

fn find(query: &str) -> Result<String, String> {
    request(&shop(), "GET", &format!("/v1/things?{query}"), "")
}

#[test]
fn every_kind_of_field_is_read_from_its_text() {
    let cases = [
        ("", "{}"),
        ("&&", "{}"),
        ("text=a+b%20c%2B%26", r#"{"text":"a b c+&"}"#),
        ("text", r#"{}"#),
        ("raw=AQI%3D", r#"{"raw":"AQI="}"#),
        ("raw=_-8", r#"{"raw":"/+8="}"#),
        ("flag=true", r#"{"flag":true}"#),
        ("flag=false", r#"{}"#),
        (
            "i32=-2147483648&u32=4294967295",
            r#"{"i32":-2147483648,"u32":4294967295}"#,
        ),
        (
            "i64=-9223372036854775808&u64=18446744073709551615",
            r#"{"i64":"-9223372036854775808","u64":"18446744073709551615"}"#,
        ),
        (
            "s32=-7&s64=-8&f32=9&f64=10",
            r#"{"s32":-7,"s64":"-8","f32":9,"f64":"10"}"#,
        ),
        ("sf32=-11&sf64=-12", r#"{"sf32":-11,"sf64":"-12"}"#),
        ("single=1.5&real=-2e3", r#"{"single":1.5,"real":-2000.0}"#),
        (
            "single=NaN&real=-Infinity",
            r#"{"single":"NaN","real":"-Infinity"}"#,
        ),
        ("color=COLOR_RED", r#"{"color":"COLOR_RED"}"#),
        ("color=2", r#"{"color":"COLOR_DARK_BLUE"}"#),
        ("color=77", r#"{"color":77}"#),
        ("texts=a&texts=&texts=b", r#"{"texts":["a","","b"]}"#),
        (
            "numbers=1&text=x&numbers=2",
            r#"{"text":"x","numbers":[1,2]}"#,
        ),
        (
            "colors=COLOR_RED&colors=0",
            r#"{"colors":["COLOR_RED","COLOR_UNSPECIFIED"]}"#,
        ),
        (
            "owner.name=a&owner.boss.boss.name=c&owner.boss.age=3",
            r#"{"owner":{"name":"a","boss":{"age":3,"boss":{"name":"c"}}}}"#,
        ),
        (
            "owner.nickNames=a&owner.nick_names=b",
            r#"{"owner":{"nickNames":["a","b"]}}"#,
        ),
        (
            "created=2030-01-31T01:00:00.5%2B01:00",
            r#"{"created":"2030-01-31T00:00:00.500Z"}"#,
        ),
        (
            "times=2030-01-31T00:00:00Z&times=2031-01-31T00:00:00Z",
            r#"{"times":["2030-01-31T00:00:00Z","2031-01-31T00:00:00Z"]}"#,
        ),
        ("lasts=1.5s", r#"{"lasts":"1.500s"}"#),
        (
            "mask=title,owner.nickNames,sold_out",
            r#"{"mask":"title,owner.nickNames,soldOut"}"#,
        ),
        (
            "maybe=0&maybeText=&maybe_flag=false",
            r#"{"maybe":"0","maybeText":"","maybeFlag":false}"#,
        ),
        ("optionalNumber=0", r#"{"optionalNumber":0}"#),
        ("optional_number=5", r#"{"optionalNumber":5}"#),
        ("choiceNumber=5", r#"{"choiceNumber":5}"#),
        (
            "choiceOwner.name=a&choiceOwner.age=4",
            r#"{"choiceOwner":{"name":"a","age":4}}"#,
        ),
        ("%74ext=x", r#"{"text":"x"}"#),
        (
            "inner.inner.text=deep",
            r#"{"inner":{"inner":{"text":"deep"}}}"#,
        ),
    ];
    for (query, message) in cases {
        assert_eq!(find(query).as_deref(), Ok(message), "{query}");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_its_name() {
    let integer = "expected an integer from -2147483648 to 2147483647";
    let deep = "inner.".repeat(40) + "text";
    let cases = [
        (
            "nope=1",
            "nope: is not a query parameter: shop.v1.Everything has no field \"nope\"".into(),
        ),
        (
            "owner.nope=1",
            "owner.nope: is not a query parameter: shop.v1.Owner has no field \"nope\"".into(),
        ),
        (
            "text.x=1",
            "text.x: is not a query parameter: \"text\" has no fields of its own".into(),
        ),
        (
            "created.seconds=1",
            "created.seconds: is not a query parameter: \"created\" has no fields of its own"
                .into(),
        ),
        ("i32=", format!("i32: {integer}")),
        ("i32=1.5", format!("i32: {integer}")),
        ("i32=2147483648", format!("i32: {integer}")),
        ("numbers=1&numbers=x", format!("numbers: {integer}")),
        (
            "u64=-1",
            "u64: expected a 64-bit integer, not negative".into(),
        ),
        ("flag=1", "flag: expected true or false".into()),
        ("real=inf", "real: expected a number".into()),
        (
            "single=1e40",
            "single: expected a number of 32-bit floating point".into(),
        ),
        ("raw=*", "raw: expected a base64 string".into()),
        ("maybe=x", "maybe: expected a 64-bit integer".into()),
        (
            "lasts=1",
            "lasts: expected a duration in seconds, such as \"1.5s\"".into(),
        ),
        ("i32=1&i32=1", "i32: is given more than once".into()),
        (
            "maybeText=1&maybe_text=1",
            "maybe_text: is given more than once".into(),
        ),
        (
            "choiceText=a&choiceNumber=1",
            "choiceNumber: excludes \"choiceText\", which is given too".into(),
        ),
        (
            "choiceOwner.name=a&choiceText=1",
            "choiceText: excludes \"choiceOwner\", which is given too".into(),
        ),
        (
            "owner=x",
            "owner: is a message; give its fields, such as \"field.subfield=value\"".into(),
        ),
        (
            "owners=x",
            "owners: is a list of messages, which a query cannot hold".into(),
        ),
        (
            "owners.name=x",
            "owners.name: is not a query parameter: \"owners\" has no fields of its own".into(),
        ),
        (
            "labels=x",
            "labels: is a map, which a query cannot hold".into(),
        ),
        (
            "extra=x",
            "extra: is a message; give its fields, such as \"field.subfield=value\"".into(),
        ),
        ("text=%zz", "text: is not well percent-encoded UTF-8".into()),
        ("text=%ff", "text: is not well percent-encoded UTF-8".into()),
        (
            &deep,
            format!("{deep}: is not a query parameter: a path of more than 32 fields"),
        ),
    ];
    for (query, fault) in cases {
        assert_eq!(find(query), Err(fault), "{query}");
    }
}

#[test]
fn all_faults_of_a_query_are_reported_together() {
    let faults = find("i32=x&text=ok&nope=1&flag=2").expect_err("three faults");
    let fields: Vec<_> = faults
        .lines()
        .filter_map(|line| line.split(':').next())
        .collect();
    assert_eq!(fields, ["i32", "nope", "flag"]);
}

#[test]
fn what_path_or_body_hold_is_not_a_query_parameter() {
    let shop = shop();
    let refused = |method, target, body| request(&shop, method, target, body).expect_err(target);
    let by_path = "is given by the path, and is not a query parameter";
    assert_eq!(
        refused("GET", "/v1/things/7?thingId=7", ""),
        format!("thingId: {by_path}")
    );
    assert_eq!(
        refused("GET", "/v1/blobs/7?owner.name=7", ""),
        format!("owner.name: {by_path}")
    );
    assert_eq!(
        refused("POST", "/v1/things?thing.title=x", "{}"),
        "thing.title: belongs to the body, and is not a query parameter"
    );
    assert_eq!(
        refused("PUT", "/v1/all/x?i32=5", "{}"),
        "i32: belongs to the body: this method has no query parameters"
    );
    // A sibling of what the path binds stays free.
    assert_eq!(
        request(&shop, "GET", "/v1/blobs/7?owner.age=3", "").as_deref(),
        Ok(r#"{"owner":{"name":"7","age":3}}"#)
    );
    assert_eq!(
        request(&shop, "POST", "/v1/things?dryRun=true", r#"{"title":"x"}"#).as_deref(),
        Ok(r#"{"thing":{"title":"x"},"dryRun":true}"#)
    );
}

#[test]
fn parameters_that_belong_to_somebody_else_are_passed_over() {
    let options = Options {
        ignored_query_parameters: vec!["ticket".to_owned()],
        ..Options::default()
    };
    let answer = request(
        &shop_with(&options),
        "GET",
        "/v1/things?ticket=s3cret&text=x",
        "",
    );
    assert_eq!(answer.as_deref(), Ok(r#"{"text":"x"}"#));
}
