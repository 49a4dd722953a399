//! What lies between the processes of a mesh and what they connect to: a proxy on each way.

use std::collections::BTreeMap;

use net::random::Random;
use regex::{Captures, Regex};
use tokio::runtime::{Builder, Runtime};

use super::proxy::{Proxy, Weather};
use crate::Mesh;

/// What a process listens on is none of its ways.
const OWN: [&str; 2] = ["LISTEN", "OPS_LISTEN"];

/// All ways of a mesh.
pub struct Network {
    ways: Vec<Way>,
    /// Of its own: what is under way does not end with a test that shares the mesh.
    runtime: Option<Runtime>,
}

/// From a process to something that it connects to.
struct Way {
    from: String,
    to: String,
    proxy: Proxy,
}

impl Network {
    /// Puts a proxy on each way of a mesh that is still to be started. `servers` are the names and
    /// ports of what is there beside the mesh's own processes.
    ///
    /// # Panics
    /// When the system has no threads or ports left.
    pub fn between(mesh: &mut Mesh, servers: &[(&str, u16)], random: &Random) -> Network {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.expect("a thread can be made");
        let mut places: BTreeMap<u16, String> = BTreeMap::new();
        for (service, addresses) in &mesh.grpc {
            for (replica, address) in addresses.iter().enumerate() {
                let port = address
                    .rsplit(':')
                    .next()
                    .and_then(|port| port.parse().ok());
                places.insert(
                    port.expect("it is an address"),
                    format!("{service}-{replica}"),
                );
            }
        }
        for (name, port) in servers {
            places.insert(*port, (*name).to_owned());
        }
        let address = Regex::new(r"127\.0\.0\.1:(\d+)").expect("it is a pattern");
        let mut ways = Vec::new();
        let entered = runtime.enter();
        for process in mesh.processes() {
            for (variable, value) in mesh.variables(&process) {
                if OWN.contains(&variable) {
                    continue;
                }
                let through = address.replace_all(&value, |found: &Captures<'_>| {
                    let place = found[1].parse().ok();
                    let place = place.and_then(|port: u16| Some((port, places.get(&port)?)));
                    let Some((port, to)) = place else {
                        return found[0].to_owned();
                    };
                    let proxy = Proxy::before(port, random.clone());
                    let through = format!("127.0.0.1:{}", proxy.port);
                    ways.push(Way {
                        from: process.clone(),
                        to: to.clone(),
                        proxy,
                    });
                    through
                });
                let through = through.into_owned();
                mesh.set_of(&process, variable, through);
            }
        }
        drop(entered);
        Network {
            ways,
            runtime: Some(runtime),
        }
    }

    /// Changes the ways that `which` picks by where they come from and lead to.
    pub fn change(&self, which: impl Fn(&str, &str) -> bool, change: impl Fn(&mut Weather) + Copy) {
        for way in &self.ways {
            if which(&way.from, &way.to) {
                way.proxy.change(change);
            }
        }
    }

    /// Nothing is wrong any more.
    pub fn calm(&self) {
        self.change(
            |_, _| true,
            |weather| {
                *weather = Weather {
                    resets: weather.resets,
                    ..Weather::default()
                };
            },
        );
    }

    /// Leads all ways to a server to another port, which took its place.
    pub fn lead_to(&self, server: &str, port: u16) {
        let ways = self.ways.iter();
        for way in ways.filter(|way| way.to == server) {
            way.proxy.lead_to(port);
        }
    }

    /// Two ends of a way, chosen at random among those that `which` picks.
    ///
    /// # Panics
    /// When it picks none.
    pub fn any(&self, random: &Random, which: impl Fn(&str, &str) -> bool) -> (String, String) {
        let ways = self.ways.iter().filter(|way| which(&way.from, &way.to));
        let ways: Vec<_> = ways.collect();
        let way = ways.get(random.below(ways.len())).expect("there is one");
        (way.from.clone(), way.to.clone())
    }
}

impl Drop for Network {
    /// A runtime may not wait for its threads inside of another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
