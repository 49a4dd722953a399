//! gRPC from outside: grpcurl, and calls of any method by its path.

use std::{
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use prost::bytes::{Buf as _, BufMut as _, Bytes};
use tonic::{
    Request, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};

/// A program that `scripts/tools` installs.
pub fn tool(name: &str) -> PathBuf {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../.dev/tools/bin")
        .join(name);
    if ours.exists() {
        ours
    } else {
        PathBuf::from(name)
    }
}

/// Runs grpcurl without TLS.
pub async fn grpcurl(arguments: &[&str]) -> Output {
    tokio::process::Command::new(tool("grpcurl"))
        .arg("-plaintext")
        .args(arguments)
        .output()
        .await
        .expect("grpcurl is not installed: scripts/tools grpcurl, or run the tests by `make test`")
}

/// A connection to `host:port`.
pub async fn connect(address: &str) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("it is an address");
    let endpoint = endpoint.connect_timeout(Duration::from_secs(5));
    endpoint
        .connect()
        .await
        .unwrap_or_else(|error| panic!("{address}: {error}"))
}

/// Calls a method with the bytes of its request; the first message of the reply.
pub async fn call(
    channel: &Channel,
    path: &str,
    message: Bytes,
    metadata: MetadataMap,
) -> Result<Bytes, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client
        .ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(message);
    *request.metadata_mut() = metadata;
    request.set_timeout(Duration::from_secs(10));
    let path = path.parse().expect("it is a path");
    let mut replies = client
        .server_streaming(request, path, Raw)
        .await?
        .into_inner();
    Ok(replies.message().await?.unwrap_or_default())
}

/// Messages as their bytes.
pub struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
