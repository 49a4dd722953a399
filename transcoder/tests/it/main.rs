//! The crate as its callers see it, over the services in `tests/proto`.

mod body;
mod build;
mod elsewhere;
mod engine;
mod errors;
mod form;
mod hostile;
mod http_body;
mod model;
mod odd;
mod openapi;
mod path;
mod query;
mod random;
mod response;
mod update_mask;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use transcoder::prost_reflect::{DescriptorPool, DynamicMessage};
use transcoder::{Content, Matched, Options, RouteMatch, Transcoder};

/// The descriptor set of one of the files in `tests/proto`, with comments. Compiled once.
pub(crate) fn descriptor_set(file: &'static str) -> Vec<u8> {
    static COMPILED: LazyLock<Mutex<HashMap<&str, Vec<u8>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().expect("no test panics while it compiles");
    compiled
        .entry(file)
        .or_insert_with(|| compile(file))
        .clone()
}

fn compile(file: &str) -> Vec<u8> {
    protox::Compiler::new(["tests/proto", "../proto"])
        .and_then(|mut compiler| {
            let compiler = compiler.include_imports(true).include_source_info(true);
            Ok(compiler.open_file(file)?.encode_file_descriptor_set())
        })
        .unwrap_or_else(|error| panic!("{error:?}"))
}

/// The shop of `shop.proto`.
pub(crate) fn shop() -> Transcoder {
    shop_with(&Options::default())
}

pub(crate) fn shop_with(options: &Options) -> Transcoder {
    Transcoder::new(&descriptor_set("shop.proto"), options).expect("shop.proto can be served")
}

pub(crate) fn matched(transcoder: &Transcoder, method: &str, path: &str) -> Matched {
    match transcoder.route(&method.parse().expect("an HTTP method"), path) {
        RouteMatch::Found(matched) => matched,
        other => panic!("{method} {path}: {other:?}"),
    }
}

/// The request message in JSON, or its faults as `field: description` lines.
pub(crate) fn request(
    transcoder: &Transcoder,
    method: &str,
    target: &str,
    body: &str,
) -> Result<String, String> {
    request_of(transcoder, method, target, Content::Json(body.as_bytes()))
}

/// The same of any content.
pub(crate) fn request_of(
    transcoder: &Transcoder,
    method: &str,
    target: &str,
    content: Content<'_>,
) -> Result<String, String> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let matched = matched(transcoder, method, path);
    let wire = matched.request_of(query, content).map_err(|bad| {
        let lines = bad
            .violations
            .iter()
            .map(|v| format!("{}: {}", v.field, v.description));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    let message =
        DynamicMessage::decode(matched.route().method().input(), wire).expect("the input");
    Ok(serde_json::to_string(&message).expect("JSON"))
}

/// The wire bytes of the message that `json` is, by prost-reflect alone.
pub(crate) fn wire(pool: &DescriptorPool, message: &str, json: &str) -> Vec<u8> {
    use prost::Message as _;
    let message = pool
        .get_message_by_name(message)
        .expect("a message of the set");
    let mut deserializer = serde_json::Deserializer::from_str(json);
    DynamicMessage::deserialize(message, &mut deserializer)
        .expect(json)
        .encode_to_vec()
}
