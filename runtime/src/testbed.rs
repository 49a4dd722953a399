//! Services in a test: real servers on loopback ports, with tokens that the test signs. Behind the
//! feature `testing`.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bus::Bus;
use net::clock::Clock;
use net::random::Random;
use net::start::StartError;
use net::telemetry::Telemetry;
use tokio::net::TcpListener;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};
use uuid::Uuid;

use crate::client::{Channel, Unconnected};
use crate::contract::Contract;
use crate::host::{Host, HostConfig};
use crate::identity::{AccessClaims, RevocationSource, Signer, WorkloadClaims};
use crate::mesh::Mesh;
use crate::node::Node;
use crate::service::Service;

/// A mesh for one test. Services are added by `node` and `serve`; others that they call can be
/// played by the test itself in the same way.
pub struct Testbed {
    host: Host,
    config: HostConfig,
    signer: Signer,
    listeners: HashMap<&'static str, TcpListener>,
}

impl Testbed {
    /// A mesh on the system's clock with an in-process bus.
    pub fn new() -> Testbed {
        Testbed::with(patient(Telemetry::detached(), Bus::in_process()))
    }

    /// A mesh on a clock of the test's.
    pub fn with_clock(clock: Clock) -> Testbed {
        let patient = patient(Telemetry::detached(), Bus::in_process());
        Testbed::with(HostConfig { clock, ..patient })
    }

    /// A mesh of the test's own making.
    pub fn with(config: HostConfig) -> Testbed {
        let signer = Signer::generate("test", &Random::system());
        let host = Host::new(config.clone());
        let keys = [signer.jwk()];
        host.verifier()
            .install_keys(&keys)
            .expect("a generated key is a key");
        Testbed {
            host,
            config,
            signer,
            listeners: HashMap::new(),
        }
    }

    /// The key that signs all tokens of this mesh.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What the mesh tells of itself.
    pub fn telemetry(&self) -> &Telemetry {
        &self.config.telemetry
    }

    /// Addresses of the mesh.
    pub fn mesh(&self) -> &Mesh {
        &self.config.mesh
    }

    /// The host that the services run in.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    /// What a service is built from. It has a port from now on, and a workload token.
    pub async fn node(&mut self, name: &'static str) -> Node {
        let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
        let listener = self.host.bind(name, anywhere, "--listen").await;
        self.listeners
            .insert(name, listener.expect("the system has a free port"));
        let node = self.host.node(name, None);
        node.identity.set_own_signer(self.signer.clone());
        node
    }

    /// Serves what was built from a node.
    pub fn serve(&mut self, node: &Node, service: Service) -> Result<(), StartError> {
        let listener = self.listeners.remove(node.name);
        self.host
            .serve(node, service, listener.expect("`node` made the port"))
    }

    /// All services are built: starts the relays and waits until the mesh is ready.
    pub async fn start(&mut self) {
        // A played svc-auth need not answer ListRevocations; a real one has set its own source.
        let nobody_left: RevocationSource = Arc::new(|| Box::pin(async { Ok(Vec::new()) }));
        self.host.verifier().set_revocation_source(nobody_left);
        self.host.start();
        self.host.readiness().ready().await;
    }

    /// A channel without any token.
    pub fn channel(&self, service: &str) -> Channel {
        let unconnected = Unconnected {
            service: service.into(),
            caller: "test",
            credentials: None,
            contract: Contract::tradewind(),
            metrics: self.config.telemetry.client_metrics(),
            random: self.config.random.clone(),
            endpoints: self.config.endpoints,
        };
        unconnected.to(self.config.mesh.address(service))
    }

    /// A channel that carries a user's token.
    pub fn as_user(&self, service: &str, user_id: Uuid, roles: &[&str]) -> Bearer {
        let user = Some(self.access_token(user_id, Uuid::nil(), roles));
        InterceptedService::new(
            self.channel(service),
            Tokens {
                user,
                workload: None,
            },
        )
    }

    /// A channel that carries a workload's token.
    pub fn as_workload(&self, service: &str, workload: &str) -> Bearer {
        let workload = Some(self.workload_token(workload));
        InterceptedService::new(
            self.channel(service),
            Tokens {
                user: None,
                workload,
            },
        )
    }

    /// An access token of 15 minutes.
    pub fn access_token(&self, user_id: Uuid, session_id: Uuid, roles: &[&str]) -> String {
        let now = self.config.clock.now();
        self.signer.sign(&AccessClaims {
            iss: self.config.issuer.name.to_string(),
            aud: self.config.issuer.audience.to_string(),
            sub: user_id,
            sid: session_id,
            roles: roles.iter().map(ToString::to_string).collect(),
            iat: now.timestamp(),
            exp: (now + Duration::from_secs(15 * 60)).timestamp(),
            jti: self.config.random.uuid7(&self.config.clock),
            pat: false,
        })
    }

    /// A workload token of one hour.
    pub fn workload_token(&self, name: &str) -> String {
        let now = self.config.clock.now();
        self.signer.sign(&WorkloadClaims {
            iss: self.config.issuer.name.to_string(),
            aud: self.config.issuer.audience.to_string(),
            sub: name.to_owned(),
            iat: now.timestamp(),
            exp: (now + Duration::from_secs(60 * 60)).timestamp(),
        })
    }

    /// Stops everything in order.
    pub async fn stop(self) {
        self.host.stop(true).await;
    }
}

/// Of a mesh that refuses nothing for how long its work waits: tests do many things at once, and are
/// built without optimization.
pub fn patient(telemetry: Telemetry, bus: Bus) -> HostConfig {
    let mut config = HostConfig::new(telemetry, bus);
    config.server.queue_target = Duration::ZERO;
    config
}

impl Default for Testbed {
    fn default() -> Testbed {
        Testbed::new()
    }
}

/// A channel that carries tokens.
pub type Bearer = InterceptedService<Channel, Tokens>;

/// Puts tokens into the metadata of every call.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// An access token.
    pub user: Option<String>,
    /// A workload token.
    pub workload: Option<String>,
}

impl Interceptor for Tokens {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut().as_mut();
        let value = |token: &String| {
            format!("Bearer {token}")
                .parse()
                .expect("a token is printable ASCII")
        };
        if let Some(token) = &self.user {
            metadata.insert(net::metadata::AUTHORIZATION, value(token));
        }
        if let Some(token) = &self.workload {
            metadata.insert(crate::metadata::WORKLOAD_AUTHORIZATION, value(token));
        }
        Ok(request)
    }
}
