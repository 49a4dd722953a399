//! gRPC reflection, v1 and v1alpha.

use std::sync::LazyLock;

use tonic::service::Routes;
use tonic_reflection::server::Builder;

/// What the paths of both versions start with.
pub(super) const PREFIX: &str = "/grpc.reflection.";

/// The reflection services. They are made when the first question comes, and shared by all servers
/// of a process: the descriptors are large.
pub(super) fn routes() -> &'static Routes {
    static ROUTES: LazyLock<Routes> = LazyLock::new(|| {
        let builder = || {
            Builder::configure()
                .register_encoded_file_descriptor_set(contracts::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let why = "protox wrote the descriptor set at build time";
        Routes::new(builder().build_v1().expect(why))
            .add_service(builder().build_v1alpha().expect(why))
            .prepare()
    });
    &ROUTES
}
