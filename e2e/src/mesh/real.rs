//! Separate processes on Postgres, Redis and NATS JetStream.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use runtime::services::{self, AUTHORITY, EDGE, ServiceInfo};
use tokio::sync::OnceCell;

use super::{Kind, Mesh, Program, Setup};
use crate::{
    credentials::Credentials,
    invariants::Databases,
    ports::free_port,
    process::binary,
    servers::{Server, variable},
    services::SERVICES,
    workload::{SENDER, Workloads},
};

/// Programs with two replicas.
const TWICE: [&str; 4] = ["edge", "svc-orders", "svc-payments", "svc-shipping"];

pub(super) async fn prepare(setup: &Setup) -> Mesh {
    let folder = super::folder();
    let credentials = Credentials::make(folder.path());
    let nats = Server::nats_of(folder.path(), &credentials).await;
    let redis = Server::redis_of(folder.path(), &credentials).await;
    make_streams(&nats, 1);
    let server = setup.database.clone();
    let server = server.unwrap_or_else(|| variable("TEST_DATABASE_URL"));
    let databases = Databases::postgres(&server, &credentials).await;
    let others = [EDGE.name, "intruder", SENDER];
    let names: BTreeSet<_> = SERVICES.into_iter().chain(others).collect();
    let names: Vec<_> = names.into_iter().collect();
    let workloads = Workloads::new(folder.path(), &names);
    let mut shared = super::common(setup);
    shared.insert("NATS_MAKE_STREAMS", "false".to_owned());
    shared.insert(
        "WORKLOAD_KEYS_DIR",
        workloads.public_keys().display().to_string(),
    );
    shared.insert("SIGNING_KEY_ENCRYPTION_KEY", STANDARD.encode([7; 32]));
    shared.insert("PAYMENT_TOKEN_ENCRYPTION_KEY", STANDARD.encode([8; 32]));
    shared.insert("WEBHOOK_SECRET_ENCRYPTION_KEY", STANDARD.encode([9; 32]));

    let mut grpc: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for service in SERVICES {
        let addresses: Vec<_> = replicas(setup, service)
            .map(|_| format!("127.0.0.1:{}", free_port()))
            .collect();
        let urls: Vec<_> = addresses
            .iter()
            .map(|address| format!("http://{address}"))
            .collect();
        let variable = services::find(service).map(ServiceInfo::url_variable);
        // As long as the tests run.
        shared.insert(variable.expect("it is listed").leak(), urls.join(","));
        grpc.insert(service, addresses);
    }

    let mut mesh = Mesh {
        kind: Kind::Real,
        edges: Vec::new(),
        grpc,
        ops: BTreeMap::new(),
        databases,
        nats: Some(nats),
        redis: Some(redis),
        workloads,
        programs: BTreeMap::new(),
        processes: BTreeMap::new(),
        admin: OnceCell::new(),
        leaves_events: false,
        folder,
    };
    for program in SERVICES.into_iter().chain([EDGE.name]) {
        for replica in replicas(setup, program) {
            mesh.add(program, replica, &shared, &credentials);
        }
    }
    mesh
}

fn replicas(setup: &Setup, program: &str) -> std::ops::Range<usize> {
    0..if setup.is_doubled || TWICE.contains(&program) {
        2
    } else {
        1
    }
}

impl Mesh {
    fn add(
        &mut self,
        program: &'static str,
        replica: usize,
        shared: &BTreeMap<&'static str, String>,
        credentials: &Credentials,
    ) {
        let name = format!("{program}-{replica}");
        let listen = match self.grpc.get(program) {
            Some(addresses) => addresses[replica].clone(),
            None => {
                let address = format!("127.0.0.1:{}", free_port());
                self.edges.push(format!("http://{address}"));
                address
            }
        };
        let ops = format!("127.0.0.1:{}", free_port());
        self.ops.insert(name.clone(), format!("http://{ops}"));
        let mut variables = shared.clone();
        variables.insert("LISTEN", listen);
        variables.insert("OPS_LISTEN", ops);
        // It signs its own tokens.
        if program != AUTHORITY {
            let key = self.workloads.key_file(program).display().to_string();
            variables.insert("WORKLOAD_KEY_FILE", key);
        }
        if let Some(nats) = &self.nats {
            variables.insert("NATS_URL", credentials.nats(program, &nats.address()));
        }
        let redis = self.redis.as_ref();
        if let Some(url) = redis.and_then(|it| credentials.redis(program, &it.address())) {
            variables.insert("REDIS_URL", url);
        }
        if let Some(url) = self.databases.url(program) {
            variables.insert("DATABASE_URL", url);
        }
        let log = self.folder.path().join(format!("{name}.log"));
        self.programs.insert(
            name,
            Program {
                binary: binary(program),
                arguments: Vec::new(),
                variables,
                log,
            },
        );
    }
}

/// As an operator does where the services may not.
pub(super) fn make_streams(nats: &Server, replicas: usize) {
    let replicas = replicas.to_string();
    let status = Command::new(binary("tradewind"))
        .args(["streams", "--nats-url", &nats.url])
        .args(["--nats-replicas", &replicas])
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the streams were not made"
    );
}
