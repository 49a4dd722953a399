//! The secrets of each process: which there are, where those of k8s/overlays/dev come from, and how
//! the External Secrets Operator fetches them.

use runtime::services::AUTHORITY;
use serde_json::{Value, json};

use super::{Workload, workloads::PUBLIC_KEYS_SECRET};

/// A key that is the same as that of a workload's in make-secrets' folder.
const WORKLOAD_KEY: &str = "workload-key";

impl Workload {
    /// The variables that name files of its secret, and these.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let is_authority = self.name() == AUTHORITY;
        let all = [
            (self.keeps_data, "DATABASE_URL_FILE", "database-url"),
            (true, "NATS_URL_FILE", "nats-url"),
            (self.caches, "REDIS_URL_FILE", "redis-url"),
            (self.signs, "AUDIT_SIGNING_KEY_FILE", "audit-signing-key"),
            (
                self.seals_tokens,
                "PAYMENT_TOKEN_ENCRYPTION_KEY_FILE",
                "payment-token-encryption-key",
            ),
            (self.mails, "SMTP_URL_FILE", "smtp-url"),
            (
                self.seals_webhooks,
                "WEBHOOK_SECRET_ENCRYPTION_KEY_FILE",
                "webhook-secret-encryption-key",
            ),
            (
                is_authority,
                "SIGNING_KEY_ENCRYPTION_KEY_FILE",
                "signing-key-encryption-key",
            ),
            (is_authority, "ADMIN_EMAIL_FILE", "admin-email"),
            (is_authority, "ADMIN_PASSWORD_FILE", "admin-password"),
            (self.has_key(), "WORKLOAD_KEY_FILE", WORKLOAD_KEY),
        ];
        let own = all.into_iter().filter(|(has, _, _)| *has);
        own.map(|(_, variable, key)| (variable, key))
    }
}

/// Other secrets, and their keys.
const OTHERS: &[(&str, &[&str])] = &[
    ("operator", &["nats-url"]),
    ("reconcile", &["admin-email", "admin-password"]),
    ("nats", &["users.conf"]),
];
/// Those of servers that only k8s/overlays/dev has: the key and the file.
const SERVERS: &[(&str, &[(&str, &str)])] = &[
    (
        "postgres",
        &[
            ("password", "postgres-password"),
            ("users.sql", "postgres.sql"),
        ],
    ),
    ("redis", &[("users.acl", "users.acl")]),
];

/// A secret and its keys.
type Secret = (String, Vec<String>);

fn secrets(mesh: &[Workload]) -> Vec<Secret> {
    let others = OTHERS.iter().map(|(name, keys)| {
        let keys = keys.iter().map(|key| (*key).to_owned());
        ((*name).to_owned(), keys.collect())
    });
    let own = mesh.iter().map(|it| {
        let keys = it.secrets().map(|(_, key)| key.to_owned());
        (it.name().to_owned(), keys.collect())
    });
    let keys = mesh
        .iter()
        .filter(|it| it.has_key())
        .map(|it| format!("{}.pem", it.name()));
    let public = (PUBLIC_KEYS_SECRET.to_owned(), keys.collect());
    others.chain(own).chain([public]).collect()
}

/// What make-secrets puts beside the files that it makes, so that they can be applied.
pub(super) fn kustomization(mesh: &[Workload], namespace: &str) -> Value {
    let servers = SERVERS.iter().map(|(name, files)| {
        let files = files.iter().map(|(key, file)| format!("{key}={file}"));
        json!({"name": name, "files": files.collect::<Vec<_>>()})
    });
    let secrets = secrets(mesh);
    let own = secrets.iter().map(|(name, keys)| {
        let files = keys.iter().map(|key| format!("{key}={}", file(name, key)));
        json!({"name": name, "files": files.collect::<Vec<_>>()})
    });
    json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": namespace,
        "generatorOptions": {"disableNameSuffixHash": true},
        "secretGenerator": servers.chain(own).collect::<Vec<_>>(),
    })
}

/// Where make-secrets puts a key of a secret.
fn file(secret: &str, key: &str) -> String {
    match (secret, key) {
        (PUBLIC_KEYS_SECRET, key) => format!("public/{key}"),
        (workload, WORKLOAD_KEY) => format!("private/{workload}.pem"),
        // The first administrator's, whose name reconcile goes by too.
        (_, "admin-email" | "admin-password" | "signing-key-encryption-key") => key.to_owned(),
        ("nats", key) => format!("nats-{key}"),
        (workload, key) => format!("{workload}.{key}"),
    }
}

/// The same, of a store of secrets: under the secret's name there, one property a key.
pub(super) fn external(mesh: &[Workload]) -> Vec<(String, Value)> {
    let secrets = secrets(mesh).into_iter();
    secrets
        .map(|(name, keys)| {
            let fetched = keys
                .iter()
                .map(|key| json!({"secretKey": key, "remoteRef": {"key": name, "property": key}}));
            let object = json!({
                "apiVersion": "external-secrets.io/v1",
                "kind": "ExternalSecret",
                "metadata": {"name": name},
                "spec": {
                    "refreshInterval": "1h",
                    "secretStoreRef": {"kind": "SecretStore", "name": "tradewind"},
                    "target": {"name": name},
                    "data": fetched.collect::<Vec<_>>(),
                },
            });
            (name, object)
        })
        .collect()
}
