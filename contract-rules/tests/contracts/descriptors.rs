//! The contracts of this repository.

use std::path::Path;

/// A `google.protobuf.FileDescriptorSet` with their imports.
pub(crate) fn tradewind() -> Vec<u8> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let proto = ours
        .map(|folder| folder.join("proto"))
        .find(|proto| proto.is_dir());
    let proto = proto.expect("it is in the repository");
    let mut compiler = protox::Compiler::new([&proto]).expect("it is there");
    compiler.include_imports(true);
    let mut folders = vec![proto.join("tradewind")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it is there").flatten() {
            let path = entry.path();
            match path.extension() {
                None => folders.push(path),
                Some(_) => drop(compiler.open_file(path).expect("it is a contract")),
            }
        }
    }
    compiler.encode_file_descriptor_set()
}
