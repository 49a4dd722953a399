//! A mesh of either kind is prepared and started.

use super::{Kind, Mesh, Setup, embedded, real};

impl Mesh {
    /// Starts a mesh, and returns when it is ready.
    pub async fn start(setup: Setup) -> Mesh {
        let mut mesh = Mesh::prepare(&setup).await;
        mesh.restart().await;
        mesh
    }

    /// A mesh whose processes are still to be started, and may be told something else before.
    pub async fn prepare(setup: &Setup) -> Mesh {
        match setup.kind {
            Kind::Embedded => embedded::prepare(setup),
            Kind::Real => real::prepare(setup).await,
        }
    }

    /// A mesh in one process.
    pub async fn embedded() -> Mesh {
        Mesh::start(Setup::new(Kind::Embedded)).await
    }

    /// A mesh of separate processes on real servers.
    pub async fn real() -> Mesh {
        Mesh::start(Setup::new(Kind::Real)).await
    }
}
