//! `google.api.HttpRule`, read from a method's options.

use prost_reflect::{DynamicMessage, ExtensionDescriptor, MethodDescriptor};

use crate::HttpMethod;

/// google/api/http.proto. The members of its `pattern` oneof stand side by side.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct HttpRule {
    #[prost(string, optional, tag = "2")]
    get: Option<String>,
    #[prost(string, optional, tag = "3")]
    put: Option<String>,
    #[prost(string, optional, tag = "4")]
    post: Option<String>,
    #[prost(string, optional, tag = "5")]
    delete: Option<String>,
    #[prost(string, optional, tag = "6")]
    patch: Option<String>,
    #[prost(message, optional, tag = "8")]
    custom: Option<CustomHttpPattern>,
    #[prost(string, tag = "7")]
    pub(crate) body: String,
    #[prost(string, tag = "12")]
    pub(crate) response_body: String,
    #[prost(message, repeated, tag = "11")]
    pub(crate) additional_bindings: Vec<HttpRule>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CustomHttpPattern {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    path: String,
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
        let fixed = fixed
            .into_iter()
            .find_map(|(method, path)| Some((method, path.as_deref()?)));
        match (fixed, &self.custom) {
            (Some((method, path)), _) => Ok((HttpMethod::Is(method), path)),
            (None, Some(custom)) if custom.kind == "*" => Ok((HttpMethod::Any, &custom.path)),
            (None, Some(custom)) => Method::from_bytes(custom.kind.as_bytes())
                .map(|method| (HttpMethod::Is(method), custom.path.as_str()))
                .map_err(|_| format!("{:?} is no HTTP method", custom.kind)),
            (None, None) => Err("the rule has no path".to_owned()),
        }
    }
}
