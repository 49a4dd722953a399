//! Descriptors -> routes.

use std::sync::Arc;

use prost_reflect::{
    DescriptorError, DescriptorPool, FieldDescriptor, MessageDescriptor, MethodDescriptor,
};

use crate::field::FieldPath;
use crate::json::Engine;
use crate::mask::Inference;
use crate::route::RouteTables;
use crate::rule::HttpRule;
use crate::{Body, BuildError, HttpMethod, Options, Route, Template, field, json};

/// The descriptors. prost-reflect knows no editions: to it, their files are proto2, which allows as
/// much. What matters of their features stands in the tables of the JSON engine.
pub(crate) fn pool(descriptor_set: &[u8]) -> Result<DescriptorPool, DescriptorError> {
    DescriptorPool::decode(&*json::without_editions(descriptor_set))
}

/// The routes of all methods that `keep` lets through, or everything that is wrong with their rules.
pub(crate) fn routes(
    pool: &DescriptorPool,
    engine: &Engine,
    options: &Options,
    keep: impl Fn(&MethodDescriptor) -> bool,
) -> Result<Vec<Arc<Route>>, BuildError> {
    let extension = pool.get_extension_by_name("google.api.http");
    let services: Vec<_> = pool.services().collect();
    let mut routes = Vec::new();
    let mut problems = Vec::new();
    for method in services
        .iter()
        .flat_map(|service| service.methods())
        .filter(|m| keep(m))
    {
        let rule = extension
            .as_ref()
            .and_then(|extension| HttpRule::of(&method, extension));
        let unannotated = options.bind_unannotated && !method.is_client_streaming();
        let rule = rule.or_else(|| unannotated.then(|| HttpRule::unannotated(&grpc_path(&method))));
        let Some(rule) = rule else { continue };
        let bindings = std::iter::once(&rule).chain(&rule.additional_bindings);
        for (index, binding) in bindings.enumerate() {
            match route(&method, binding, index > 0, engine, options) {
                Ok(route) => routes.push(Arc::new(route)),
                Err(problem) => problems.push(format!("{}: {problem}", method.full_name())),
            }
        }
    }
    if problems.is_empty() {
        Ok(routes)
    } else {
        Err(BuildError::Rules(problems))
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
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    let input = method.input();
    let path_fields = path_fields(&input, &template)?;
    let body = body(&input, &rule.body)?;
    if let Body::Field(field) = &body
        && path_fields
            .iter()
            .any(|path| path.fields() == [field.clone()])
    {
        return Err(format!(
            "{:?} is bound by the path and by the body",
            field.name()
        ));
    }
    let mask = match &body {
        Body::Field(field) if http_method == HttpMethod::Is(http::Method::PATCH) => {
            Inference::new(&input, field, &path_fields, engine)
        }
        _ => None,
    };
    let response_body = match rule.response_body.as_str() {
        "" => None,
        name => Some(top_level(&method.output(), name, "response_body")?),
    };
    Ok(Route {
        grpc_path: grpc_path(method),
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
        response_body,
        mask,
        additional,
        ignored_query: options.ignored_query_parameters.clone(),
        json: engine.clone(),
        method: method.clone(),
    })
}

fn path_fields(input: &MessageDescriptor, template: &Template) -> Result<Vec<FieldPath>, String> {
    let bind = |names: &Vec<String>| {
        let path = FieldPath::resolve(input, names.iter().map(String::as_str))
            .map_err(|problem| format!("{template}: {problem}"))?;
        let leaf = path.leaf();
        if leaf.is_list() || !field::is_text(leaf) || field::is_mask(leaf) {
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

fn body(input: &MessageDescriptor, selector: &str) -> Result<Body, String> {
    match selector {
        "" => Ok(Body::None),
        "*" => Ok(Body::Whole),
        name => top_level(input, name, "body").map(Body::Field),
    }
}

fn top_level(message: &MessageDescriptor, name: &str, of: &str) -> Result<FieldDescriptor, String> {
    message
        .get_field_by_name(name)
        .ok_or_else(|| format!("{of}: {} has no field {name:?}", message.full_name()))
}
