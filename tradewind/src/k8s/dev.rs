//! k8s/overlays/dev: one replica of each process, and its secrets.

use anyhow::Result;
use runtime::services::AUTHORITY;

use super::{MARKS, Workload};

const PAYMENT_TOKEN_SECRET: (&str, &str) = (
    "PAYMENT_TOKEN_ENCRYPTION_KEY",
    "payment-token-encryption-key",
);

impl Workload {
    /// The variables that its secret holds, and under which keys.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let all = [
            (self.keeps_data, ("DATABASE_URL", "database-url")),
            (true, ("NATS_URL", "nats-url")),
            (self.caches, ("REDIS_URL", "redis-url")),
            (self.signs, ("AUDIT_SIGNING_KEY", "audit-signing-key")),
            (self.seals, PAYMENT_TOKEN_SECRET),
        ];
        all.into_iter()
            .filter(|(has, _)| *has)
            .map(|(_, secret)| secret)
    }
}

/// What the secret of who signs tokens has besides.
const AUTHORITY_SECRETS: [&str; 3] = [
    "signing-key-encryption-key",
    "admin-email",
    "admin-password",
];

pub(super) fn kustomization(text: &str, workloads: &[Workload]) -> Result<String> {
    let replicas = workloads
        .iter()
        .map(|it| format!("- {{name: {}, count: 1}}", it.name()));
    let text = MARKS.fill(text, "replicas", replicas)?;
    let with_key = || {
        workloads
            .iter()
            .filter(|it| it.has_key())
            .map(Workload::name)
    };
    let keys = with_key().map(|name| format!("- secrets/public/{name}.pem"));
    let text = MARKS.fill(&text, "public keys", keys)?;
    let secrets = workloads
        .iter()
        .flat_map(secret)
        .chain(with_key().flat_map(key));
    MARKS.fill(&text, "secrets", secrets)
}

fn secret(workload: &Workload) -> Vec<String> {
    let name = workload.name();
    let mut lines = vec![format!("- name: {name}"), "  files:".to_owned()];
    lines.extend(
        workload
            .secrets()
            .map(|(_, key)| format!("    - {key}=secrets/{name}.{key}")),
    );
    if name == AUTHORITY {
        lines.extend(AUTHORITY_SECRETS.map(|key| format!("    - {key}=secrets/{key}")));
    }
    lines
}

fn key(name: &str) -> [String; 2] {
    [
        format!("- name: {name}-workload-key"),
        format!("  files: [key.pem=secrets/private/{name}.pem]"),
    ]
}
