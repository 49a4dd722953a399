//! A way to a server that can be cut.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

pub(crate) struct Proxy {
    address: SocketAddr,
    server: String,
    carrying: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A way to `host:port`.
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let carrying = Some(carry(listener, server.to_owned()));
        Self {
            address,
            server: server.to_owned(),
            carrying,
        }
    }

    /// The URL of the server, by this way.
    pub(crate) async fn to_url(url: &str) -> (Self, String) {
        let (_, rest) = url.split_once("://").expect("a URL");
        let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
        let server = rest.split('/').next().expect("a host");
        let proxy = Self::to(server).await;
        let url = url.replace(server, &proxy.address.to_string());
        (proxy, url)
    }

    /// Ends all connections and refuses new ones.
    pub(crate) async fn cut(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
            let _ = carrying.await;
        }
    }

    pub(crate) async fn restore(&mut self) {
        let listener = TcpListener::bind(self.address)
            .await
            .expect("the port is still free");
        self.carrying = Some(carry(listener, self.server.clone()));
    }
}

fn carry(listener: TcpListener, server: String) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let server = server.clone();
            connections.spawn(async move {
                if let Ok(mut server) = TcpStream::connect(server).await {
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    })
}
