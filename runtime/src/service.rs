//! A service as the runtime serves it.

use std::convert::Infallible;

use net::start::StartError;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tower::Service as TowerService;

use crate::node::Node;

/// The gRPC servers of one process, before the server stack is put in front of them.
pub struct Service {
    pub(crate) routes: Routes,
    pub(crate) names: Vec<&'static str>,
}

impl Service {
    /// A service without a server yet.
    pub fn new(_node: &Node) -> Service {
        Service {
            routes: Routes::default(),
            names: Vec::new(),
        }
    }

    /// Adds a generated server, such as `OrdersServiceServer::new(orders)`.
    pub fn with<S>(mut self, server: S) -> Service
    where
        S: TowerService<
                http::Request<Body>,
                Response = http::Response<Body>,
                Error = Infallible,
                Future: Send,
            > + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
    {
        self.routes = self.routes.add_service(server);
        self.names.push(S::NAME);
        self
    }

    /// Refuses servers that the contract does not fit: every method needs an access rule.
    pub(crate) fn check(&self, contract: &crate::contract::Contract) -> Result<(), StartError> {
        let mistakes: Vec<String> = self
            .names
            .iter()
            .flat_map(|name| contract.mistakes(name))
            .collect();
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(StartError::Contract(mistakes))
        }
    }
}
