//! A path with its query, and a form, that anybody sends.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use transcoder::prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, Value,
};
use transcoder::{
    Booleans, Content, HttpMethod, Matched, Options, QueryOptions, RouteMatch, Segment, Template,
    Transcoder,
};

/// By the first byte of the input: what queries may hold.
static TRANSCODERS: LazyLock<[Transcoder; 2]> = LazyLock::new(|| {
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/proto");
    let google = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let set = protox::Compiler::new([protos, google])
        .and_then(|mut compiler| {
            let compiler = compiler.include_imports(true);
            let compiler = compiler.open_files(["shop.proto", "files.proto"])?;
            Ok(compiler.encode_file_descriptor_set())
        })
        .expect("the protos compile");
    [false, true].map(|is_lenient| {
        let query = QueryOptions {
            indexed_lists: is_lenient,
            ignore_unknown: is_lenient,
            booleans: if is_lenient {
                Booleans::Abseil
            } else {
                Booleans::Json
            },
            go_durations: is_lenient,
            decimal_integers: is_lenient,
            plain_plus: false,
        };
        let options = Options {
            query,
            ..Options::default()
        };
        Transcoder::new(&set, &options).expect("the rules are right")
    })
});

/// And the method of the request.
const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "PATCH", "HEAD", "DELETE", "PURGE", "OPTIONS",
];

// `path?query`, and a form on the lines below.
fuzz_target!(|input: &[u8]| {
    let Some((choice, text)) = input.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let (target, form) = text.split_once('\n').unwrap_or((text, ""));
    let (path, query) = target
        .split_once('?')
        .map_or((target, None), |(p, q)| (p, Some(q)));
    let transcoder = &TRANSCODERS[usize::from(choice & 1)];
    let method = METHODS[usize::from(choice >> 1 & 7)];
    let method = http::Method::from_bytes(method.as_bytes()).expect("a name");

    let readings = readings(path);
    let fits = |template: &Template| readings.iter().find(|reading| reading.fits(template));
    match transcoder.route(&method, path) {
        RouteMatch::Found(matched) => {
            let route = matched.route();
            let is_the_method = match route.http_method() {
                HttpMethod::Any => true,
                HttpMethod::Is(wanted) => {
                    *wanted == method || (method == "HEAD" && wanted == "GET")
                }
            };
            assert!(is_the_method, "{method} {path}: {}", route.http_method());
            let reading = fits(route.template());
            let reading = reading.unwrap_or_else(|| panic!("{path}: {}", route.template()));
            request(&matched, reading, query, form);
        }
        found => {
            let mut routes = transcoder.routes().iter();
            let some_fits = routes.any(|route| fits(route.template()).is_some());
            match found {
                RouteMatch::MethodNotAllowed { allow } => {
                    assert!(some_fits, "{method} {path}");
                    assert!(
                        method == "OPTIONS" || !allow.contains(&method),
                        "{method} {path}"
                    );
                }
                _ => assert!(!some_fits, "{method} {path}"),
            }
        }
    }
});

/// A way to read a path: its raw segments, and its verb.
struct Reading<'p> {
    segments: Vec<&'p str>,
    verb: Option<String>,
}

/// With the last colon as the start of a verb, and without.
fn readings(path: &str) -> Vec<Reading<'_>> {
    let Some(segments) = path.strip_prefix('/') else {
        return Vec::new();
    };
    let mut readings = Vec::new();
    let colon = segments
        .rfind(':')
        .filter(|at| !segments[*at..].contains('/'));
    if let Some((at, verb)) = colon.and_then(|at| Some((at, decoded(&segments[at + 1..])?))) {
        // `/a/:verb` has an empty last segment, where `/:verb` has none.
        readings.push(Reading {
            segments: split(&segments[..at]),
            verb: Some(verb),
        });
    }
    readings.push(Reading {
        segments: split(segments),
        verb: None,
    });
    readings
}

fn split(path: &str) -> Vec<&str> {
    match path {
        "" => Vec::new(),
        path => path.split('/').collect(),
    }
}

impl Reading<'_> {
    fn fits(&self, template: &Template) -> bool {
        if template.verb() != self.verb.as_deref() {
            return false;
        }
        let mut left = self.segments.iter();
        for segment in template.segments() {
            let fits = match (segment, left.next()) {
                (Segment::Rest, _) => return true,
                (_, None) => false,
                (Segment::Literal(text), Some(raw)) => decoded(raw).as_ref() == Some(text),
                (Segment::One, Some(raw)) => !raw.is_empty(),
            };
            if !fits {
                return false;
            }
        }
        left.next().is_none()
    }
}

/// What is taken is the bytes of the request message, with what path and query say in its fields.
fn request(matched: &Matched, reading: &Reading<'_>, query: Option<&str>, form: &str) {
    let route = matched.route();
    let content = match route.takes_http_body() {
        true => Content::Raw {
            content_type: "text/plain",
            data: form.as_bytes(),
        },
        false => Content::Form(form.as_bytes()),
    };
    let wire = match matched.request_of(query, content) {
        Ok(wire) => wire,
        Err(refusal) => return assert!(!refusal.violations.is_empty()),
    };
    let input = route.method().input();
    let message = DynamicMessage::decode(input.clone(), wire)
        .unwrap_or_else(|error| panic!("{error}: {:?} ? {query:?} {form:?}", reading.segments));

    let template = route.template();
    for variable in template.variables() {
        let raw = match template.segments()[variable.segments.end - 1] {
            Segment::Rest => {
                reading.segments[variable.segments.start.min(reading.segments.len())..].join("/")
            }
            _ => reading.segments[variable.segments.clone()].join("/"),
        };
        let value = match template.is_single_segment(variable) {
            true => decoded(&raw),
            false => {
                let parts = raw.replace("%2f", "%2F");
                let parts: Option<Vec<_>> = parts.split("%2F").map(decoded).collect();
                parts.map(|parts| parts.join("%2F"))
            }
        };
        let value = value.expect("it was taken");
        // The case of a slash that stays encoded is the client's.
        let same = |text: &str| text.replace("%2f", "%2F");
        if let Value::String(text) = field(&message, &variable.field_path) {
            assert_eq!(same(&text), same(&value));
        }
    }

    for pair in query.unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(&name.replace('+', " ")).expect("it was taken");
        let value = decoded(&value.replace('+', " ")).expect("it was taken");
        let is_text = |field: &FieldDescriptor| field.kind() == Kind::String && !field.is_list();
        let by_name = input.get_field_by_json_name(&name);
        if let Some(known) = by_name
            .or_else(|| input.get_field_by_name(&name))
            .filter(is_text)
        {
            assert_eq!(*message.get_field(&known), Value::String(value), "{name}");
        }
    }
}

fn field(message: &DynamicMessage, path: &[String]) -> Value {
    let (first, inner) = path.split_first().expect("a variable has a field");
    let known = message
        .descriptor()
        .get_field_by_name(first)
        .expect("the route was built");
    match &*message.get_field(&known) {
        Value::Message(message) if !inner.is_empty() => field(message, inner),
        value => value.clone(),
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'%' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                rest = after;
                let digit = |digit: u8| char::from(digit).to_digit(16);
                u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).expect("two digits")
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}
