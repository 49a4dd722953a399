//! The mesh that is broken: that of the faults, in which somebody orders.

use e2e::{
    faults::stage::Stage,
    shop::{self, Customer},
};

pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) customer: Customer,
    /// A product that there is enough of.
    pub(super) sku: String,
}

impl Scene {
    pub(super) async fn set() -> Scene {
        let stage = Stage::set(1).await;
        let admin = stage.mesh.admin().await;
        Scene {
            customer: Customer::register(&stage.mesh).await,
            sku: shop::product(&admin, 100).await,
            stage,
        }
    }
}
