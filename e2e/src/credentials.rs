//! A user of its own for each workload on NATS, Redis and Postgres: those that k8s/overlays/dev/make-secrets
//! makes, with the rights of k8s/overlays/dev/rights.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The servers' users, and how each workload logs in.
#[derive(Debug)]
pub struct Credentials(PathBuf);

impl Credentials {
    /// Makes them in this folder.
    ///
    /// # Panics
    /// When that fails.
    pub fn make(folder: &Path) -> Credentials {
        let secrets = folder.join("secrets");
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../k8s/overlays/dev/make-secrets");
        let output = Command::new(&program).arg(&secrets).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", program.display());
        Credentials(secrets)
    }

    /// What NATS' configuration includes.
    pub fn nats_users(&self) -> PathBuf {
        self.0.join("nats-users.conf")
    }

    /// Redis' aclfile.
    pub fn redis_users(&self) -> PathBuf {
        self.0.join("users.acl")
    }

    /// A workload's URL of NATS at this address.
    pub fn nats(&self, workload: &str, address: &str) -> String {
        let url = self.url(workload, "nats-url", "nats:4222", address);
        url.unwrap_or_else(|| panic!("{workload} has no user on NATS"))
    }

    /// A workload's URL of Redis at this address, if it has any business there.
    pub fn redis(&self, workload: &str, address: &str) -> Option<String> {
        self.url(workload, "redis-url", "redis:6379", address)
    }

    fn url(&self, workload: &str, kind: &str, stands_for: &str, address: &str) -> Option<String> {
        let url = fs::read_to_string(self.0.join(format!("{workload}.{kind}"))).ok()?;
        assert!(
            url.contains(stands_for),
            "{workload}.{kind} names another server"
        );
        Some(url.replace(stands_for, address))
    }

    /// The statements that make Postgres' roles and databases, with this before their names.
    pub(crate) fn postgres(&self, prefix: &str) -> Vec<String> {
        let script = fs::read_to_string(self.0.join("postgres.sql")).expect("it was made");
        script
            .lines()
            // What is said of databases that every server has is said once a server.
            .filter(|statement| statement.contains("svc_"))
            .map(|statement| statement.replace("svc_", &format!("{prefix}_svc_")))
            .collect()
    }

    /// A service's URL of its database on this server, with this before the names.
    pub(crate) fn database(
        &self,
        service: &str,
        prefix: &str,
        server: &url::Url,
    ) -> Option<String> {
        let host = server.host_str().expect("TEST_DATABASE_URL names a host");
        let address = format!("{host}:{}", server.port().unwrap_or(5432));
        let url = self.url(service, "database-url", "postgres:5432", &address)?;
        Some(url.replace("svc_", &format!("{prefix}_svc_")))
    }
}
