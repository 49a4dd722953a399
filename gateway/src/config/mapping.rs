//! HTTP and JSON.

use std::path::PathBuf;

use clap::Args;
use net::process::arguments::defaults;
use transcoder::JsonChoices;

const UPLOAD_LIMIT: u64 = 1 << 30;

/// How HTTP and JSON become gRPC, where the contract leaves a choice.
#[derive(Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "HTTP and JSON")]
pub struct Mapping {
    /// A service config in YAML (google.api.Service), whose `http.rules` are further routes beside
    /// the annotations of the contract. May be given several times; in the environment, with `,`
    /// between.
    #[arg(long, env = "EDGE_ROUTES", value_name = "FILE", value_delimiter = ',')]
    pub routes: Vec<PathBuf>,
    /// The last rule for a method takes the place of its annotation, as google/api/http.proto has
    /// it, rather than being a further route.
    #[arg(long, env = "EDGE_ROUTES_OVERRIDE", requires = "routes")]
    pub routes_override: bool,
    /// JSON of a package, service or method (or of everything, `*`): `SELECTOR:OPTION,OPTION=false`.
    /// The options are always-print-fields-without-presence (on unless turned off), use-proto-names,
    /// enums-as-ints and ignore-unknown-fields; the longest selector decides. May be given several
    /// times; in the environment, with spaces between.
    #[arg(long, env = "EDGE_JSON", value_name = "CHOICES", value_delimiter = ' ')]
    pub json: Vec<JsonChoices>,
    /// Elements of lists in queries by their index, also of lists of messages:
    /// `?items[0].sku=A&items[0].quantity=2`.
    #[arg(long, env = "EDGE_QUERY_LISTS")]
    pub query_lists: bool,
    /// Pass over query parameters that are no fields, rather than refusing them.
    #[arg(
        long,
        env = "EDGE_IGNORE_UNKNOWN_QUERY",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    pub ignore_unknown_query: Option<bool>,
    /// Also take bodies as `application/x-www-form-urlencoded`, by the rules of queries.
    #[arg(long, env = "EDGE_FORM_BODIES")]
    pub form_bodies: bool,
    /// Most bytes of an upload that goes upstream piece by piece (a stream of google.api.HttpBody):
    /// 413 beyond. Bodies that are taken whole have the limit of all bodies.
    #[arg(long, env = "EDGE_UPLOAD_LIMIT", default_value_t = UPLOAD_LIMIT)]
    pub upload_limit: u64,
}

impl Default for Mapping {
    fn default() -> Self {
        defaults()
    }
}
