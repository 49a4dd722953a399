//! The mesh that is broken: that of the faults, whose edges have a file of configuration, and whose logins
//! are counted.

use std::path::PathBuf;

use e2e::{
    faults::stage::Stage,
    shop::{self, Customer},
};
use tokio::task::JoinHandle;

/// A configuration of the edge.
pub(super) const RIGHT: &str = "body-limit: 65536\n";
/// One that it refuses.
pub(super) const WRONG: &str = "body-limt: 65536\n";

pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) customer: Customer,
    /// A product that there is enough of.
    pub(super) sku: String,
    /// The edges' file.
    pub(super) configuration: PathBuf,
    /// Somebody who tries passwords.
    pub(super) guesser: Option<JoinHandle<()>>,
}

impl Scene {
    pub(super) async fn set() -> Scene {
        let mut stage = Stage::set(1).await;
        let mesh = &mut stage.mesh;
        let configuration = mesh.folder().join("edge.yaml");
        std::fs::write(&configuration, RIGHT).expect("the mesh's folder can be written");
        for edge in mesh.replicas("edge") {
            mesh.set_of(&edge, "EDGE_CONFIG", configuration.display().to_string());
        }
        for auth in mesh.replicas("svc-auth") {
            mesh.set_of(&auth, "LOGIN_ACCOUNT_BURST", "5".to_owned());
        }
        mesh.kill_all();
        mesh.restart().await;
        let admin = stage.mesh.admin().await;
        Scene {
            customer: Customer::register(&stage.mesh).await,
            sku: shop::product(&admin, 100).await,
            stage,
            configuration,
            guesser: None,
        }
    }
}
