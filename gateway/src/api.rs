//! What is served: contracts, their routes, and what is known of their methods.

use std::sync::Arc;

use net::StartError;
use transcoder::openapi::{self, Info, Visibility};
use transcoder::prost_reflect::MethodDescriptor;
use transcoder::{
    BuildError, Descriptors, JsonOptions, Options, QueryOptions, SkippedRule, Transcoder,
};

use crate::config::Settings;
use crate::method::MethodOf;
use crate::profile::Profile;
use crate::routes;

/// How deep the JSON of a request may nest.
const MAX_DEPTH: usize = 64;

/// What is served.
pub struct Api<'a> {
    /// The messages and services.
    pub descriptors: Descriptors<'a>,
    /// What is known of each method.
    pub methods: Arc<MethodOf>,
    /// Also methods without a route are bound to `POST /package.Service/Method`.
    pub binds_unannotated: bool,
    /// A rule that cannot be served is an error, rather than passed over.
    pub is_strict: bool,
    /// The query parameter that is the guards' own.
    pub guard_parameter: Option<&'static str>,
    /// What the OpenAPI document says of the whole.
    pub info: Info,
    /// How clients of REST are answered.
    pub profile: Profile,
}

/// Writes the OpenAPI document of what is served.
pub type Document = Box<dyn Fn() -> String + Send + Sync>;

impl Api<'_> {
    /// The routes, and what they make of requests.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn transcoder(&self, settings: &Settings) -> Result<Transcoder, StartError> {
        let (requests, mapping) = (&settings.requests, &settings.mapping);
        let rules = routes::read(&mapping.routes).map_err(StartError::Config)?;
        let own_parameter = self.guard_parameter;
        let mut options = Options {
            json: JsonOptions {
                max_depth: MAX_DEPTH,
                max_bytes: requests.body_limit,
                ..JsonOptions::default()
            },
            ignored_query_parameters: own_parameter.map(str::to_owned).into_iter().collect(),
            bind_unannotated: self.binds_unannotated,
            json_for: mapping.json.clone(),
            rules,
            rules_override: mapping.routes_override,
            query: QueryOptions {
                indexed_lists: mapping.query_lists,
                ignore_unknown: mapping
                    .ignore_unknown_query
                    .unwrap_or(self.profile.ignores_unknown_query),
                ..QueryOptions::default()
            },
            ..Options::default()
        };
        self.profile.set(&mut options);
        let keep = |method: &MethodDescriptor| (self.methods)(method).is_some();
        let wrong = |error: BuildError| StartError::Contract(vec![error.to_string()]);
        let transcoder = Transcoder::with_methods(&self.descriptors, &options, keep);
        let transcoder = transcoder.map_err(wrong)?;
        if self.is_strict {
            return transcoder.strict().map_err(wrong);
        }
        for SkippedRule {
            place,
            method,
            reason,
        } in transcoder.skipped()
        {
            tracing::warn!(place, method, reason, "a rule is not served");
        }
        Ok(transcoder)
    }

    /// Writes the OpenAPI document.
    pub fn document(&self, transcoder: Arc<Transcoder>) -> Document {
        let (info, methods) = (self.info.clone(), self.methods.clone());
        Box::new(move || {
            let seen = |method: &MethodDescriptor| {
                methods(method).map_or(Visibility::Hidden, |method| method.visibility)
            };
            openapi::document(&transcoder, &info, &seen).to_string()
        })
    }
}
