//! `tradewind k8s generate`: what the manifests of k8s/ say of each service, written from the list
//! of services, their flags and their contracts.

mod base;
mod dev;
mod rights;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use runtime::services::{AUTHORITY, EDGE, SERVICES, ServiceInfo};

use crate::{fill::Marks, up::members};

const MARKS: Marks = Marks {
    begin: "# Written by `tradewind k8s generate`: ",
    close: "",
    end: "# End of what is generated.",
};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write what the manifests say of each service; the rest of them stays as it is
    Generate {
        /// The folder of the manifests
        #[arg(default_value = "k8s")]
        folder: PathBuf,
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
    seals: bool,
}

impl Workload {
    fn name(&self) -> &'static str {
        self.info.name
    }

    /// Whether it proves itself by a key; who signs the tokens needs none.
    fn has_key(&self) -> bool {
        self.name() != AUTHORITY
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Action::Generate { folder } = &arguments.action;
    let services = services();
    for service in &services {
        let own = folder.join("base").join(service.name());
        fs::create_dir_all(&own).with_context(|| own.display().to_string())?;
        for (file, text) in base::files(service) {
            write(&own.join(file), &text)?;
        }
    }
    rewrite(&folder.join("base/kustomization.yaml"), |text| {
        base::kustomization(text, &services)
    })?;
    rewrite(&folder.join("base/configmap.yaml"), |text| {
        base::addresses(text, &services)
    })?;
    let edge = Workload {
        info: EDGE,
        keeps_data: false,
        caches: true,
        signs: false,
        seals: false,
    };
    let workloads: Vec<Workload> = [edge].into_iter().chain(services).collect();
    rewrite(&folder.join("overlays/dev/kustomization.yaml"), |text| {
        dev::kustomization(text, &workloads)
    })?;
    rewrite(&folder.join("overlays/dev/rights"), |text| {
        rights::table(text, &workloads)
    })
}

fn services() -> Vec<Workload> {
    let members = members();
    let takes = |name: &str, flag: &str| {
        let mut members = members.iter();
        members.any(|member| member.name == name && member.takes(flag))
    };
    let workload = |info: &ServiceInfo| Workload {
        info: *info,
        keeps_data: true,
        caches: takes(info.name, "redis_url"),
        signs: takes(info.name, "audit_signing_key"),
        seals: takes(info.name, "payment_token_encryption_key"),
    };
    SERVICES.iter().map(workload).collect()
}

fn rewrite(file: &Path, change: impl FnOnce(&str) -> Result<String>) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let text = change(&text).with_context(|| file.display().to_string())?;
    write(file, &text)
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| file.display().to_string())
}
