//! What answers requests that are for none of the routes: pages beside the API, if there are some.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};

use crate::failure::Failure;
use crate::profile::Profile;
use crate::reply::{self, Body};

/// Answers a request by its head. 404 and 405 (with `allow`) are told in the gateway's own words.
pub type Pages = Arc<dyn Fn(Parts) -> BoxFuture<'static, Response<Bytes>> + Send + Sync>;

/// Pages, or nothing.
pub(crate) struct Fallback(pub(crate) Option<Pages>);

impl Fallback {
    /// The page, or why there is none.
    pub(crate) async fn answer(
        &self,
        head: Parts,
        profile: &Profile,
    ) -> Result<Response<Body>, Failure> {
        let Some(pages) = &self.0 else {
            return Err(profile.no_route());
        };
        let is_options = head.method == Method::OPTIONS;
        let response = pages(head).await;
        match response.status() {
            StatusCode::NOT_FOUND => Err(profile.no_route()),
            StatusCode::METHOD_NOT_ALLOWED => {
                let mut allow = allowed(response.headers());
                allow.push(Method::OPTIONS);
                match is_options {
                    true => Ok(reply::options(&allow)),
                    false => Err(Failure::method_not_allowed(&allow)),
                }
            }
            _ => Ok(response.map(reply::whole)),
        }
    }
}

fn allowed(headers: &HeaderMap) -> Vec<Method> {
    let lists = headers.get_all(ALLOW).iter();
    let names = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','));
    let methods = names.filter_map(|name| Method::from_bytes(name.trim().as_bytes()).ok());
    methods
        .filter(|method| *method != Method::OPTIONS)
        .collect()
}
