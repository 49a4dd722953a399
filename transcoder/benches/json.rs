//! What one message costs, in time and in allocations, against prost-reflect's dynamic message,
//! pbjson over generated types, and a scan of the JSON that keeps nothing: `make bench-transcoder`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde::de::IgnoredAny;
use transcoder::json::{Engine, MessageType};
use transcoder::{JsonOptions, prost_reflect};

const ORDER: &str = include_str!("order/order.json");

/// How many orders are about 100 kB.
const MANY: usize = 104;

struct Case {
    name: &'static str,
    json: String,
    wire: Vec<u8>,
    engine: Engine,
    message: MessageType,
    descriptor: MessageDescriptor,
}

impl Case {
    fn new(set: &[u8], name: &'static str, message: &str, json: String) -> Self {
        let engine = Engine::new(set, &JsonOptions::default()).expect("a descriptor set");
        let pool = DescriptorPool::decode(set).expect("a descriptor set");
        let message_type = engine.message(message).expect("it is in order.proto");
        let mut case = Self {
            name,
            json,
            wire: Vec::new(),
            engine,
            message: message_type,
            descriptor: pool.get_message_by_name(message).expect("it is in order.proto"),
        };
        case.wire = case.parse();
        assert_eq!(case.print(), case.json.as_bytes());
        assert_eq!(case.reflect_print(), case.json.as_bytes());
        assert_eq!(case.reflect_parse(), case.wire);
        case
    }

    fn parse(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(self.json.len());
        let parsed = self.engine.parse(self.message, self.json.as_bytes(), &mut wire);
        parsed.expect("it fits");
        wire
    }

    fn print(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(self.wire.len() * 2);
        self.engine.print(self.message, &self.wire, &mut json).expect("it fits");
        json
    }

    fn reflect_parse(&self) -> Vec<u8> {
        let mut deserializer = serde_json::Deserializer::from_slice(self.json.as_bytes());
        let message = DynamicMessage::deserialize(self.descriptor.clone(), &mut deserializer);
        message.expect("it fits").encode_to_vec()
    }

    fn reflect_print(&self) -> Vec<u8> {
        let message = DynamicMessage::decode(self.descriptor.clone(), &self.wire[..]);
        serde_json::to_vec(&message.expect("it fits")).expect("it has a JSON")
    }

    fn scan(&self) -> IgnoredAny {
        serde_json::from_str(&self.json).expect("it is JSON")
    }
}

fn measure(criterion: &mut Criterion, case: &Case) {
    let mut group = criterion.benchmark_group(format!("{} to wire", case.name));
    group.throughput(Throughput::Bytes(case.json.len() as u64));
    group.bench_function("engine", |bench| bench.iter(|| black_box(case).parse()));
    group.bench_function("prost-reflect", |bench| bench.iter(|| black_box(case).reflect_parse()));
    group.bench_function("serde_json scan", |bench| bench.iter(|| black_box(case).scan()));
    group.finish();
    let mut group = criterion.benchmark_group(format!("{} to JSON", case.name));
    group.throughput(Throughput::Bytes(case.json.len() as u64));
    group.bench_function("engine", |bench| bench.iter(|| black_box(case).print()));
    group.bench_function("prost-reflect", |bench| bench.iter(|| black_box(case).reflect_print()));
    group.finish();
}

fn main() {
    let set = protox::Compiler::new(["benches/order"])
        .and_then(|mut compiler| {
            let compiler = compiler.include_imports(true);
            Ok(compiler.open_file("order.proto")?.encode_file_descriptor_set())
        })
        .expect("order.proto compiles");
    let orders = format!("{{\"orders\":[{}]}}", [ORDER; MANY].join(","));
    let mut criterion = Criterion::default().configure_from_args();
    measure(&mut criterion, &Case::new(&set, "order", "bench.v1.Order", ORDER.to_owned()));
    measure(&mut criterion, &Case::new(&set, "100 kB", "bench.v1.Orders", orders));
    criterion.final_summary();
}
