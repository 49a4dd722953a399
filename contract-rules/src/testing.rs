//! Contracts that a test writes. Behind the feature `testing`.

use std::path::Path;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use crate::Invalid;

/// The descriptors of one file, which may import what is in `proto/` and stand in for a file there.
///
/// # Panics
/// Whoever writes no contract is told at once.
pub fn compile(file: &str, source: &str) -> DescriptorPool {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join(file);
    let parent = path.parent().expect("it is in the folder");
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(&path, source))
        .expect("the folder can be written to");
    let proto = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../proto"));
    let mut compiler = protox::Compiler::new([folder.path(), proto]).expect("both are there");
    if let Err(mistake) = compiler.include_imports(true).open_file(file) {
        panic!("{mistake:?}");
    }
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice())
        .expect("protox writes descriptor sets")
}

/// A message that is written as JSON, on the wire.
///
/// # Panics
/// If it is no such message.
pub fn encode(message: &MessageDescriptor, json: &str) -> Vec<u8> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    match DynamicMessage::deserialize(message.clone(), &mut deserializer) {
        Ok(message) => message.encode_to_vec(),
        Err(mistake) => panic!("{json}: {mistake}"),
    }
}

/// The fields that a message is refused for.
///
/// # Panics
/// If it is refused for another reason, or some fields may be missing.
pub fn paths(checked: Result<(), Invalid>) -> Vec<String> {
    match checked {
        Ok(()) => Vec::new(),
        Err(Invalid::Violations(violations)) => {
            violations.into_iter().map(|one| one.path).collect()
        }
        Err(other) => panic!("{other:?}"),
    }
}
