//! Heads of histories in a file, one a line as JSON, to be kept elsewhere.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use svc_orders::audit::{Head, PublicKey};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    order_id: Uuid,
    version: i64,
    /// Hexadecimal, as is the signature.
    hash: String,
    signature: String,
}

/// The heads in a file.
///
/// # Errors
/// Also when one of them is not signed: then the file is not what was kept.
pub(super) fn read(path: &Path, keys: &[PublicKey]) -> Result<Vec<Head>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let mut heads = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let place = || format!("{}, line {number}", path.display());
        let line: Line = serde_json::from_str(&line.with_context(place)?).with_context(place)?;
        let head = Head {
            order_id: line.order_id,
            version: line.version,
            hash: bytes(&line.hash).with_context(place)?,
            signature: bytes(&line.signature).with_context(place)?,
        };
        ensure!(
            head.is_signed_by(keys),
            "{}: it is not signed by the key",
            place()
        );
        heads.push(head);
    }
    Ok(heads)
}

pub(super) fn write(path: &Path, heads: &[Head]) -> Result<()> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        for head in heads {
            let line = Line {
                order_id: head.order_id,
                version: head.version,
                hash: hex(&head.hash),
                signature: hex(&head.signature),
            };
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    };
    write().with_context(|| path.display().to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Result<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |digits: &[u8]| {
        let digits = str::from_utf8(digits).ok().filter(|it| it.len() == 2)?;
        u8::from_str_radix(digits, 16).ok()
    };
    let bytes: Option<Vec<_>> = digits.map(byte).collect();
    bytes.context("hash and signature are hexadecimal")
}
