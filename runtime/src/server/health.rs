//! gRPC health (grpc.health.v1): serving while the process is ready.

use net::readiness::Readiness;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// What the health service of one server says.
#[derive(Clone, Debug, Default)]
pub struct HealthState(HealthReporter);

impl HealthState {
    pub(super) fn add_to(&self, routes: Routes, _names: &[&'static str]) -> Routes {
        let service = HealthService::from_health_reporter(self.0.clone());
        routes.add_service(HealthServer::new(service))
    }

    /// Follows the readiness of the process, for the whole server and each of its services.
    pub(crate) async fn follow(
        self,
        readiness: Readiness,
        names: Vec<&'static str>,
        shutdown: CancellationToken,
    ) {
        let mut changes = readiness.changes();
        loop {
            let ready = changes.borrow_and_update().report().is_ready();
            let status = if ready {
                ServingStatus::Serving
            } else {
                ServingStatus::NotServing
            };
            for name in std::iter::once("").chain(names.iter().copied()) {
                self.0.set_service_status(name, status).await;
            }
            tokio::select! {
                biased;
                changed = changes.changed() => if changed.is_err() { return },
                () = shutdown.cancelled() => return,
            }
        }
    }
}
