//! Compiles `proto/` into Rust and one descriptor set, without protoc.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use prost::Message as _;
use prost_reflect::{DescriptorPool, MessageDescriptor, Value};
use protox::Compiler;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut compiler = Compiler::new(["proto"])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(proto_files(Path::new("proto/tradewind"))?)?;
    // Google's messages that travel as details of an error, though no contract names them.
    compiler.open_files(["google/rpc/error_details.proto", "google/rpc/status.proto"])?;

    // Written by protox itself: a round trip through prost-types would lose extension options.
    let descriptor_set = compiler.encode_file_descriptor_set();
    fs::write(out.join("descriptor_set.binpb"), &descriptor_set)?;

    let pool = DescriptorPool::decode(descriptor_set.as_slice())?;
    let mut config = tonic_prost_build::configure().include_file("contracts.rs");
    for message in pool
        .all_messages()
        .filter(|message| has_secret(&pool, message))
    {
        config = config.skip_debug([message.full_name()]);
    }
    let mut files = prost_types::FileDescriptorSet::decode(descriptor_set.as_slice())?;
    files
        .file
        .retain(|file| is_generated(file.package()) || file.name() == HTTP_BODY);
    config.compile_fds(files)?;
    fs::write(out.join("redacted_debug.rs"), redacted_debug(&pool))?;
    fs::write(out.join("said.rs"), said(&pool)?)?;
    Ok(())
}

/// A message among Google's options: a body that is not JSON.
const HTTP_BODY: &str = "google/api/httpbody.proto";

/// Options are read by reflection; only what travels on the wire becomes Rust.
fn is_generated(package: &str) -> bool {
    matches!(package, "google.protobuf" | "google.rpc" | "google.type")
        || (package.starts_with("tradewind.") && package != "tradewind.options.v1")
}

fn proto_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(proto_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What the contract says of messages, as traits of `src/said.rs`.
fn said(pool: &DescriptorPool) -> Result<String, String> {
    let mut code = String::new();
    let ours = pool.all_messages().filter(|message| {
        is_generated(message.package_name())
            && message.package_name().starts_with("tradewind.")
            && message.parent_message().is_none()
    });
    for message in ours {
        let full_name = message.full_name();
        let path = format!(
            "crate::{}::{}",
            message.package_name().replace('.', "::"),
            message.name()
        );
        let _ = writeln!(
            code,
            "impl crate::Named for {path} {{ const FULL_NAME: &'static str = {full_name:?}; }}"
        );
        if message.parent_file().name().ends_with("/events.proto") {
            let subject = full_name.trim_start_matches("tradewind.");
            let _ = writeln!(
                code,
                "impl crate::Event for {path} {{ const SUBJECT: &'static str = {subject:?}; }}"
            );
        }
        if let Some(field) = message.get_field_by_name("page_size") {
            let (default, max) = page(pool, &field).ok_or_else(|| {
                format!("{full_name}.page_size has no bounds (tradewind.options.v1.page)")
            })?;
            let _ = writeln!(
                code,
                "impl crate::Paged for {path} {{
                     const DEFAULT_PAGE_SIZE: u32 = {default};
                     const MAX_PAGE_SIZE: u32 = {max};
                     fn page_size(&self) -> i32 {{ self.page_size }}
                 }}"
            );
        }
    }
    Ok(code)
}

fn page(pool: &DescriptorPool, field: &prost_reflect::FieldDescriptor) -> Option<(u32, u32)> {
    let extension = pool.get_extension_by_name("tradewind.options.v1.page")?;
    let options = field.options();
    let value = options.get_extension(&extension);
    let size = |name| value.as_message()?.get_field_by_name(name)?.as_u32();
    let (default, max) = (size("default_size")?, size("max_size")?);
    (0 < default && default <= max).then_some((default, max))
}

fn is_secret(pool: &DescriptorPool, field: &prost_reflect::FieldDescriptor) -> bool {
    let sensitive = pool
        .get_extension_by_name("tradewind.options.v1.sensitive")
        .expect("options.proto declares the extension");
    matches!(
        field.options().get_extension(&sensitive).as_ref(),
        Value::Bool(true)
    )
}

fn has_secret(pool: &DescriptorPool, message: &MessageDescriptor) -> bool {
    message.fields().any(|field| is_secret(pool, &field))
}

/// `Debug` of messages with sensitive fields: prints every field but the secrets.
fn redacted_debug(pool: &DescriptorPool) -> String {
    let mut code = String::new();
    for message in pool
        .all_messages()
        .filter(|message| has_secret(pool, message))
    {
        assert!(
            message.parent_message().is_none(),
            "secrets stand in top-level messages"
        );
        let path = message.package_name().replace('.', "::");
        let name = message.name();
        let _ = writeln!(code, "impl ::core::fmt::Debug for crate::{path}::{name} {{");
        code += "    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {\n";
        let _ = write!(code, "        f.debug_struct({name:?})");
        for field in message.fields() {
            let field_name = field.name();
            if is_secret(pool, &field) {
                let _ = write!(code, ".field({field_name:?}, &\"[redacted]\")");
            } else {
                let _ = write!(code, ".field({field_name:?}, &self.{field_name})");
            }
        }
        code += ".finish()\n    }\n}\n";
    }
    code
}
