//! `tradewind verify`: whether the histories of orders are those that were signed (docs/AUDIT.md).

mod heads;
mod report;
mod told;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use chrono::{DateTime, Utc};
use clap::Args;
use net::SecretUrl;
use runtime::services;
use svc_orders::audit::{Audit, AuditKey, Head, PublicKey};
use uuid::Uuid;

use crate::{
    databases::{Databases, Flags},
    operator,
    progress::progress,
};
use report::Report;
use told::Told;

const SERVICE: &str = "svc-orders";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Check this order alone
    #[arg(long, value_name = "ID")]
    order: Option<Uuid>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Hold the histories against these heads, which --write-heads wrote and which were kept where
    /// the database's administrators do not write
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// Write the heads of the histories that are right into this file
    #[arg(long, value_name = "FILE")]
    write_heads: Option<PathBuf>,
    /// NATS that svc-orders publishes to, to hold the histories against the heads that went out in the last
    /// 30 days [default: that of the mesh that runs here; where there is none, the outbox of its
    /// svc-orders, which keeps them for 7 days]
    #[arg(long, env = "NATS_URL", hide_env_values = true)]
    nats_url: Option<SecretUrl>,
    /// When all events of before histories were chained had their hashes, as 2026-01-31T12:00:00Z:
    /// one that got it later is wrong
    #[arg(long, value_name = "TIME")]
    adopted_before: Option<DateTime<Utc>>,
    /// Public keys that verify the signatures, in base64 [default: that of the signing key]
    #[arg(
        long = "public-key",
        env = "AUDIT_PUBLIC_KEYS",
        value_name = "KEY",
        value_delimiter = ','
    )]
    public_keys: Vec<PublicKey>,
    #[command(flatten)]
    key: AuditKey,
    #[command(flatten)]
    databases: Flags,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let databases = Databases::find(&arguments.databases)?;
    let keys = arguments.keys(&databases)?;
    let service = services::find(SERVICE).context("there is a service of orders")?;
    let database = databases.open(service).await?;
    let database = database.with_context(|| format!("{SERVICE} has no database there"))?;
    let known = match &arguments.heads {
        Some(path) => heads::read(path, &keys)?,
        None => Vec::new(),
    };
    // Before the histories: what went out is in them by then.
    let told = match arguments.nats()? {
        Some(url) => Told::by_stream(url, &keys).await?,
        // Whoever names a server may have the right to read histories alone.
        None if arguments.databases.is_server() => Told::none(&keys),
        None => Told::by_outbox(&database, &keys).await?,
    };
    let mut report = Report::new(&keys, known.len(), &told);
    let told = told.heads;
    let audit = Audit::new(database, keys)
        .with_heads(known)
        .with_heads(told)
        .adopted_before(arguments.adopted_before);
    let heads = match arguments.order {
        Some(id) => one(&audit, id, &mut report).await?,
        None => all(&audit, &mut report).await?,
    };
    if let Some(path) = &arguments.write_heads {
        heads::write(path, &heads)?;
    }
    crate::print(&if arguments.json {
        report.json()?
    } else {
        report.to_string()
    })?;
    let wrong = report.findings.len();
    ensure!(wrong == 0, "{wrong} of {} orders are wrong", report.orders);
    Ok(())
}

async fn one(audit: &Audit, id: Uuid, report: &mut Report) -> Result<Vec<Head>> {
    let checked = audit.order(id).await?;
    let checked = checked.with_context(|| format!("there is no order {id}"))?;
    Ok(report.add(checked).into_iter().collect())
}

async fn all(audit: &Audit, report: &mut Report) -> Result<Vec<Head>> {
    let bar = progress("orders", audit.count().await? as usize);
    let (mut heads, mut after) = (Vec::new(), None);
    loop {
        let page = audit.page(after).await?;
        let Some(last) = page.last() else {
            bar.finish_and_clear();
            return Ok(heads);
        };
        after = Some(last.order_id);
        bar.inc(page.len() as u64);
        heads.extend(page.into_iter().filter_map(|checked| report.add(checked)));
    }
}

impl Arguments {
    /// That of a mesh that runs here is asked if it lets anybody in.
    fn nats(&self) -> Result<Option<SecretUrl>> {
        if self.nats_url.is_some() {
            return Ok(self.nats_url.clone());
        }
        let nats = self.databases.mesh()?.and_then(|mesh| mesh.nats);
        let nats = nats.filter(|server| !server.login);
        Ok(nats.map(|server| SecretUrl::from(server.address.as_str())))
    }

    fn keys(&self, databases: &Databases) -> Result<Vec<PublicKey>> {
        let mut keys = self.public_keys.clone();
        let given = self.key.read().map_err(anyhow::Error::msg)?;
        let kept = || {
            let file = operator::audit_key_file(&databases.data_dir);
            let key = AuditKey {
                audit_signing_key: None,
                audit_signing_key_file: file.exists().then_some(file),
            };
            key.read().map_err(anyhow::Error::msg)
        };
        match given {
            Some(key) => keys.push(key.public()),
            // Whoever names keys means these.
            None if keys.is_empty() => keys.extend(kept()?.map(|key| key.public())),
            None => {}
        }
        if keys.is_empty() {
            bail!(
                "no key is known that verifies the signatures: give --public-key, or the signing \
                 key by AUDIT_SIGNING_KEY or AUDIT_SIGNING_KEY_FILE"
            );
        }
        Ok(keys)
    }
}
