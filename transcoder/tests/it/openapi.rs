//! The OpenAPI document of `market.proto`.

use serde_json::{Value, json};
use transcoder::openapi::{Info, Text, Visibility, document};
use transcoder::{JsonOptions, Options, Transcoder};

use crate::descriptor_set;

mod valid;

fn market() -> Value {
    market_with(&Options::default())
}

/// As the edge prints replies.
fn market_with_defaults() -> Value {
    market_with(&Options {
        json: JsonOptions {
            always_print_fields_without_presence: true,
            ..JsonOptions::default()
        },
        ..Options::default()
    })
}

fn market_with(options: &Options) -> Value {
    market_of(options, &info())
}

fn info() -> Info {
    Info {
        title: "Market".to_owned(),
        version: "1.0.0".to_owned(),
        contact: "The market".to_owned(),
        license: Some(("Apache License 2.0".to_owned(), "Apache-2.0".to_owned())),
        reasons: Some("market.v1.Reason".to_owned()),
        success_status_option: Some("market.v1.success_status".to_owned()),
        keeps_idempotency_keys: true,
        sensitive_option: Some("market.v1.sensitive".to_owned()),
        ..Info::default()
    }
}

fn market_of(options: &Options, info: &Info) -> Value {
    let transcoder = Transcoder::new(&descriptor_set("market.proto"), options);
    document(
        &transcoder.expect("it can be served"),
        info,
        &|method| match method.name() {
            "Hidden" => Visibility::Hidden,
            "CreateOffer" => Visibility::Secured {
                roles: vec!["seller".to_owned()],
            },
            _ => Visibility::Public,
        },
    )
}

#[test]
fn every_example_keeps_to_its_schema_and_every_reference_leads_somewhere() {
    for document in [market(), market_with_defaults()] {
        let checked = valid::examples(&document);
        assert!(checked > 20, "{checked} examples");
    }
}

#[test]
fn paths_of_one_shape_are_one_item_and_hidden_methods_none() {
    let market = market();
    let paths = market["paths"].as_object().expect("paths");
    let mut items: Vec<_> = paths
        .iter()
        .map(|(path, item)| {
            let methods: Vec<_> = item.as_object().expect("an item").keys().cloned().collect();
            format!("{path} {}", methods.join(","))
        })
        .collect();
    items.sort();
    assert_eq!(
        items,
        [
            "/v1/login post",
            "/v1/offers post,get",
            "/v1/offers/{offerId} get,patch",
            "/v1/offers/{offerId}:close post",
            "/v1/offers/{offerId}:rate post",
            "/v1/offers/{offerId}:watch get",
            "/v1/{parent}/offer get",
        ]
    );
    assert_eq!(
        paths["/v1/offers/{offerId}"]["get"]["operationId"],
        "getOffer"
    );
    assert_eq!(
        paths["/v1/{parent}/offer"]["get"]["operationId"],
        "getOffer2"
    );
    let parent = &paths["/v1/{parent}/offer"]["get"]["parameters"][0];
    assert_eq!(parent["schema"]["pattern"], "^shops/[^/]+/shelves/[^/]+$");
}

#[test]
fn an_operation_says_what_the_contract_says() {
    let market = market();
    let create = &market["paths"]["/v1/offers"]["post"];
    assert_eq!(create["summary"], "CreateOffer puts something up for sale");
    assert_eq!(
        create["description"],
        "CreateOffer puts something up for sale. Only sellers may.\n\nA second paragraph."
    );
    assert_eq!(create["security"], json!([{ "bearer": ["seller"] }]));
    let statuses: Vec<_> = create["responses"]
        .as_object()
        .expect("responses")
        .keys()
        .collect();
    assert_eq!(
        statuses,
        [
            "201", "400", "401", "403", "404", "405", "409", "413", "415", "429", "500", "501",
            "503", "504"
        ]
    );
    assert_eq!(create["parameters"][0]["name"], "validateOnly");
    assert_eq!(
        create["parameters"][1]["$ref"],
        "#/components/parameters/IdempotencyKey"
    );
    assert_eq!(create["requestBody"]["required"], true);
    assert_eq!(
        create["requestBody"]["content"]["application/json"]["example"],
        json!({
            "title": "title",
            "sellerCode": "AA-1111",
            "price": { "currencyCode": "GBP", "units": "12", "nanos": 500_000_000 },
        })
    );

    let get = &market["paths"]["/v1/offers/{offerId}"]["get"];
    assert_eq!(get["security"], json!([]));
    let statuses: Vec<_> = get["responses"]
        .as_object()
        .expect("responses")
        .keys()
        .collect();
    assert_eq!(
        statuses,
        [
            "200", "400", "404", "405", "429", "500", "501", "503", "504"
        ]
    );
    let rate = &market["paths"]["/v1/offers/{offerId}:rate"]["post"];
    assert_eq!(rate["deprecated"], true);
    let responses = &rate["responses"];
    assert!(
        responses["401"].is_object() && responses["403"].is_object(),
        "a write may take credentials: {responses}"
    );
    let idempotency =
        |path: &str, method: &str| market["paths"][path][method]["x-idempotency"].clone();
    assert_eq!(idempotency("/v1/offers", "get"), "safe");
    assert_eq!(
        idempotency("/v1/offers/{offerId}:close", "post"),
        "idempotent"
    );
    assert_eq!(idempotency("/v1/offers", "post"), "key");
    assert_eq!(idempotency("/v1/login", "post"), "none");
    assert_eq!(
        market["info"],
        json!({
            "title": "Market", "version": "1.0.0", "contact": { "name": "The market" },
            "license": { "name": "Apache License 2.0", "identifier": "Apache-2.0" },
        })
    );
    assert_eq!(
        market["tags"],
        json!([{ "name": "Market", "description": "Sells things." }])
    );
}

#[test]
fn a_schema_has_bounds_behaviours_and_comments() {
    let market = market();
    let offer = &market["components"]["schemas"]["OfferInput"];
    assert_eq!(offer["description"], "Something for sale.");
    assert_eq!(offer["required"], json!(["title", "sellerCode", "price"]));
    assert_eq!(offer["additionalProperties"], false);
    let expected = json!({
        "title": { "type": "string", "minLength": 3, "maxLength": 80, "description": "What it is." },
        "sellerCode": {
            "type": "string", "pattern": "^[A-Z]{2}-[0-9]{4,6}$",
            "description": "Code of the seller.\n\nCannot be changed once it is set.",
        },
        "quantity": {
            "type": "integer", "format": "int32", "minimum": 1, "exclusiveMaximum": 1000,
            "description": "How many there are.",
        },
        "kind": { "$ref": "#/components/schemas/OfferKind", "description": "Its kind." },
        "tags": {
            "type": "array", "items": { "type": "string", "minLength": 2 },
            "minItems": 1, "maxItems": 5, "uniqueItems": true, "description": "Words for it.",
        },
        "email": { "type": "string", "format": "email", "description": "Where to ask." },
        "counts": {
            "type": "object", "maxProperties": 10, "description": "Counts by word.",
            "additionalProperties": { "type": "string", "format": "int64", "pattern": "^(?:0|-?[1-9][0-9]{0,18})$" },
        },
        "contactId": {
            "type": "string", "description": "Whom to ask; nobody if it is empty.",
            "pattern": "^$|^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        },
        "oldTitle": { "type": "string", "description": "What it was called.", "deprecated": true },
        "payments": {
            "type": "array", "items": { "$ref": "#/components/schemas/OfferPayments" },
            "description": "How it can be paid.",
        },
        "seller": { "$ref": "#/components/schemas/MarketPartyInput", "description": "Who sells it." },
        "buyer": { "$ref": "#/components/schemas/OtherPartyInput", "description": "Who bought it." },
        "part": { "$ref": "#/components/schemas/OfferInput", "description": "A smaller one of the same." },
        "address": {
            "type": "string", "description": "It is brought.\n\nAt most one of `address`, `pickUp`.",
        },
        "rank": { "type": ["integer", "null"], "format": "int32", "description": "Perhaps a number." },
        "picture": { "type": "string", "contentEncoding": "base64", "description": "Bytes." },
        "units": {
            "type": "string", "format": "int64", "pattern": "^(?:0|[1-9][0-9]{0,18})$",
            "description": "Units of it, never below zero.",
        },
        "state": { "$ref": "#/components/schemas/State", "description": "Where it stands." },
        "error": {
            "$ref": "#/components/schemas/MarketErrorInput", "description": "Named as the errors are.",
        },
    });
    for (name, schema) in expected.as_object().expect("an object") {
        assert_eq!(&offer["properties"][name], schema, "{name}");
    }
    for set_by_the_server in ["id", "createTime"] {
        assert_eq!(offer["properties"].get(set_by_the_server), None);
    }
    let replies = &market["components"]["schemas"]["ListOffersReply"];
    assert_eq!(replies.get("additionalProperties"), None);
    let password = &market["components"]["schemas"]["LoginRequest"]["properties"]["password"];
    assert_eq!(password["format"], "password");
}

#[test]
fn no_key_is_asked_for_that_nobody_keeps() {
    let info = Info {
        keeps_idempotency_keys: false,
        ..info()
    };
    let market = market_of(&Options::default(), &info);
    assert!(!market.to_string().contains("IdempotencyKey"), "{market}");
    let create = &market["paths"]["/v1/offers"]["post"];
    assert_eq!(create["x-idempotency"], "none");
}

#[test]
fn a_request_says_what_options_of_the_contract_say_of_its_texts() {
    let info = Info {
        text: Some(|field| {
            let is_text = ["title", "tags", "seller_code", "old_title"].contains(&field.name());
            let (pattern, format) = ("^(?:[^ ].*)?$", Some("idn-email"));
            is_text.then_some(Text { pattern, format })
        }),
        ..info()
    };
    let market = market_of(&Options::default(), &info);
    valid::examples(&market);
    let schemas = &market["components"]["schemas"];
    let said = |schema: &Value| json!([schema["pattern"], schema["format"]]);
    let offer = &schemas["OfferInput"]["properties"];
    assert_eq!(said(&offer["title"]), json!(["^(?:[^ ].*)?$", "idn-email"]));
    assert_eq!(said(&offer["tags"]["items"]), said(&offer["title"]));
    // It may be empty, and no address is.
    assert_eq!(said(&offer["oldTitle"]), json!(["^(?:[^ ].*)?$", null]));
    // Its own pattern says more.
    assert_eq!(
        said(&offer["sellerCode"]),
        json!(["^[A-Z]{2}-[0-9]{4,6}$", null])
    );
    assert_eq!(
        said(&schemas["Offer"]["properties"]["title"]),
        json!([null, null])
    );
}

#[test]
fn a_reply_has_what_is_always_printed_and_none_of_the_bounds_of_requests() {
    let market = market_with_defaults();
    let schemas = &market["components"]["schemas"];
    let offer = &schemas["Offer"];
    assert_eq!(
        offer["required"],
        json!([
            "id",
            "title",
            "sellerCode",
            "price",
            "quantity",
            "kind",
            "tags",
            "email",
            "counts",
            "createTime",
            "picture",
            "units",
            "state",
            "contactId",
            "oldTitle",
            "payments",
            "parts",
        ])
    );
    assert_eq!(offer.get("additionalProperties"), None);
    let expected = json!({
        "id": { "type": "string", "format": "uuid", "description": "Its id." },
        "title": { "type": "string", "description": "What it is." },
        "quantity": { "type": "integer", "format": "int32", "description": "How many there are." },
        "kind": { "$ref": "#/components/schemas/Kind", "description": "Its kind." },
        "tags": { "type": "array", "items": { "type": "string" }, "description": "Words for it." },
        "contactId": { "type": "string", "description": "Whom to ask; nobody if it is empty." },
        "payments": {
            "type": "array", "items": { "type": "string" }, "description": "How it can be paid.",
        },
        "createTime": {
            "type": "string", "format": "date-time", "description": "When it was made.",
        },
        "part": { "$ref": "#/components/schemas/Offer", "description": "A smaller one of the same." },
    });
    for (name, schema) in expected.as_object().expect("an object") {
        assert_eq!(&offer["properties"][name], schema, "{name}");
    }
    assert_eq!(
        schemas["ListOffersReply"]["required"],
        json!(["offers", "nextPageToken"])
    );
    // Without that option, an empty list is not there.
    let sparing = self::market();
    let sparing = &sparing["components"]["schemas"];
    assert_eq!(sparing["ListOffersReply"].get("required"), None);
    assert_eq!(
        sparing["Offer"]["required"],
        json!(["title", "sellerCode", "price", "createTime"])
    );
}

#[test]
fn every_enum_has_a_name_and_says_that_it_may_grow() {
    let market = market();
    let schemas = &market["components"]["schemas"];
    let grows = "More values may be added: a client takes one that it does not know for what it is, unknown.";
    assert_eq!(
        schemas["State"]["description"],
        format!(
            "Where an offer stands.\n\n- `STATE_UNSPECIFIED`: Not used.\n- `STATE_OPEN`: Open.\n\
             - `STATE_GONE`: Deprecated. Gone for good.\n\n{grows}"
        )
    );
    assert_eq!(
        schemas["OfferKind"],
        json!({
            "type": "string", "enum": ["KIND_NEW", "KIND_USED"],
            "description": "Kind of an offer.\n\n- `KIND_NEW`: New.\n- `KIND_USED`: Used.",
        })
    );
    assert_eq!(
        schemas["OfferPayments"],
        json!({ "type": "string", "enum": ["card", "cash"] })
    );
    assert_eq!(schemas["Kind"]["enum"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        schemas["Reason"],
        json!({
            "type": "string", "enum": ["SOLD"],
            "description": format!("Why something failed.\n\n- `SOLD`: It is sold.\n\n{grows}"),
        })
    );
    let reason = &schemas["ErrorDetail"]["properties"]["reason"]["$ref"];
    assert_eq!(reason, "#/components/schemas/Reason");
    let text = market.to_string();
    assert_eq!(
        text.matches("\"enum\"").count(),
        5,
        "none is within another"
    );
    assert!(!text.contains("anyOf"));
}

#[test]
fn names_are_none_that_generators_make() {
    let market = market();
    let schemas = market["components"]["schemas"].as_object().expect("some");
    assert!(schemas.contains_key("ErrorReply") && schemas.contains_key("MarketError"));
    for name in schemas.keys() {
        assert!(!name.ends_with("Response") && name != "Error", "{name}");
    }
}

#[test]
fn an_operation_is_named_by_its_method_and_where_two_are_called_the_same_by_its_service() {
    let transcoder = Transcoder::new(&descriptor_set("market_twice.proto"), &Options::default());
    let transcoder = transcoder.expect("it can be served");
    let twice = document(&transcoder, &Info::default(), &|_| Visibility::Public);
    let id = |path: &str| twice["paths"][path]["get"]["operationId"].clone();
    assert_eq!(id("/left"), "twiceLeftGet");
    assert_eq!(id("/left/again"), "twiceLeftGet2");
    assert_eq!(id("/left/over"), "leftOver");
    assert_eq!(id("/right"), "rightGet");
    assert_eq!(id("/thrice/left"), "thriceLeftGet");
    assert_eq!(twice["paths"]["/right"]["get"]["deprecated"], true);
    assert_eq!(twice["paths"]["/left"]["get"].get("deprecated"), None);
    assert_eq!(
        twice["servers"],
        json!([{ "url": "/", "description": "Where this document was read." }])
    );
}

#[test]
fn a_body_has_neither_what_the_path_binds_nor_in_a_patch_required_fields() {
    let market = market();
    let patch = &market["paths"]["/v1/offers/{offerId}"]["patch"];
    let body = &patch["requestBody"]["content"]["application/json"];
    assert_eq!(
        body["schema"]["$ref"],
        "#/components/schemas/UpdateOfferBody"
    );
    assert_eq!(body["example"], json!({ "title": "title" }));
    let schema = &market["components"]["schemas"]["UpdateOfferBody"];
    assert_eq!(schema.get("required"), None);
    assert_eq!(schema["properties"].get("id"), None);
    assert_eq!(patch["parameters"][0]["name"], "offerId");
    assert_eq!(patch["parameters"][1]["name"], "updateMask");

    let rate = &market["paths"]["/v1/offers/{offerId}:rate"]["post"]["requestBody"];
    assert_eq!(rate["required"], true);
    let schema = &market["components"]["schemas"]["RateOfferBody"];
    assert_eq!(schema["required"], json!(["stars"]));
    let close = &market["paths"]["/v1/offers/{offerId}:close"]["post"];
    assert_eq!(close.get("requestBody"), None, "everything is in the path");
    assert_eq!(
        close.get("parameters").and_then(|p| p.get(1)),
        None,
        "it is idempotent as it is"
    );
}

#[test]
fn query_parameters_are_the_fields_of_the_request_with_nested_ones() {
    let market = market();
    let parameters = market["paths"]["/v1/offers"]["get"]["parameters"]
        .as_array()
        .expect("some");
    let names: Vec<_> = parameters
        .iter()
        .filter_map(|p| p["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "pageSize",
            "filter.query",
            "filter.since",
            "kinds",
            "orderBy"
        ]
    );
    assert_eq!(
        parameters[0],
        json!({
            "name": "pageSize", "in": "query", "description": "Most of them.",
            "schema": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 100 },
        })
    );
    assert_eq!(parameters[3]["schema"]["type"], "array");
    assert_eq!(
        parameters[4],
        json!({
            "name": "orderBy", "in": "query", "description": "Not used any more.",
            "deprecated": true, "schema": { "type": "string" },
        })
    );
}

#[test]
fn streams_and_secrets_are_told() {
    let market = market();
    let watch =
        &market["paths"]["/v1/offers/{offerId}:watch"]["get"]["responses"]["200"]["content"];
    let types: Vec<_> = watch.as_object().expect("content").keys().collect();
    assert_eq!(types, ["text/event-stream", "application/x-ndjson"]);
    let told =
        market["paths"]["/v1/offers/{offerId}:watch"]["get"]["responses"]["200"]["description"]
            .as_str();
    let told = told.expect("a text");
    assert!(told.contains("Whoever sends no `Accept`"), "{told}");
    let login = &market["paths"]["/v1/login"]["post"];
    assert_eq!(
        login.get("parameters"),
        None,
        "a secret reply is not stored under a key"
    );
}
