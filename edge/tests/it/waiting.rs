//! Waiting for what has to come. A timeout only turns a hang into a failure.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Until it holds.
pub(crate) async fn eventually(what: impl AsyncFn() -> bool) {
    let holds = async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), holds)
        .await
        .expect("it holds at last");
}

/// What comes until the server closes.
pub(crate) async fn until_closed(mut stream: impl AsyncRead + Unpin) -> String {
    let mut received = Vec::new();
    let read = stream.read_to_end(&mut received);
    // A reset is an end too.
    let _ = tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .expect("it is closed");
    String::from_utf8_lossy(&received).into_owned()
}
