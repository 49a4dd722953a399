//! k8s/base: a folder for each service, and where it is.

use anyhow::Result;

use super::{MARKS, Workload};

/// The files of a service's folder.
pub(super) fn files(service: &Workload) -> [(&'static str, String); 3] {
    [
        ("deployment.yaml", deployment(service)),
        ("service.yaml", address(service)),
        ("kustomization.yaml", KUSTOMIZATION.to_owned()),
    ]
}

const KUSTOMIZATION: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml
  - service.yaml
";

fn deployment(service: &Workload) -> String {
    let name = service.name();
    let mut text = format!(
        "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      containers:
        - name: main
          image: tradewind/{name}
          env:
"
    );
    for (variable, key) in service.secrets() {
        text += &format!(
            "            - name: {variable}
              valueFrom:
                secretKeyRef:
                  name: {name}
                  key: {key}
"
        );
    }
    if service.has_key() {
        text += "            - name: WORKLOAD_KEY_FILE
              value: /etc/tradewind/workload/key.pem
";
    }
    let (port, ops) = (service.info.port, service.info.ops_port());
    text += &format!(
        "          ports:
            - name: grpc
              containerPort: {port}
            - name: ops
              containerPort: {ops}
"
    );
    if service.has_key() {
        text += &format!(
            "          volumeMounts:
            - name: workload-key
              mountPath: /etc/tradewind/workload
              readOnly: true
      volumes:
        - name: workload-key
          secret:
            secretName: {name}-workload-key
"
        );
    }
    text
}

fn address(service: &Workload) -> String {
    let (name, port) = (service.name(), service.info.port);
    format!(
        "\
# Headless: clients choose among the pods themselves, by pending requests.
apiVersion: v1
kind: Service
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
spec:
  clusterIP: None
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: grpc
      port: {port}
      targetPort: grpc
      appProtocol: kubernetes.io/h2c
"
    )
}

/// The folders that belong to the mesh.
pub(super) fn kustomization(text: &str, services: &[Workload]) -> Result<String> {
    MARKS.fill(
        text,
        "services",
        services.iter().map(|it| format!("- {}", it.name())),
    )
}

/// Where each service is, for all.
pub(super) fn addresses(text: &str, services: &[Workload]) -> Result<String> {
    let line = |service: &Workload| {
        let (variable, name, port) = (
            service.info.url_variable(),
            service.name(),
            service.info.port,
        );
        format!("{variable}: http://{name}:{port}")
    };
    MARKS.fill(text, "addresses", services.iter().map(line))
}
