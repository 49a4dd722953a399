//! An engineer with grpcurl.

use e2e::{
    Mesh,
    grpc::{grpcurl, tool},
    process::binary,
    services::SERVICES,
};
use runtime::contract::{Access, Contract};

crate::on_both!(
    grpcurl_lists_and_describes_every_service_with_a_token,
    grpcurl_calls_every_service_with_a_token,
    grpcurl_is_refused_without_a_token,
    grpcurl_sees_and_calls_through_the_edge_what_clients_may_call,
    health_checks_answer_without_a_token,
);

/// What grpcurl is tried with.
struct Known {
    /// The service's contract.
    contract: String,
    /// A method of it that an administrator may call without arguments: it lists something.
    method: String,
    /// Whether anybody may call it.
    public: bool,
}

fn known(service: &str) -> Known {
    let contract = Contract::tradewind();
    let package = service.replacen("svc-", "tradewind.", 1) + ".v1";
    let mut services = contract.descriptors().services();
    let service = services.find(|it| it.package_name() == package);
    let service = service.unwrap_or_else(|| panic!("{package} has no service"));
    let mut lists = service.methods().filter(|it| it.name().starts_with("List"));
    let method = lists.next().expect("it lists something").name().to_owned();
    let name = service.full_name().to_owned();
    let rule = contract
        .method(&format!("/{name}/{method}"))
        .expect("it is there");
    Known {
        public: matches!(rule.access, Some(Access::Public)),
        contract: name,
        method,
    }
}

fn text(output: &std::process::Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

async fn authorization(mesh: &Mesh) -> String {
    format!("authorization: Bearer {}", mesh.admin().await.token())
}

async fn grpcurl_lists_and_describes_every_service_with_a_token(mesh: &Mesh) {
    let token = authorization(mesh).await;
    for service in SERVICES {
        let Known {
            contract, method, ..
        } = known(service);
        for address in &mesh.grpc[service] {
            let listed = grpcurl(&["-H", &token, address, "list"]).await;
            assert!(
                listed.status.success() && text(&listed).contains(&contract),
                "{service}: {}",
                text(&listed)
            );
            let described = grpcurl(&["-H", &token, address, "describe", &contract]).await;
            assert!(
                described.status.success() && text(&described).contains(&method),
                "{service}: {}",
                text(&described)
            );
        }
    }
}

async fn grpcurl_calls_every_service_with_a_token(mesh: &Mesh) {
    let token = authorization(mesh).await;
    for service in SERVICES {
        let Known {
            contract, method, ..
        } = known(service);
        for address in &mesh.grpc[service] {
            let reply = grpcurl(&["-H", &token, address, &format!("{contract}/{method}")]).await;
            assert!(reply.status.success(), "{service}: {}", text(&reply));
        }
    }
}

async fn grpcurl_sees_and_calls_through_the_edge_what_clients_may_call(mesh: &Mesh) {
    let token = authorization(mesh).await;
    for edge in &mesh.edges {
        let address = edge.trim_start_matches("http://");
        let listed = text(&grpcurl(&[address, "list"]).await);
        for service in SERVICES {
            assert!(listed.contains(&known(service).contract), "{listed}");
        }
        let inner = "tradewind.catalog.v1.CatalogService";
        let described = text(&grpcurl(&[address, "describe", inner]).await);
        assert!(described.contains("ListProducts"), "{described}");
        assert!(described.contains("google.api.http"), "{described}");
        assert!(!described.contains("BatchGetProducts"), "{described}");
        for service in SERVICES {
            let Known {
                contract,
                method,
                public,
            } = known(service);
            let method = format!("{contract}/{method}");
            let reply = grpcurl(&["-H", &token, address, &method]).await;
            assert!(reply.status.success(), "{method}: {}", text(&reply));
            let reply = grpcurl(&[address, &method]).await;
            assert_eq!(reply.status.success(), public, "{method}: {}", text(&reply));
            assert!(public || text(&reply).contains("Unauthenticated"));
        }
    }
}

async fn grpcurl_is_refused_without_a_token(mesh: &Mesh) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let protoset = folder.path().join("tradewind.binpb");
    let written = tokio::process::Command::new(binary("tradewind"))
        .arg("descriptors")
        .arg("--output")
        .arg(&protoset)
        .status()
        .await;
    assert!(
        written.is_ok_and(|status| status.success()),
        "{}",
        tool("grpcurl").display()
    );
    let protoset = protoset.display().to_string();
    for service in SERVICES {
        let Known {
            contract,
            method,
            public,
        } = known(service);
        for address in &mesh.grpc[service] {
            let listed = grpcurl(&[address, "list"]).await;
            assert!(
                !listed.status.success() && text(&listed).contains("Unauthenticated"),
                "{service}: {}",
                text(&listed)
            );
            let reply = grpcurl(&[
                "-protoset",
                &protoset,
                address,
                &format!("{contract}/{method}"),
            ])
            .await;
            assert_eq!(
                reply.status.success(),
                public,
                "{service}: {}",
                text(&reply)
            );
            assert!(
                public || text(&reply).contains("Unauthenticated"),
                "{service}: {}",
                text(&reply)
            );
        }
    }
}

async fn health_checks_answer_without_a_token(mesh: &Mesh) {
    let token = authorization(mesh).await;
    for service in SERVICES {
        let contract = known(service).contract;
        for address in &mesh.grpc[service] {
            let question = format!("{{\"service\": \"{contract}\"}}");
            // The token is for the reflection alone.
            let arguments = [
                "-reflect-header",
                &token,
                "-d",
                &question,
                address,
                "grpc.health.v1.Health/Check",
            ];
            let reply = grpcurl(&arguments).await;
            assert!(
                reply.status.success() && text(&reply).contains("SERVING"),
                "{service}: {}",
                text(&reply)
            );
        }
    }
}
