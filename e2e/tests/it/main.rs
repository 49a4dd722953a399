//! Tests of whole meshes. Most run twice: embedded, and on real servers with replicas.

mod access;
mod accounts;
mod audit;
mod books;
mod canaries;
mod canary;
mod certificates;
mod circles;
mod clients;
mod compression;
mod configuration;
mod containers;
mod contention;
mod crashes;
mod credentials;
mod curl;
mod dashboards;
mod degradation;
mod docs;
mod errors;
mod events;
mod faults;
mod foreign_tokens;
mod generated;
mod grpcurl;
mod hostile;
mod import;
mod imports;
mod mails;
mod manifests;
mod metrics;
mod migration;
mod new_service;
mod openapi;
mod orders;
mod payments;
mod quick_start;
mod runbooks;
mod saga;
mod scripts;
mod second_factor;
mod security;
mod services;
mod sessions;
mod shutdown;
mod sign_in_with_others;
mod status;
mod structure;
mod tracing;
mod typescript;
mod weaknesses;
mod webhooks;

use e2e::Mesh;
use tokio::sync::OnceCell;

static EMBEDDED: OnceCell<Mesh> = OnceCell::const_new();
static REAL: OnceCell<Mesh> = OnceCell::const_new();

/// The embedded mesh that tests share which do it no harm.
async fn embedded() -> &'static Mesh {
    EMBEDDED.get_or_init(Mesh::embedded).await
}

/// The real mesh that tests share which do it no harm.
async fn real() -> &'static Mesh {
    REAL.get_or_init(Mesh::real).await
}

/// Makes two tests of each function that takes a shared mesh.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::embedded().await).await;
            })+
        }
        mod real {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::real().await).await;
            })+
        }
    };
}
use on_both;

/// Makes two tests of each function that takes a kind and starts a mesh of its own.
macro_rules! on_both_kinds {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(e2e::mesh::Kind::Embedded).await;
            })+
        }
        mod real {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(e2e::mesh::Kind::Real).await;
            })+
        }
    };
}
use on_both_kinds;
