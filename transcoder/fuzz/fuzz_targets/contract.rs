//! The messages that are fuzzed, and what must hold of them.

use std::sync::LazyLock;

use transcoder::json::{Engine, MessageType};
use transcoder::{JsonError, JsonOptions};

pub struct Contract {
    pub engine: Engine,
    pub messages: [MessageType; 2],
}

/// By the first byte of the input: which message, and whether unknown names are skipped.
pub static CONTRACTS: LazyLock<[Contract; 2]> = LazyLock::new(|| {
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/proto");
    let google = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let set = protox::Compiler::new([protos, google])
        .and_then(|mut compiler| {
            let compiler = compiler.include_imports(true);
            let compiler = compiler.open_files(["shop.proto", "legacy.proto"])?;
            Ok(compiler.encode_file_descriptor_set())
        })
        .expect("the protos compile");
    [false, true].map(|ignore_unknown_fields| {
        let options = JsonOptions {
            ignore_unknown_fields,
            ..JsonOptions::default()
        };
        let engine = Engine::new(&set, &options).expect("a descriptor set");
        let message = |name| engine.message(name).expect("a message of the set");
        Contract {
            messages: [message("shop.v1.Everything"), message("legacy.Everything")],
            engine,
        }
    })
});

/// Whoever reads what was printed and prints it again gets the same, unless it is too deep for JSON.
pub fn round(engine: &Engine, message: MessageType, wire: &[u8]) {
    let Ok(printed) = print(engine, message, wire) else {
        return;
    };
    // A NullValue that is not 0 has the same JSON as 0, which need not be printed.
    if printed
        .windows(14)
        .any(|window| window == b"\"nothing\":null")
    {
        return;
    }
    let mut wire = Vec::new();
    match engine.parse(message, &printed, &mut wire) {
        Ok(()) => {}
        Err(fault) if fault.description.starts_with("nested more than") => return,
        Err(fault) => panic!("{fault}: {}", String::from_utf8_lossy(&printed)),
    }
    match print(engine, message, &wire) {
        Ok(again) => assert_eq!(
            String::from_utf8_lossy(&printed),
            String::from_utf8_lossy(&again)
        ),
        Err(fault) if fault.description.starts_with("nested more than") => {}
        Err(fault) => panic!("{fault}: {}", String::from_utf8_lossy(&printed)),
    }
}

fn print(engine: &Engine, message: MessageType, wire: &[u8]) -> Result<Vec<u8>, JsonError> {
    let mut json = Vec::new();
    engine.print(message, wire, &mut json)?;
    Ok(json)
}
