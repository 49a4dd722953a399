//! A REST client that shows everything: statuses, headers, errors.

use std::time::Duration;

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;

/// Speaks to one edge, perhaps as somebody.
#[derive(Clone)]
pub struct Rest {
    http: reqwest::Client,
    /// `http://host:port`.
    pub edge: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
}

/// A whole reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its JSON; null if it is empty or no JSON.
    pub json: Value,
    /// Its body.
    pub text: String,
}

impl Reply {
    /// Reason of the error's ErrorInfo.
    pub fn reason(&self) -> &str {
        let details = self.json["error"]["details"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        details
            .iter()
            .find_map(|detail| detail["reason"].as_str())
            .unwrap_or_default()
    }

    /// A text field of the JSON.
    pub fn text_at(&self, pointer: &str) -> String {
        match self.json.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            _ => panic!("no text at {pointer} of {self:?}"),
        }
    }

    /// The reply, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The reply, which must be an error with this status and reason.
    #[track_caller]
    pub fn refused(self, status: u16, reason: &str) -> Reply {
        assert_eq!(
            (self.status.as_u16(), self.reason()),
            (status, reason),
            "{}",
            self.text
        );
        self
    }
}

fn http(
    configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> reqwest::Client {
    let builder = reqwest::Client::builder().timeout(Duration::from_secs(60));
    let client = configure(builder).build();
    client.expect("nothing in its configuration can fail")
}

impl Rest {
    /// A client without an account.
    pub fn new(edge: &str) -> Rest {
        Rest {
            http: http(|builder| builder),
            edge: edge.to_owned(),
            token: None,
            headers: Vec::new(),
        }
    }

    /// The same client with an access token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Rest {
        Rest {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same client at another edge.
    #[must_use]
    pub fn at(&self, edge: &str) -> Rest {
        Rest {
            edge: edge.to_owned(),
            ..self.clone()
        }
    }

    /// The same client, which keeps no connection: what became of a request on one that its server was
    /// closing, nobody could tell.
    #[must_use]
    pub fn by_new_connections(&self) -> Rest {
        Rest {
            http: http(|builder| builder.pool_max_idle_per_host(0)),
            ..self.clone()
        }
    }

    /// The same client, which sends a header more.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Rest {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The access token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A request that can be built on.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.edge));
        if let Some(token) = self.token.as_ref().filter(|token| !token.is_empty()) {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    /// Sends a request; the error is the lack of any reply.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        Ok(Reply {
            status,
            headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
        })
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = self.request(method.clone(), path);
        if let Some(body) = body {
            request = request.json(body);
        }
        match self.send(request).await {
            Ok(reply) => reply,
            Err(error) => panic!("{method} {}{path} had no reply: {error:?}", self.edge),
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.exchange(Method::GET, path, None).await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.exchange(Method::POST, path, Some(body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.exchange(Method::PATCH, path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.exchange(Method::DELETE, path, None).await
    }

    /// All items of a list, page after page.
    pub async fn all(&self, path: &str, plural: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut token = String::new();
        let separator = if path.contains('?') { '&' } else { '?' };
        loop {
            let mut page = self
                .get(&format!("{path}{separator}pageSize=200&pageToken={token}"))
                .await
                .expect(200);
            if let Value::Array(more) = page.json[plural].take() {
                items.extend(more);
            }
            match page.json["nextPageToken"].as_str() {
                Some(next) if !next.is_empty() => token = next.to_owned(),
                _ => return items,
            }
        }
    }
}
