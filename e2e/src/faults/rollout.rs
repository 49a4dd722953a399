//! Processes are replaced while clients go on.

use super::stage::Stage;

/// Everything is started again.
pub(super) async fn restart(stage: &mut Stage) {
    for name in stage.mesh.processes() {
        replace(stage, &name).await;
    }
}

/// As a rollout does it: an edge that is to stop gets no new requests, and this returns when what takes
/// the place of the process is ready.
pub(super) async fn replace(stage: &mut Stage, name: &str) {
    let edge = name
        .strip_prefix("edge-")
        .and_then(|it| it.parse::<usize>().ok());
    let url = edge.map(|edge| stage.mesh.edges[edge].clone());
    if let Some(url) = &url {
        stage.shop.open_door(url, false);
    }
    let status = stage.mesh.stop(name).await;
    assert!(status.success(), "{name} ended with {status}");
    stage.mesh.start_again(name).await;
    if let Some(url) = &url {
        stage.shop.open_door(url, true);
    }
}
