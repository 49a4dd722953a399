//! What one message costs, in time and in allocations, against prost-reflect's dynamic message,
//! pbjson over generated types, and a scan of the JSON that keeps nothing: `make bench-transcoder`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use transcoder::json::{Engine, MessageType};
use transcoder::{JsonOptions, prost_reflect};

#[path = "order/typed.rs"]
#[expect(
    clippy::all,
    unreachable_pub,
    unused_qualifications,
    reason = "generated code"
)]
mod typed;

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
            descriptor: pool
                .get_message_by_name(message)
                .expect("it is in order.proto"),
        };
        case.wire = case.parse();
        assert_eq!(case.print(), case.json.as_bytes());
        assert_eq!(case.reflect_print(), case.json.as_bytes());
        assert_eq!(case.reflect_parse(), case.wire);
        case
    }

    fn parse(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(self.json.len());
        let parsed = self
            .engine
            .parse(self.message, self.json.as_bytes(), &mut wire);
        parsed.expect("it fits");
        wire
    }

    fn print(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(self.wire.len() * 2);
        self.engine
            .print(self.message, &self.wire, &mut json)
            .expect("it fits");
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

    fn typed_parse<M: prost::Message + DeserializeOwned>(&self) -> Vec<u8> {
        let message: M = serde_json::from_str(&self.json).expect("it fits");
        message.encode_to_vec()
    }

    fn typed_print<M: prost::Message + Default + Serialize>(&self) -> Vec<u8> {
        let message = M::decode(&self.wire[..]).expect("it fits");
        serde_json::to_vec(&message).expect("it has a JSON")
    }

    fn scan(&self) -> IgnoredAny {
        serde_json::from_str(&self.json).expect("it is JSON")
    }
}

/// One way to do it.
type Way<'c> = (&'static str, Box<dyn Fn() + 'c>);

fn to_wire<M: prost::Message + DeserializeOwned>(case: &Case) -> Vec<Way<'_>> {
    vec![
        ("engine", Box::new(|| drop(black_box(case.parse())))),
        (
            "prost-reflect",
            Box::new(|| drop(black_box(case.reflect_parse()))),
        ),
        (
            "pbjson",
            Box::new(|| drop(black_box(case.typed_parse::<M>()))),
        ),
        (
            "serde_json scan",
            Box::new(|| {
                black_box(case.scan());
            }),
        ),
    ]
}

fn to_json<M: prost::Message + Default + Serialize>(case: &Case) -> Vec<Way<'_>> {
    vec![
        ("engine", Box::new(|| drop(black_box(case.print())))),
        (
            "prost-reflect",
            Box::new(|| drop(black_box(case.reflect_print()))),
        ),
        (
            "pbjson",
            Box::new(|| drop(black_box(case.typed_print::<M>()))),
        ),
    ]
}

/// The best of many short runs, which a busy machine does not spoil, and the allocations.
#[expect(clippy::print_stdout, reason = "it is what the benchmark is for")]
fn summarize(case: &Case, direction: &str, ways: &[Way<'_>]) {
    const RUNS: u32 = 400;
    let rounds = (20_000 / case.json.len() as u32).max(1);
    let run = |way: &dyn Fn()| {
        let start = Instant::now();
        (0..rounds).for_each(|_| way());
        start.elapsed() / rounds
    };
    // In turns, so that a slow minute is one for all.
    let mut best = vec![Duration::MAX; ways.len()];
    for _ in 0..RUNS {
        for (best, (_, way)) in best.iter_mut().zip(ways) {
            *best = run(way).min(*best);
        }
    }
    println!("{} {direction}, best of {RUNS} runs:", case.name);
    for (best, (name, way)) in best.iter().zip(ways) {
        let rate = case.json.len() as f64 / best.as_secs_f64() / 1e6;
        let allocations = allocation_counter::measure(way).count_total;
        let nanos = best.as_nanos();
        println!("  {name:16} {nanos:>9} ns  {rate:>6.0} MB/s  {allocations:>6} allocations");
    }
}

fn measure(criterion: &mut Criterion, case: &Case, direction: &str, ways: &[Way<'_>]) {
    summarize(case, direction, ways);
    let mut group = criterion.benchmark_group(format!("{} {direction}", case.name));
    group.throughput(Throughput::Bytes(case.json.len() as u64));
    for (name, way) in ways {
        group.bench_function(*name, |bench| bench.iter(way));
    }
    group.finish();
}

fn main() {
    let set = protox::Compiler::new(["benches/order"])
        .and_then(|mut compiler| {
            let compiler = compiler.include_imports(true);
            Ok(compiler
                .open_file("order.proto")?
                .encode_file_descriptor_set())
        })
        .expect("order.proto compiles");
    let orders = format!("{{\"orders\":[{}]}}", [ORDER; MANY].join(","));
    let order = Case::new(&set, "order", "bench.v1.Order", ORDER.to_owned());
    let orders = Case::new(&set, "100 kB", "bench.v1.Orders", orders);
    let mut criterion = Criterion::default().configure_from_args();
    measure(
        &mut criterion,
        &order,
        "to wire",
        &to_wire::<typed::Order>(&order),
    );
    measure(
        &mut criterion,
        &order,
        "to JSON",
        &to_json::<typed::Order>(&order),
    );
    measure(
        &mut criterion,
        &orders,
        "to wire",
        &to_wire::<typed::Orders>(&orders),
    );
    measure(
        &mut criterion,
        &orders,
        "to JSON",
        &to_json::<typed::Orders>(&orders),
    );
    criterion.final_summary();
}
