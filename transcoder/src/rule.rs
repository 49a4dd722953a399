//! `google.api.HttpRule`, read from a method's options or from a service config.

use std::fmt;

use prost_reflect::{DynamicMessage, ExtensionDescriptor, MethodDescriptor};

use crate::HttpMethod;

/// A rule of google/api/http.proto. The members of its `pattern` oneof stand side by side; one of
/// them is given. Read from YAML or JSON (serde), a field that the rule does not have is an error.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpRule {
    /// The method, `package.Service.Method`: in a service config alone.
    #[prost(string, tag = "1")]
    pub selector: String,
    /// The path template of GET.
    #[prost(string, optional, tag = "2")]
    pub get: Option<String>,
    /// The path template of PUT.
    #[prost(string, optional, tag = "3")]
    pub put: Option<String>,
    /// The path template of POST.
    #[prost(string, optional, tag = "4")]
    pub post: Option<String>,
    /// The path template of DELETE.
    #[prost(string, optional, tag = "5")]
    pub delete: Option<String>,
    /// The path template of PATCH.
    #[prost(string, optional, tag = "6")]
    pub patch: Option<String>,
    /// The path template of any other method.
    #[prost(message, optional, tag = "8")]
    pub custom: Option<CustomHttpPattern>,
    /// `*`, a field of the request, or empty for no body.
    #[prost(string, tag = "7")]
    pub body: String,
    /// A field of the reply, or empty for all of it.
    #[prost(string, tag = "12")]
    #[serde(alias = "responseBody")]
    pub response_body: String,
    /// More ways to the same method.
    #[prost(message, repeated, tag = "11")]
    #[serde(alias = "additionalBindings")]
    pub additional_bindings: Vec<HttpRule>,
}

/// The HTTP method and the path template of a rule that is none of the usual five.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomHttpPattern {
    /// `HEAD`, `PURGE`, ..., or `*` for all that no other rule of the path has.
    #[prost(string, tag = "1")]
    pub kind: String,
    /// The path template.
    #[prost(string, tag = "2")]
    pub path: String,
}

/// A rule that stands beside the annotations, such as in a service config
/// (`google.api.Service`, `http.rules`).
#[derive(Debug, Clone, PartialEq)]
pub struct ConfiguredRule {
    /// Where it stands, for whoever has to correct it: `routes.yaml:7`.
    pub place: String,
    /// The rule; its `selector` names the method.
    pub rule: HttpRule,
}

/// A rule that is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedRule {
    /// Where it stands: the file of the contract, or the [`ConfiguredRule::place`].
    pub place: String,
    /// Its method, `package.Service.Method`.
    pub method: String,
    /// Why it cannot be served.
    pub reason: String,
}

impl fmt::Display for SkippedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.method, self.reason)
    }
}

impl HttpRule {
    /// The rule of a method, if it has one. `extension` is `google.api.http`.
    pub(crate) fn of(method: &MethodDescriptor, extension: &ExtensionDescriptor) -> Option<Self> {
        let options = method.options();
        if !options.has_extension(extension) {
            return None;
        }
        options
            .get_extension(extension)
            .as_message()
            .and_then(|rule| DynamicMessage::transcode_to(rule).ok())
    }

    /// `POST /pkg.Service/Method` with the whole message as its body.
    pub(crate) fn unannotated(grpc_path: &str) -> Self {
        Self {
            post: Some(grpc_path.to_owned()),
            body: "*".to_owned(),
            ..Self::default()
        }
    }

    /// The HTTP method and the text of the template.
    pub(crate) fn pattern(&self) -> Result<(HttpMethod, &str), String> {
        use http::Method;
        let fixed = [
            (Method::GET, &self.get),
            (Method::PUT, &self.put),
            (Method::POST, &self.post),
            (Method::DELETE, &self.delete),
            (Method::PATCH, &self.patch),
        ];
        let mut fixed = fixed
            .into_iter()
            .filter_map(|(method, path)| Some((method, path.as_deref()?)));
        let first = fixed.next();
        if fixed.next().is_some() || (first.is_some() && self.custom.is_some()) {
            return Err("the rule has more than one path; further ones are \
                        additional_bindings"
                .to_owned());
        }
        match (first, &self.custom) {
            (Some((method, path)), _) => Ok((HttpMethod::Is(method), path)),
            (None, Some(custom)) if custom.kind == "*" => Ok((HttpMethod::Any, &custom.path)),
            (None, Some(custom)) => Method::from_bytes(custom.kind.as_bytes())
                .map(|method| (HttpMethod::Is(method), custom.path.as_str()))
                .map_err(|_| format!("{:?} is no HTTP method", custom.kind)),
            (None, None) => Err(
                "the rule has no path: give one of get, put, post, delete, patch and custom"
                    .to_owned(),
            ),
        }
    }
}
