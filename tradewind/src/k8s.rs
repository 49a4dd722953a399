//! `tradewind k8s`: the manifests of k8s/ that follow from the list of services, their flags, their
//! contracts and k8s/needs.yaml.

mod calls;
mod chart;
mod ingress;
mod meshes;
mod needs;
mod policies;
mod rights;
mod scaling;
mod secrets;
mod workloads;
mod yaml;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use runtime::services::{AUTHORITY, EDGE, SERVICES, ServiceInfo};
use serde_json::{Value, json};

use self::{calls::Calls, needs::Needs};
use crate::{
    generated::{self, Files},
    up::members,
};

/// The namespace of k8s/overlays/dev.
const NAMESPACE: &str = "tradewind";
/// Where make-secrets reads what each workload may do.
const RIGHTS: &str = "overlays/dev/rights";

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write k8s/generated and the table of rights
    Generate {
        /// The folder of the manifests
        #[arg(default_value = "k8s")]
        folder: PathBuf,
        /// Write nothing, and fail if anything is not what would be written
        #[arg(long)]
        check: bool,
    },
    /// Write k8s/chart, a chart of Helm, of what `kustomize build k8s/overlays/prod` prints
    Chart {
        /// The file with what it printed
        rendered: PathBuf,
        /// The folder of the chart
        #[arg(default_value = "k8s/chart")]
        folder: PathBuf,
        /// Write nothing, and fail if anything is not what would be written
        #[arg(long)]
        check: bool,
    },
}

/// A process that the manifests give an identity.
struct Workload {
    info: ServiceInfo,
    /// Whether it has a database.
    keeps_data: bool,
    /// Whether it has a use for Redis.
    caches: bool,
    /// Whether it signs what it keeps.
    signs: bool,
    /// Whether it seals tokens of means of payment.
    seals_tokens: bool,
    /// Whether it seals the secrets of webhooks.
    seals_webhooks: bool,
    /// Whether it has mails sent.
    mails: bool,
}

impl Workload {
    fn name(&self) -> &'static str {
        self.info.name
    }

    /// Whether it proves itself by a key; who signs the tokens needs none.
    fn has_key(&self) -> bool {
        self.name() != AUTHORITY
    }

    /// Whether users come in by it.
    fn is_door(&self) -> bool {
        self.name() == EDGE.name
    }

    /// What its port speaks.
    fn port_name(&self) -> &'static str {
        if self.is_door() { "http" } else { "grpc" }
    }

    /// The servers that it keeps something on.
    fn stores(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.keeps_data, "postgres"),
            (true, "nats"),
            (self.caches, "redis"),
        ];
        let own = all.into_iter().filter(|(has, _)| *has);
        own.map(|(_, store)| store)
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let (files, own, check) = match &arguments.action {
        Action::Generate { folder, check } => (files(folder)?, folder.join("generated"), check),
        Action::Chart {
            rendered,
            folder,
            check,
        } => {
            let text = fs::read_to_string(rendered);
            let text = text.with_context(|| rendered.display().to_string())?;
            let files = chart::files(&text, folder)?;
            (files, folder.join("templates"), check)
        }
    };
    generated::finish("tradewind k8s", &files, &generated::present(&own)?, *check)
}

fn files(folder: &Path) -> Result<Files> {
    let mesh = mesh();
    let services = &mesh[1..];
    let calls = Calls::of(&mesh);
    let needs = Needs::read(&folder.join("needs.yaml"))?;
    let named = |object: fn(&Workload, &Needs) -> Value| {
        let files = mesh
            .iter()
            .map(|it| (it.name().to_owned(), vec![object(it, &needs)]));
        files.collect::<Vec<_>>()
    };
    let single = |objects: Vec<(String, Value)>| {
        let files = objects
            .into_iter()
            .map(|(name, object)| (name, vec![object]));
        files.collect::<Vec<_>>()
    };
    let mut workloads: Vec<_> = mesh
        .iter()
        .map(|it| {
            (
                it.name().to_owned(),
                workloads::objects(it, &needs).to_vec(),
            )
        })
        .collect();
    workloads.push(("addresses".to_owned(), vec![workloads::addresses(services)]));
    let linkerd = services
        .iter()
        .map(|it| (it.name().to_owned(), meshes::linkerd(it, &calls)));
    let istio = services
        .iter()
        .map(|it| (it.name().to_owned(), vec![meshes::istio(it, &calls)]));
    let ingress = ingress::objects(&mesh, &calls, &needs).to_vec();
    let rooms = [
        ("workloads", workloads),
        (
            "network-policies",
            single(policies::policies(&mesh, &calls, &needs)),
        ),
        ("external-stores", single(policies::outside(&mesh, &needs))),
        ("autoscaling", named(scaling::autoscaler)),
        ("disruption", named(|it, _| scaling::disruption_budget(it))),
        ("linkerd", linkerd.collect()),
        ("istio", istio.collect()),
        ("ingress", vec![("ingress".to_owned(), ingress)]),
        ("external-secrets", single(secrets::external(&mesh))),
    ];
    let mut files = Files::new();
    for (room, objects) in rooms {
        let room = folder.join("generated").join(room);
        let names: Value = objects
            .iter()
            .map(|(name, _)| format!("{name}.yaml"))
            .collect();
        files.insert(
            room.join("kustomization.yaml"),
            yaml::file(&[kustomization(&names)]),
        );
        files.extend(
            objects
                .into_iter()
                .map(|(name, objects)| (room.join(format!("{name}.yaml")), yaml::file(&objects))),
        );
    }
    files.insert(
        folder.join("generated/production-replicas/kustomization.yaml"),
        yaml::file(&[scaling::production(&mesh, &needs)]),
    );
    let secrets = secrets::kustomization(&mesh, NAMESPACE);
    files.insert(
        folder.join("generated/dev-secrets.yaml"),
        yaml::file(&[secrets]),
    );
    let rights = folder.join(RIGHTS);
    let table = fs::read_to_string(&rights).with_context(|| rights.display().to_string())?;
    let table = rights::table(&table, &mesh)?;
    files.insert(rights, table);
    Ok(files)
}

fn kustomization(resources: &Value) -> Value {
    json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    })
}

/// The edge, and then the services.
fn mesh() -> Vec<Workload> {
    let members = members();
    let takes = |name: &str, flag: &str| {
        let mut members = members.iter();
        members.any(|member| member.name == name && member.takes(flag))
    };
    let edge = Workload {
        info: EDGE,
        keeps_data: false,
        caches: true,
        signs: false,
        seals_tokens: false,
        seals_webhooks: false,
        mails: false,
    };
    let service = |info: &ServiceInfo| Workload {
        info: *info,
        keeps_data: true,
        caches: takes(info.name, "redis_url"),
        signs: takes(info.name, "audit_signing_key"),
        seals_tokens: takes(info.name, "payment_token_encryption_key"),
        seals_webhooks: takes(info.name, "webhook_secret_encryption_key"),
        mails: takes(info.name, "smtp_url"),
    };
    [edge]
        .into_iter()
        .chain(SERVICES.iter().map(service))
        .collect()
}
