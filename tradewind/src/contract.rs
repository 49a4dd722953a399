//! `tradewind routes`, `policy`, `descriptors` and `openapi`: what the contract says, printed.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::Args;
use runtime::contract::{Access, Contract, Idempotency, Method};
use transcoder::{Body, Options, Transcoder};

#[derive(Args)]
pub(crate) struct DescriptorSet {
    /// A descriptor set to read instead of Tradewind's own (`buf build -o x.binpb`)
    #[arg(long)]
    descriptor_set: Option<PathBuf>,
}

impl DescriptorSet {
    fn bytes(&self) -> Result<Vec<u8>> {
        match &self.descriptor_set {
            Some(path) => {
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
            }
            None => Ok(contracts::FILE_DESCRIPTOR_SET.to_vec()),
        }
    }
}

#[derive(Args)]
pub(crate) struct Descriptors {
    /// File to write the descriptor set to, for `grpcurl -protoset` [default: standard output]
    #[arg(long, short)]
    output: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct OpenApi {
    /// File to write the document to [default: standard output]
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Address of an edge, for `servers`, once for each; `/` if there is none, as the edge says itself
    #[arg(long, value_name = "URL")]
    server: Vec<String>,
    #[command(flatten)]
    mapping: edge::config::Mapping,
}

/// The REST routes, one per line: method, path, what the body holds, the gRPC method behind it. Rules
/// that cannot be served go to standard error, as an edge would log them.
pub(crate) fn routes(set: &DescriptorSet) -> Result<()> {
    let transcoder = Transcoder::new(&set.bytes()?, &Options::default())?;
    for rule in transcoder.skipped() {
        writeln!(std::io::stderr(), "not served: {rule}")?;
    }
    let rows = transcoder.routes().iter().map(|route| {
        let body = match route.body() {
            Body::None => String::new(),
            Body::Whole => "*".to_owned(),
            Body::Field(field) => field.name().to_owned(),
        };
        let stream = if route.is_server_streaming() {
            " (stream)"
        } else {
            ""
        };
        let called = format!("{}{stream}", route.grpc_path().trim_start_matches('/'));
        [
            route.http_method().to_string(),
            route.template().to_string(),
            body,
            called,
        ]
    });
    print_table(["method", "path", "body", "gRPC method"], rows.collect())
}

/// Who may call what, one method per line.
pub(crate) fn policy(set: &DescriptorSet) -> Result<()> {
    let contract = Contract::load(&set.bytes()?).map_err(anyhow::Error::msg)?;
    let mut methods: Vec<_> = contract.methods().collect();
    methods.sort_by_key(|method| method.name.clone());
    let rows = methods.into_iter().map(|method| {
        [
            method.name.to_string(),
            access(method),
            format!("{:?}", method.priority).to_lowercase(),
            match method.idempotency {
                Idempotency::Unknown => "with an idempotency key".to_owned(),
                Idempotency::NoSideEffects => "yes, it only reads".to_owned(),
                Idempotency::Idempotent => "yes".to_owned(),
            },
            match method.largest() {
                Some(size) => format!("{} KiB", size.wire.div_ceil(1024)),
                None => "not bounded".to_owned(),
            },
        ]
    });
    print_table(
        [
            "gRPC method",
            "who may call it",
            "priority",
            "safe to repeat",
            "largest request",
        ],
        rows.collect(),
    )
}

/// The descriptor set of the contract, as bytes.
pub(crate) fn descriptors(arguments: &Descriptors) -> Result<()> {
    write(arguments.output.as_deref(), contracts::FILE_DESCRIPTOR_SET)
}

/// What an edge that is mapped like this serves as `/openapi.json`.
pub(crate) fn openapi(arguments: OpenApi) -> Result<()> {
    let settings = edge::Settings {
        mapping: arguments.mapping,
        ..edge::Settings::default()
    };
    let document = edge::openapi(&settings, arguments.server)?;
    write(arguments.output.as_deref(), document.as_bytes())
}

fn write(path: Option<&Path>, content: &[u8]) -> Result<()> {
    match path {
        Some(path) => std::fs::write(path, content)
            .with_context(|| format!("cannot write {}", path.display())),
        None => Ok(std::io::stdout().lock().write_all(content)?),
    }
}

fn access(method: &Method) -> String {
    match &method.access {
        None => "nobody: the contract does not say".to_owned(),
        Some(Access::Public) if method.optional_user => {
            "anybody; a token may allow more".to_owned()
        }
        Some(Access::Public) => "anybody".to_owned(),
        Some(Access::AnyToken) => "anybody with a token".to_owned(),
        Some(Access::Alternatives {
            roles, workloads, ..
        }) => {
            let roles = roles.iter().map(|role| format!("role {role}"));
            let workloads = workloads.iter().map(|workload| match workload.as_str() {
                "*" => "any workload".to_owned(),
                workload => format!("workload {workload}"),
            });
            roles.chain(workloads).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Prints columns as wide as their widest cell; the last is not padded.
fn print_table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>) -> Result<()> {
    let widths: [usize; N] = std::array::from_fn(|column| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .chain([header[column].len()])
            .max()
            .unwrap_or(0)
    });
    let mut text = String::new();
    for row in std::iter::once(header.map(str::to_owned)).chain(rows) {
        let cells: Vec<_> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    crate::print(&text)?;
    Ok(())
}
