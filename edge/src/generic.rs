//! The edge in front of anybody's gRPC servers: routes from their descriptors, no Tradewind.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use prost::Message as _;
use prost_types::FileDescriptorSet;
use runtime::StartError;
use runtime::contract::{self, Contract, Method};
use runtime::mesh::Address;
use runtime::node::Node;
use transcoder::openapi::Info;
use transcoder::prost_reflect::MethodDescriptor;

use crate::pages::Landing;
use crate::{Edge, Plan, Upstreams};

/// Details of errors, which servers send whether or not their descriptors have them.
const ERROR_DETAILS: &str = "google/rpc/error_details.proto";

/// What is served, and where it is.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "In front of other services")]
pub struct Config {
    /// The servers' descriptors with their imports, as `buf build -o x.binpb` or
    /// `protoc --include_imports --descriptor_set_out=x.binpb` write them.
    #[arg(
        long,
        env = "DESCRIPTOR_SET",
        value_name = "FILE",
        requires = "upstream"
    )]
    pub descriptor_set: Option<PathBuf>,
    /// Where a service is: `package.Service=http://host:port`. Once for each service; services of the
    /// descriptor set that have none are not served.
    #[arg(
        long,
        env = "UPSTREAMS",
        value_delimiter = ' ',
        requires = "descriptor_set"
    )]
    pub upstream: Vec<Upstream>,
    /// Who may call methods that do not say so themselves.
    #[arg(long, value_enum, env = "ACCESS", default_value = "public")]
    pub access: Access,
    /// Pass `authorization` on to the servers also where the edge itself has verified it: they learn
    /// a token with which they can speak as the user elsewhere. With `--access public` it goes along
    /// anyway.
    #[arg(long, env = "FORWARD_AUTHORIZATION")]
    pub forward_authorization: bool,
    /// Also serve methods without a REST route, as `POST /package.Service/Method`.
    #[arg(long, env = "ALL_METHODS")]
    pub all_methods: bool,
}

/// Who may call.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. `authorization` goes along for the server to judge.
    Public,
    /// Whoever has a valid access token of svc-auth (SVC_AUTH_URL). It stays at the edge.
    Authenticated,
}

/// A service and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The full name, `package.Service`.
    pub service: String,
    /// Where it is.
    pub address: Address,
}

impl FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (service, address) = text
            .split_once('=')
            .filter(|(service, _)| !service.is_empty())
            .ok_or_else(|| format!("{text:?}: expected package.Service=http://host:port"))?;
        Ok(Self {
            service: service.to_owned(),
            address: address.parse()?,
        })
    }
}

/// The edge of the services that the configuration names.
pub async fn build(
    config: Config,
    edge: crate::Config,
    node: &Node,
) -> Result<Arc<Edge>, StartError> {
    let missing = || StartError::config("--descriptor-set is missing");
    let file = config.descriptor_set.as_ref().ok_or_else(missing)?;
    let path = file.display();
    let set = tokio::fs::read(file)
        .await
        .map_err(|error| StartError::config(format!("--descriptor-set {path}: {error}")))?;
    let set = with_error_details(set)
        .map_err(|error| StartError::config(format!("--descriptor-set {path}: {error}")))?;
    let contract = Contract::load(&set)
        .map_err(|error| StartError::config(format!("--descriptor-set {path}: {error}")))?;
    let mut mistakes = Vec::new();
    let mut services = BTreeSet::new();
    for Upstream { service, address } in &config.upstream {
        if contract
            .descriptors()
            .get_service_by_name(service)
            .is_none()
        {
            mistakes.push(format!(
                "--upstream: the descriptor set has no service {service}"
            ));
        }
        if !services.insert(service.clone()) {
            mistakes.push(format!("--upstream names {service} twice"));
        }
        node.mesh.set(service, address.clone());
    }
    if !mistakes.is_empty() {
        return Err(StartError::Config(mistakes));
    }

    let names = services.iter().cloned().collect::<Vec<_>>().join(", ");
    let (otherwise, served) = (config.access, services.clone());
    let plan = Plan {
        descriptor_set: &set,
        bind_unannotated: config.all_methods,
        contract: Arc::new(contract),
        access: Arc::new(move |method| access(method, otherwise, &served)),
        upstream: &|method: &MethodDescriptor| Some(method.parent_service().full_name().to_owned()),
        landing: Landing {
            title: names.clone(),
            lead: "REST and JSON in front of gRPC.".to_owned(),
            more: "",
            first: "curl http://localhost:8080/openapi.json".to_owned(),
        },
        info: Info {
            title: names,
            version: "1".to_owned(),
            ..Info::default()
        },
        upstreams: Upstreams::Others {
            forwards_authorization: config.access == Access::Public || config.forward_authorization,
        },
    };
    Edge::new(edge, node.clone(), plan)
}

/// What the method says itself, or else what holds for all.
fn access(
    method: &Method,
    otherwise: Access,
    services: &BTreeSet<String>,
) -> Option<contract::Access> {
    let (service, _) = method.name.split_once('/')?;
    if !services.contains(service) {
        return None;
    }
    match &method.access {
        Some(contract::Access::Alternatives { roles, .. }) if roles.is_empty() => None,
        Some(access) => Some(access.clone()),
        None if otherwise == Access::Public => Some(contract::Access::Public),
        None => Some(contract::Access::AnyToken),
    }
}

/// Adds the messages of error details, if they are missing. Serialized sets can be concatenated; the
/// given one stays as it is, since a round trip would lose its options.
fn with_error_details(mut set: Vec<u8>) -> Result<Vec<u8>, prost::DecodeError> {
    let given = FileDescriptorSet::decode(set.as_slice())?;
    let ours = FileDescriptorSet::decode(contracts::FILE_DESCRIPTOR_SET)?;
    let has = |name: &str| given.file.iter().any(|file| file.name() == name);
    let wanted = |name: &str| name == ERROR_DETAILS || name == "google/protobuf/duration.proto";
    let missing = ours
        .file
        .into_iter()
        .filter(|file| wanted(file.name()) && !has(file.name()));
    let missing = FileDescriptorSet {
        file: missing.collect(),
    };
    missing
        .encode(&mut set)
        .expect("a Vec grows as it is needed");
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_service_and_its_address() {
        let upstream: Upstream = "library.v1.Library=http://localhost:50051".parse().unwrap();
        assert_eq!(upstream.service, "library.v1.Library");
        assert_eq!(upstream.address.to_string(), "http://localhost:50051");
        assert!("http://localhost:50051".parse::<Upstream>().is_err());
        assert!("library.v1.Library=localhost".parse::<Upstream>().is_err());
    }
}
