//! What k8s/components/sealed-secrets/seal makes of secrets; kubeseal itself is played.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use e2e::grpc::tool;
use serde_json::json;

use super::{dev, of_kind, repository, resources, run};

const KUBESEAL: &str = r#"#!/bin/sh
[ "$*" = "--format yaml --namespace staging --cert cluster.pem" ] || exit 1
sed 's/^kind: Secret$/kind: SealedSecret/'
"#;

#[test]
fn each_secret_is_sealed_into_a_component_of_its_environment() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let place = |name: &str| {
        let place = folder.path().join(name).into_os_string().into_string();
        place.expect("temporary folders have plain names")
    };
    run(
        Path::new("k8s/overlays/dev/make-secrets"),
        &[&place("secrets")],
    );
    std::fs::write(place("kubeseal"), KUBESEAL).expect("the folder can be written");
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place("kubeseal"), permissions).expect("it is ours");
    let kustomize = tool("kustomize");
    let path = std::env::var("PATH").unwrap_or_default();
    let tools = kustomize.parent().map(|it| it.display().to_string());
    let path = format!(
        "{}:{}:{path}",
        folder.path().display(),
        tools.unwrap_or_default()
    );
    let output = Command::new(repository().join("k8s/components/sealed-secrets/seal"))
        .args([&place("secrets"), "staging", &place("sealed")])
        .args(["--cert", "cluster.pem"])
        .env("PATH", path)
        .output()
        .expect("it can be started");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");

    let overlay = json!({"components": ["sealed"]});
    std::fs::write(place("kustomization.yaml"), overlay.to_string()).expect("it is ours");
    let built = resources(&run(&kustomize, &["build", &place("")]));
    let names = |kind| {
        let all = of_kind(&built, kind).map(|it| it["metadata"]["name"].to_string());
        all.collect::<Vec<_>>()
    };
    let secrets = dev();
    let secrets = of_kind(&secrets, "Secret").map(|it| it["metadata"]["name"].to_string());
    assert_eq!(names("SealedSecret"), secrets.collect::<Vec<_>>());
    assert_eq!(
        names("Secret"),
        Vec::<String>::new(),
        "none is left as it was"
    );
}
