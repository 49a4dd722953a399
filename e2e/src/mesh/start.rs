//! A mesh of either kind is prepared and started.

use super::{Kind, Mesh, Setup, embedded, real};

impl Mesh {
    /// Starts a mesh, and returns when it is ready.
    pub async fn start(setup: Setup) -> Mesh {
        let mut mesh = match setup.kind {
            Kind::Embedded => embedded::prepare(&setup),
            Kind::Real => real::prepare(&setup).await,
        };
        for (name, program) in mesh.programs.clone() {
            mesh.processes.insert(name.clone(), program.start(&name));
        }
        mesh.ready().await;
        mesh
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
