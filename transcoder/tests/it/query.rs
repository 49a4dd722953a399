use transcoder::{Options, QueryOptions, Transcoder};

use crate::{descriptor_set, request, shop, shop_with};

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
            "labels: is a map; give its entries, such as \"field[key]=value\"".into(),
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

#[test]
fn a_field_is_set_whatever_its_json_name_holds() {
    let set = descriptor_set("measures.proto");
    let measures = Transcoder::new(&set, &Options::default()).expect("its rules are right");
    for (query, expected) in [
        ("width[cm]=3", r#"{"width[cm]":3}"#),
        ("width%5Bcm%5D=3", r#"{"width[cm]":3}"#),
        ("width=3", r#"{"width[cm]":3}"#),
        ("tag[]=a&tag[]=b&tags=c", r#"{"tag[]":["a","b","c"]}"#),
        ("by.name[x]=1&by_name[y]=2", r#"{"by.name":{"x":1,"y":2}}"#),
        (
            "in[n]er.in[n]er.width[cm]=3",
            r#"{"in[n]er":{"in[n]er":{"width[cm]":3}}}"#,
        ),
        (
            "in[n]er.by.name[x.y]=1",
            r#"{"in[n]er":{"by.name":{"x.y":1}}}"#,
        ),
        (
            "others[a].width[cm]=3",
            r#"{"others":{"a":{"width[cm]":3}}}"#,
        ),
        (
            "others[a].by.name[b]=3",
            r#"{"others":{"a":{"by.name":{"b":3}}}}"#,
        ),
        (
            "flags[even]=true&flags[odd]=5",
            r#"{"flags":{"even":true},"flags[odd]":5}"#,
        ),
    ] {
        let target = format!("/v1/measures?{query}");
        let message = request(&measures, "GET", &target, "");
        // Entries of a map come in any order.
        let [message, expected] = [message.as_deref(), Ok(expected)]
            .map(|json| json.map(|json| serde_json::from_str::<serde_json::Value>(json).ok()));
        assert_eq!(message, expected, "{query}");
    }
    for query in ["width[mm]=3", "in[n]er[cm]=3", "tag[=a", "by.nam[x]=1"] {
        let target = format!("/v1/measures?{query}");
        assert!(request(&measures, "GET", &target, "").is_err(), "{query}");
    }
}

#[test]
fn entries_of_maps_are_given_by_their_keys() {
    let cases = [
        ("labels[a]=1&labels[b]=2", r#"{"labels":{"a":1,"b":2}}"#),
        ("labels%5Ba%20b.c%5D=1", r#"{"labels":{"a b.c":1}}"#),
        ("labels[%5B]%5D]=1", r#"{"labels":{"[]]":1}}"#),
        ("labels[]=1", r#"{"labels":{"":1}}"#),
        ("labels[a]=0", r#"{"labels":{"a":0}}"#),
        (
            "byNumber[-5].name=x&byNumber[-5].age=3",
            r#"{"byNumber":{"-5":{"name":"x","age":3}}}"#,
        ),
        (
            "by_number[5].boss.nickNames=a&by_number[5].boss.nickNames=b",
            r#"{"byNumber":{"5":{"boss":{"nickNames":["a","b"]}}}}"#,
        ),
        (
            "switches[true]=COLOR_RED",
            r#"{"switches":{"true":"COLOR_RED"}}"#,
        ),
        (
            "inner.inner.labels[a]=1&inner.text=x",
            r#"{"inner":{"text":"x","inner":{"labels":{"a":1}}}}"#,
        ),
    ];
    // The oracle prints the entries of a map in any order.
    let parsed = |json: &str| serde_json::from_str::<serde_json::Value>(json).expect("JSON");
    for (query, message) in cases {
        let found = find(query).map(|found| parsed(&found));
        assert_eq!(found, Ok(parsed(message)), "{query}");
    }
    let integer = "expected an integer from -2147483648 to 2147483647";
    let refused = [
        ("labels[a]=x", format!("labels[a]: {integer}")),
        (
            "labels[a]=1&labels[a]=1",
            "labels[a]: is given more than once".into(),
        ),
        (
            "byNumber[1].age=1&byNumber[1.0].age=1",
            "byNumber[1.0].age: is given more than once".into(),
        ),
        (
            "byNumber[x].age=1",
            "byNumber[x].age: the key: expected a 64-bit integer".into(),
        ),
        (
            "byNumber[1]=1",
            "byNumber[1]: is a message; give its fields, such as \"field[key].subfield=value\""
                .into(),
        ),
        (
            "byNumber[1].nope=1",
            "byNumber[1].nope: is not a query parameter: shop.v1.Owner has no field \"nope\""
                .into(),
        ),
        (
            "labels[a=1",
            "labels[a: has a bracket that does not close".into(),
        ),
        (
            "labels[a]b=1",
            "labels[a]b: has a bracket that does not close".into(),
        ),
        ("text[a]=1", "text[a]: is neither a map nor a list".into()),
        (
            "texts[0]=1",
            "texts[0]: is a list; repeat the parameter, such as \"field=a&field=b\"".into(),
        ),
        (
            "owners[0].name=x",
            "owners[0].name: is a list of messages, which a query cannot hold".into(),
        ),
        (
            "nope[0]=x",
            "nope[0]: is not a query parameter: shop.v1.Everything has no field \"nope\"".into(),
        ),
    ];
    for (query, fault) in refused {
        assert_eq!(find(query), Err(fault), "{query}");
    }
}

fn with_lists(query: &str) -> Result<String, String> {
    of_lists(&format!("/v1/things?{query}"))
}

fn of_lists(target: &str) -> Result<String, String> {
    let shop = shop_with(&Options {
        query: QueryOptions {
            indexed_lists: true,
            ..QueryOptions::default()
        },
        ..Options::default()
    });
    request(&shop, "GET", target, "")
}

/// Parsers of protobuf refuse what is nested more than 100 deep.
#[test]
fn elements_are_no_way_to_nest_deeper_than_paths() {
    let steps = ["branches[0].", "graftings[a].", "root.branches[0]."];
    for (step, most) in steps.into_iter().zip([16, 16, 15]) {
        let query = |times: usize| format!("/v1/trees?{}name=x", step.repeat(times));
        of_lists(&query(most)).unwrap_or_else(|fault| panic!("{fault}"));
        of_lists(&query(most + 1)).expect_err("it is too deep");
    }
    let roots = "root.".repeat(31);
    let deep = format!("{roots}branches[0].").repeat(4) + "name";
    let fault = of_lists(&format!("/v1/trees?{deep}=x"));
    assert_eq!(fault, Err(format!("{deep}: is more than 32 fields deep")));
}

#[test]
fn elements_of_lists_can_be_given_by_their_index() {
    let cases = [
        (
            "owners[0].name=a&owners[1].name=b&owners[0].age=3",
            r#"{"owners":[{"name":"a","age":3},{"name":"b"}]}"#,
        ),
        // In whatever order they come.
        (
            "texts[1]=b&texts[0]=a&texts[2]=",
            r#"{"texts":["a","b",""]}"#,
        ),
        (
            "times[0]=2030-01-31T00:00:00Z",
            r#"{"times":["2030-01-31T00:00:00Z"]}"#,
        ),
        ("texts=a&texts=b", r#"{"texts":["a","b"]}"#),
        (
            "inner.owners[0].boss.name=a&inner.inner.owners[0].nickNames[0]=b",
            r#"{"inner":{"owners":[{"boss":{"name":"a"}}],"inner":{"owners":[{"nickNames":["b"]}]}}}"#,
        ),
    ];
    for (query, message) in cases {
        assert_eq!(with_lists(query).as_deref(), Ok(message), "{query}");
    }
    let many = (0..1001)
        .map(|index| format!("texts[{index}]="))
        .collect::<Vec<_>>()
        .join("&");
    let refused = [
        (
            "owners[1].name=a",
            "owners[0]: is missing: indices start at 0 and leave none out".to_owned(),
        ),
        (
            "owners[x].name=a",
            "owners[x].name: expected an index in the brackets, such as 0".into(),
        ),
        (
            "owners[0].name=a&owners[0].name=b",
            "owners[0].name: is given more than once".into(),
        ),
        (
            "owners=a",
            "owners: is a list of messages; give their fields, such as \"field[0].subfield=value\""
                .into(),
        ),
        (
            many.as_str(),
            "texts[1000]: is one of more than 1000 elements".into(),
        ),
    ];
    for (query, fault) in refused {
        assert_eq!(with_lists(query), Err(fault), "{query}");
    }
}

#[test]
fn unknown_parameters_can_be_passed_over() {
    let shop = shop_with(&Options {
        query: QueryOptions {
            ignore_unknown: true,
            ..QueryOptions::default()
        },
        ..Options::default()
    });
    let find = |query| request(&shop, "GET", &format!("/v1/things?{query}"), "");
    assert_eq!(
        find("utm_source=x&text=y&owner.nope=1&byNumber[1].nope=2&byNumber[1].age=2").as_deref(),
        Ok(r#"{"text":"y","byNumber":{"1":{"age":2}}}"#)
    );
    assert!(find("i32=x").is_err());
}

#[test]
fn the_faults_of_a_query_are_bounded() {
    let faults = find(&"nope&".repeat(1_000)).expect_err("a thousand faults");
    assert_eq!(faults.lines().count(), 50);
}
