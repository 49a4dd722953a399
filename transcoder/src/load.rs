//! Descriptors -> routes.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor, MethodDescriptor};

use crate::field::FieldPath;
use crate::http_body::Places;
use crate::json::Engine;
use crate::mask::Inference;
use crate::route::RouteTables;
use crate::rule::{ConfiguredRule, HttpRule, SkippedRule};
use crate::{
    Body, BuildError, Dialect, HttpMethod, JsonChoices, Options, Route, Template, field, router,
};

/// A descriptor set that was read, for all who need it.
#[derive(Debug, Clone)]
pub struct Descriptors<'a> {
    set: &'a [u8],
    pool: DescriptorPool,
}

impl<'a> Descriptors<'a> {
    /// Reads a serialized `google.protobuf.FileDescriptorSet` with its imports
    /// (`protoc --include_imports --descriptor_set_out`, `buf build -o x.binpb`).
    ///
    /// prost-reflect knows no editions: to it, their files are proto2, which allows as much. What
    /// matters of their features stands in the tables of the JSON engine.
    ///
    /// # Errors
    /// [`BuildError::Descriptors`] if the bytes are no descriptor set, or one that is incomplete.
    pub fn read(set: &'a [u8]) -> Result<Self, BuildError> {
        let pool = contract_rules::descriptors(set);
        Ok(Self::of_pool(set, pool.map_err(BuildError::Descriptors)?))
    }

    /// Of a pool that was made of this set.
    #[must_use]
    pub fn of_pool(set: &'a [u8], pool: DescriptorPool) -> Self {
        Self { set, pool }
    }

    /// As they were read.
    #[must_use]
    pub fn set(&self) -> &'a [u8] {
        self.set
    }

    /// As prost-reflect has them; a clone of the pool is another name for it.
    #[must_use]
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }
}

/// The routes of all methods that `keep` lets through, and the rules that cannot be served.
pub(crate) fn routes(
    pool: &DescriptorPool,
    engine: &Engine,
    options: &Options,
    keep: impl Fn(&MethodDescriptor) -> bool,
) -> Result<(Vec<Arc<Route>>, Vec<SkippedRule>), BuildError> {
    let extension = pool.get_extension_by_name("google.api.http");
    let services: Vec<_> = pool.services().collect();
    let methods = || services.iter().flat_map(|service| service.methods());
    check_selectors(methods, options)?;
    let mut unused: HashSet<&str> = selectors(options).collect();
    let mut routes = Vec::new();
    let mut skipped = Vec::new();
    for method in methods().filter(|m| keep(m)) {
        let name = method.full_name();
        unused.remove(name);
        let json = engine.with_options(&options.json_of(name));
        let annotation = extension
            .as_ref()
            .and_then(|extension| HttpRule::of(&method, extension));
        for given in rules(&method, annotation, options) {
            let bindings = std::iter::once(&*given.rule).chain(&given.rule.additional_bindings);
            for (index, binding) in bindings.enumerate() {
                match route(&method, binding, index > 0, &json, options) {
                    Ok(route) => routes.push(Arc::new(Route {
                        additional: index > 0 || given.is_alias,
                        is_alias: given.is_alias,
                        place: given.place.map(str::to_owned),
                        ..route
                    })),
                    Err(reason) => skipped.push(skip(&method, given.place, reason)),
                }
            }
        }
    }
    for ConfiguredRule { place, rule } in &options.rules {
        if unused.contains(rule.selector.as_str()) {
            skipped.push(SkippedRule {
                place: place.clone(),
                method: rule.selector.clone(),
                reason: "clients cannot call this method here".to_owned(),
            });
        }
    }
    let conflicts = router::take_out_conflicts(&mut routes, options.dialect);
    skipped.extend(conflicts.iter().map(|(route, served)| {
        let of = |route: &Route| format!("{} of {}", route.template, route.method.full_name());
        let reason = format!(
            "{} {} matches the same paths as {}",
            route.http_method,
            route.template,
            of(served)
        );
        skip(&route.method, route.place.as_deref(), reason)
    }));
    Ok((routes, skipped))
}

fn skip(method: &MethodDescriptor, place: Option<&str>, reason: String) -> SkippedRule {
    let file = method.parent_file();
    SkippedRule {
        place: place.unwrap_or(file.name()).to_owned(),
        method: method.full_name().to_owned(),
        reason,
    }
}

/// A rule of a method, and where it is from if it is no annotation.
struct MethodRule<'a> {
    rule: Cow<'a, HttpRule>,
    place: Option<&'a str>,
    /// The method has a route beside this one.
    is_alias: bool,
}

/// The rules of a method: its annotation, and those that stand beside it.
fn rules<'a>(
    method: &MethodDescriptor,
    annotation: Option<HttpRule>,
    options: &'a Options,
) -> Vec<MethodRule<'a>> {
    let name = method.full_name();
    let configured = options.rules.iter();
    let configured = configured.filter(|configured| configured.rule.selector == name);
    let mut configured: Vec<_> = configured.collect();
    if options.rules_override && configured.len() > 1 {
        configured.drain(..configured.len() - 1);
    }
    let unannotated = options.bind_unannotated && !method.is_client_streaming();
    let annotation = match annotation {
        _ if options.rules_override && !configured.is_empty() => None,
        None if unannotated && configured.is_empty() => {
            Some(HttpRule::unannotated(&grpc_path(method)))
        }
        annotation => annotation,
    };
    let has_other = annotation.is_some();
    let annotation = annotation.map(|rule| MethodRule {
        rule: Cow::Owned(rule),
        place: None,
        is_alias: false,
    });
    let configured = configured.into_iter().enumerate().map(|(index, given)| {
        let ConfiguredRule { place, rule } = given;
        MethodRule {
            rule: Cow::Borrowed(rule),
            place: Some(place),
            is_alias: has_other || index > 0,
        }
    });
    annotation.into_iter().chain(configured).collect()
}

fn selectors(options: &Options) -> impl Iterator<Item = &str> {
    options
        .rules
        .iter()
        .map(|given| given.rule.selector.as_str())
}

/// Whether everything that the options name is there.
fn check_selectors<M>(methods: impl Fn() -> M, options: &Options) -> Result<(), BuildError>
where
    M: Iterator<Item = MethodDescriptor>,
{
    let known: HashSet<String> = methods().map(|m| m.full_name().to_owned()).collect();
    let of_rule = |given: &ConfiguredRule| match given.rule.selector.as_str() {
        "" => Some(format!("{}: the rule has no selector", given.place)),
        selector if !known.contains(selector) => Some(format!(
            "{}: no method is called {selector:?}; expected package.Service.Method",
            given.place
        )),
        _ => None,
    };
    let of_json = |choices: &JsonChoices| {
        let is_known = known.iter().any(|method| choices.covers(method));
        let selector = &choices.selector;
        (!is_known)
            .then(|| format!("JSON options: no package, service or method is called {selector:?}"))
    };
    let of_rules = options.rules.iter().filter_map(of_rule);
    let unknown: Vec<_> = of_rules
        .chain(options.json_for.iter().filter_map(of_json))
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(BuildError::Unknown(unknown)),
    }
}

fn grpc_path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn route(
    method: &MethodDescriptor,
    rule: &HttpRule,
    additional: bool,
    engine: &Engine,
    options: &Options,
) -> Result<Route, String> {
    if additional && !rule.additional_bindings.is_empty() {
        return Err("an additional binding has no additional bindings of its own".to_owned());
    }
    let (http_method, template) = rule.pattern()?;
    let template =
        Template::parse_as(template, options.dialect).map_err(|error| error.to_string())?;
    let input = method.input();
    let path_fields = path_fields(&input, &template, options.dialect)?;
    let body_path = match rule.body.as_str() {
        "" | "*" => None,
        name => Some(body_path(&input, name, options.dialect)?),
    };
    if let Some(path) = &body_path
        && options.dialect == Dialect::HttpProto
        && path_fields.contains(path)
    {
        return Err(format!(
            "{:?} is bound by the path and by the body",
            path.name()
        ));
    }
    let mask = match &body_path {
        Some(body) if http_method == HttpMethod::Is(http::Method::PATCH) => {
            Inference::new(&input, body, &path_fields, engine, options.masks)
        }
        _ => None,
    };
    let body = match &body_path {
        Some(path) => Body::Field(path.leaf().clone()),
        None if rule.body.is_empty() => Body::None,
        None => Body::Whole,
    };
    let response_body = match rule.response_body.as_str() {
        "" => None,
        "*" if options.dialect == Dialect::GrpcGateway => None,
        name => Some(top_level(&method.output(), name, "response_body")?),
    };
    Ok(Route {
        grpc_path: grpc_path(method),
        http_body: Places::of(&input, &body, &method.output(), response_body.as_ref()),
        http_method,
        template,
        tables: RouteTables {
            input: engine.message_of(&input),
            output: engine.message_of(&method.output()),
            path: path_fields
                .iter()
                .map(|path| engine.field_of(path.leaf()))
                .collect(),
            body: match &body {
                Body::Field(field) => Some(engine.field_of(field)),
                _ => None,
            },
            response_body: response_body.as_ref().map(|field| engine.field_of(field)),
        },
        path_fields,
        body,
        body_path,
        response_body,
        mask,
        additional,
        is_alias: false,
        place: None,
        dialect: options.dialect,
        query: options.query,
        strays: options.strays,
        ignored_query: options.ignored_query_parameters.clone(),
        json: engine.clone(),
        method: method.clone(),
    })
}

fn path_fields(
    input: &MessageDescriptor,
    template: &Template,
    dialect: Dialect,
) -> Result<Vec<FieldPath>, String> {
    let bind = |names: &Vec<String>| {
        let path = FieldPath::resolve(input, names.iter().map(String::as_str))
            .map_err(|problem| format!("{template}: {problem}"))?;
        let leaf = path.leaf();
        let is_list = leaf.is_list() && dialect == Dialect::HttpProto;
        if is_list || !field::is_text(leaf) || field::is_mask(leaf) {
            return Err(format!(
                "{template}: {:?} cannot be a path variable, being repeated or no single value",
                path.name()
            ));
        }
        Ok(path)
    };
    template
        .variables()
        .iter()
        .map(|variable| bind(&variable.field_path))
        .collect()
}

/// The field that is the body: one of the request's own (http.proto), or, to others, one of a
/// message in it.
fn body_path(input: &MessageDescriptor, name: &str, dialect: Dialect) -> Result<FieldPath, String> {
    let names: Vec<_> = match dialect {
        Dialect::HttpProto => vec![top_level(input, name, "body")?.name().to_owned()],
        _ => name.split('.').map(str::to_owned).collect(),
    };
    let path = FieldPath::resolve(input, names.iter().map(String::as_str));
    path.map_err(|problem| format!("body: {problem}"))
}

fn top_level(message: &MessageDescriptor, name: &str, of: &str) -> Result<FieldDescriptor, String> {
    message
        .get_field_by_name(name)
        .ok_or_else(|| format!("{of}: {} has no field {name:?}", message.full_name()))
}
