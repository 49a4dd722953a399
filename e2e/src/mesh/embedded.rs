//! `tradewind up`: everything in one process.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;

use super::{Kind, Mesh, Program, Setup};
use crate::{
    invariants::Databases,
    ports::free_port,
    process::binary,
    services::SERVICES,
    workload::{SENDER, Workloads},
};

pub(super) fn prepare(setup: &Setup) -> Mesh {
    let folder = super::folder();
    let data = folder.path().join("data");
    let (edge, ops) = (free_port(), free_port());
    let mut arguments = vec![
        "up".into(),
        "--data-dir".into(),
        data.clone().into_os_string(),
    ];
    let mut port_flag = |name: &str, port: u16| {
        arguments.push(format!("--{name}-port").into());
        arguments.push(port.to_string().into());
    };
    port_flag("edge", edge);
    port_flag("ops", ops);
    let mut grpc = BTreeMap::new();
    for service in SERVICES {
        let port = free_port();
        port_flag(service.trim_start_matches("svc-"), port);
        grpc.insert(service, vec![format!("127.0.0.1:{port}")]);
    }
    // Its own workloads have keys that nobody else ever sees; these are the test's.
    let workloads = Workloads::new(folder.path(), &["intruder", SENDER]);
    let mut variables = super::common(setup);
    let keys = workloads.public_keys().display().to_string();
    variables.insert("WORKLOAD_KEYS_DIR", keys);
    let program = Program {
        binary: binary("tradewind"),
        arguments,
        variables,
        log: folder.path().join("tradewind.log"),
    };
    Mesh {
        kind: Kind::Embedded,
        edges: vec![format!("http://127.0.0.1:{edge}")],
        grpc,
        ops: BTreeMap::from([("tradewind".into(), format!("http://127.0.0.1:{ops}"))]),
        databases: Databases::sqlite(&data),
        nats: None,
        redis: None,
        workloads,
        programs: BTreeMap::from([("tradewind".into(), program)]),
        processes: BTreeMap::new(),
        admin: OnceCell::new(),
        leaves_events: false,
        folder,
    }
}
