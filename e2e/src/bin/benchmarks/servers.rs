//! What the edge is measured against, each a process of its own: the server behind it, a handler
//! written by hand, and three that only pass bytes on.

mod bare;
mod channel;
mod floor;
mod per_core;
mod proxy;
mod stub;

use std::{net::TcpListener, path::Path, time::Duration};

use e2e::{condition::eventually, process::Process};

/// `serve stub ADDRESS`, or `serve bare`, `channel`, `floor` or `proxy`, `ADDRESS UPSTREAM`.
pub(crate) async fn serve(words: &[&str]) {
    match *words {
        ["stub", address] => stub::serve(address).await,
        ["bare", address, upstream] => bare::serve(address, upstream).await,
        ["channel", address, upstream] => channel::serve(address, upstream).await,
        ["floor", address, upstream] => {
            tokio::task::block_in_place(|| floor::serve(address, upstream));
        }
        ["proxy", address, upstream] => {
            tokio::task::block_in_place(|| proxy::serve(address, upstream));
        }
        _ => panic!("nothing is called {words:?}"),
    }
}

/// Starts one of them; it listens when this returns.
pub(crate) async fn start(words: &[&str], folder: &Path) -> Process {
    let program = std::env::current_exe().expect("a running program has a path");
    let arguments = ["serve"].iter().chain(words);
    let log = folder.join(format!("{}.log", words[0]));
    let none = std::iter::empty::<(&str, String)>();
    let process = Process::start(words[0], &program, arguments, none, &log);
    eventually(words[0], Duration::from_secs(20), || async {
        tokio::net::TcpStream::connect(words[1]).await.ok()
    })
    .await;
    process
}

/// A port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    listener.local_addr().expect("it is bound").port()
}
