//! Headers and metadata.

use clap::Args;

use crate::metadata::Rule;

/// What passes between headers and metadata. Rules are `name`, `prefix-*`, and either with `=` and what
/// it becomes: `x-tenant=tenant`, `x-app-*=app-*`. Identity, cookies and what belongs to one hop are out
/// of their reach.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
#[command(next_help_heading = "Headers and metadata")]
pub struct Metadata {
    /// Headers of requests that upstreams get as metadata, in every protocol: `x-tenant`, `x-app-*`,
    /// `x-tenant=tenant`. Values of names in -bin are base64.
    #[arg(
        long,
        env = "EDGE_REQUEST_HEADERS",
        value_name = "NAME[=NAME]",
        value_delimiter = ','
    )]
    pub request_header: Vec<Rule>,
    /// Metadata of replies that clients of REST get as headers, as above. Clients of gRPC, gRPC-Web and
    /// Connect get all that is theirs anyway.
    #[arg(
        long,
        env = "EDGE_REPLY_HEADERS",
        value_name = "NAME[=NAME]",
        value_delimiter = ','
    )]
    pub reply_header: Vec<Rule>,
}
