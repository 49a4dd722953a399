//! A cluster of three NATS servers.

use std::fs;

use serde_json::Value;

use super::{Kind, PATIENCE, Server};
use crate::{condition::eventually, ports::free_port};

const SERVERS: usize = 3;

/// The servers of a cluster beside the one that it was made of.
pub struct Cluster {
    peers: Vec<Server>,
    /// Where each of them tells how it is, the first server's before.
    monitors: Vec<u16>,
}

impl Cluster {
    /// Makes a cluster of a NATS server that does not run and has nothing stored, and starts it.
    ///
    /// # Panics
    /// When the mesh's folder cannot be written.
    pub async fn of(first: &mut Server) -> Cluster {
        let routes: Vec<_> = (0..SERVERS).map(|_| free_port()).collect();
        let monitors: Vec<_> = (0..SERVERS).map(|_| free_port()).collect();
        let all: Vec<_> = routes
            .iter()
            .map(|port| format!("\"nats://127.0.0.1:{port}\""))
            .collect();
        let lines = |number: usize| {
            format!(
                "server_name: n{number}\nhttp: \"127.0.0.1:{}\"\ncluster {{ name: tests, \
                 listen: \"127.0.0.1:{}\", no_advertise: true, routes: [{}] }}\n",
                monitors[number],
                routes[number],
                all.join(", ")
            )
        };
        first.lines = lines(0);
        let mut peers = Vec::new();
        for number in 1..SERVERS {
            let folder = first.folder.join(format!("nats-{number}"));
            fs::create_dir_all(&folder).expect("the mesh's folder can be written");
            let port = free_port();
            peers.push(Server {
                url: first
                    .url
                    .replace(&first.address(), &format!("127.0.0.1:{port}")),
                port,
                kind: Kind::Nats,
                folder,
                users: first.users.clone(),
                lines: lines(number),
                disk: None,
                process: None,
            });
        }
        first.start().await;
        for peer in &mut peers {
            peer.start().await;
        }
        let cluster = Cluster { peers, monitors };
        eventually("the cluster is whole", PATIENCE, || async {
            let told = cluster.told(0).await?;
            let followers = told["meta_cluster"]["replicas"].as_array()?;
            (followers.len() + 1 == SERVERS && told["meta_cluster"]["leader"].is_string())
                .then_some(())
        })
        .await;
        cluster
    }

    /// What a server tells of JetStream.
    async fn told(&self, number: usize) -> Option<Value> {
        let monitor = self.monitors[number];
        let url = format!("http://127.0.0.1:{monitor}/jsz?accounts=true&streams=true");
        let reply = reqwest::get(url).await.ok()?;
        serde_json::from_str(&reply.text().await.ok()?).ok()
    }

    /// `host:port` of the further servers.
    pub fn addresses(&self) -> Vec<String> {
        self.peers.iter().map(Server::address).collect()
    }

    /// The number of the server that leads a stream, once there is one.
    pub async fn leader(&self, stream: &str) -> Option<usize> {
        for number in 0..SERVERS {
            let Some(told) = self.told(number).await else {
                continue;
            };
            let accounts = told["account_details"].as_array().into_iter().flatten();
            let streams = accounts.flat_map(|it| it["stream_detail"].as_array());
            let mut streams = streams.flatten();
            let found = streams.find(|it| it["name"] == stream);
            let leader = found.and_then(|it| it["cluster"]["leader"].as_str());
            if let Some(number) = leader.and_then(|name| name.trim_start_matches('n').parse().ok())
            {
                return Some(number);
            }
        }
        None
    }

    /// One of its servers by number, of which the first is 0.
    ///
    /// # Panics
    /// When it has no such server.
    pub fn server<'a>(&'a mut self, first: &'a mut Server, number: usize) -> &'a mut Server {
        match number {
            0 => first,
            number => &mut self.peers[number - 1],
        }
    }
}
