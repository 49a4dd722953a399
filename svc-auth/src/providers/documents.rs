//! What is fetched from a provider. All of it has a time and a size; nothing follows a redirect, so that
//! no secret goes where nobody has sent it.

use std::time::Duration;

use net::causes;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::keys::Keys;
use super::settings::{ProviderSettings, is_here, web};
use super::{Failure, Tokens};

/// An answer takes no longer, from the first look for the address to its last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of an answer. Key sets have some kilobytes.
const LARGEST: usize = 256 * 1024;
/// OpenID Connect Discovery 1.0, section 4.
const DISCOVERY: &str = "/.well-known/openid-configuration";
/// What is told of the word for an error, in characters.
const WORD: usize = 60;
const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";
const FORM: &str = "application/x-www-form-urlencoded";

/// Asks a provider.
pub(super) struct Documents {
    settings: ProviderSettings,
    redirect_uri: String,
    allow_http: bool,
    http: Client,
}

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3).
pub(super) struct Description {
    pub(super) authorization_endpoint: Url,
    pub(super) jwks_uri: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    /// RFC 9207, section 3.
    pub(super) authorization_response_iss_parameter_supported: bool,
    token_endpoint: Url,
    /// Whether the client's secret goes in the form, not in a header.
    posts_secret: bool,
}

#[derive(Deserialize)]
struct Described {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Documents {
    /// # Errors
    /// Why nothing can be asked.
    pub(super) fn new(
        settings: &ProviderSettings,
        redirect_uri: &str,
        allow_http: bool,
    ) -> Result<Self, String> {
        let is_here = Url::parse(&settings.issuer).is_ok_and(|url| is_here(&url));
        Ok(Self {
            settings: settings.clone(),
            redirect_uri: redirect_uri.to_owned(),
            allow_http,
            http: client(is_here)?,
        })
    }

    /// Where browsers come back to.
    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// What the provider says of itself now.
    pub(super) async fn describe(&self) -> Result<Description, String> {
        let issuer = &self.settings.issuer;
        let place = format!("{}{DISCOVERY}", issuer.trim_end_matches('/'));
        let document = self.document(&web(&place, self.allow_http)?).await?;
        let described: Described = serde_json::from_slice(&document)
            .map_err(|_| "the openid-configuration cannot be read".to_owned())?;
        // Section 4.3: or whoever answers there could speak for others.
        if described.issuer != *issuer {
            return Err("the openid-configuration is of another issuer".to_owned());
        }
        let read = |what: &str, text: &str| {
            web(text, self.allow_http).map_err(|why| format!("{what}: {why}"))
        };
        let methods = described.token_endpoint_auth_methods_supported;
        let has = |method: &str| {
            let all = methods.as_ref();
            all.is_some_and(|all| all.iter().any(|it| it == method))
        };
        Ok(Description {
            authorization_endpoint: read(
                "authorization_endpoint",
                &described.authorization_endpoint,
            )?,
            token_endpoint: read("token_endpoint", &described.token_endpoint)?,
            jwks_uri: read("jwks_uri", &described.jwks_uri)?,
            userinfo_endpoint: described
                .userinfo_endpoint
                .map(|text| read("userinfo_endpoint", &text))
                .transpose()?,
            authorization_response_iss_parameter_supported: described
                .authorization_response_iss_parameter_supported,
            posts_secret: has(POST) && !has(BASIC),
        })
    }

    /// The provider's keys now.
    pub(super) async fn keys(&self, place: &Url) -> Result<Keys, String> {
        Keys::read(&self.document(place).await?)
    }

    /// Exchanges a code (OpenID Connect Core 1.0, section 3.1.3).
    pub(super) async fn exchange(
        &self,
        description: &Description,
        code: &str,
        code_verifier: &str,
    ) -> Result<Tokens, Failure> {
        let ProviderSettings {
            client_id,
            client_secret,
            ..
        } = &self.settings;
        let (id, secret) = (client_id.as_str(), client_secret.expose_secret());
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", code_verifier),
        ];
        let mut request = self.http.post(description.token_endpoint.clone());
        if description.posts_secret {
            fields.extend([("client_id", id), ("client_secret", secret)]);
        } else {
            // RFC 6749, section 2.3.1: both in the form's encoding.
            request = request.basic_auth(encoded(id), Some(encoded(secret)));
        }
        let request = request.header(CONTENT_TYPE, FORM).body(form(&fields));
        let (status, body) = answer(request).await.map_err(Failure::Away)?;
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|_| Failure::Away("the tokens cannot be read".to_owned()));
        }
        let error =
            serde_json::from_slice(&body).map_or_else(|_| String::new(), |it: Refusal| it.error);
        let word: String = error.escape_debug().take(WORD).collect();
        let why = format!("the token endpoint answers {status} {word}");
        // That the code is good no longer, or never was: the others are not the person's to mend.
        match error.as_str() {
            "invalid_grant" | "invalid_request" => Err(Failure::Refused(why)),
            _ => Err(Failure::Away(why)),
        }
    }

    /// What is told of who the token was given for (OpenID Connect Core 1.0, section 5.3).
    pub(super) async fn user_info(&self, place: &Url, token: &str) -> Result<Value, Failure> {
        let request = self.http.get(place.clone()).bearer_auth(token);
        let document = good(request).await.map_err(Failure::Away)?;
        serde_json::from_slice(&document).map_err(|_| {
            Failure::Away("what the UserInfo endpoint tells cannot be read".to_owned())
        })
    }

    async fn document(&self, place: &Url) -> Result<Vec<u8>, String> {
        good(self.http.get(place.clone())).await
    }
}

/// What asks others, or one that is on this machine: by no proxy then.
///
/// # Errors
/// Why nothing can be asked.
pub(super) fn client(is_here: bool) -> Result<Client, String> {
    let http = Client::builder()
        .timeout(TIMEOUT)
        .redirect(Policy::none())
        .referer(false)
        .user_agent(concat!("tradewind/", env!("CARGO_PKG_VERSION")));
    let http = if is_here { http.no_proxy() } else { http };
    http.build().map_err(|error| {
        format!(
            "identity providers cannot be asked: {}; SSL_CERT_FILE names the certificates that are \
             trusted",
            causes(&error)
        )
    })
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What is answered, if that is good.
///
/// # Errors
/// Why there is nothing.
pub(super) async fn good(request: RequestBuilder) -> Result<Vec<u8>, String> {
    match answer(request).await? {
        (status, body) if status.is_success() => Ok(body),
        (status, _) => Err(format!("the answer is {status}")),
    }
}

async fn answer(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), String> {
    let told = |error: reqwest::Error| causes(&error.without_url());
    let asked = request.header(ACCEPT, "application/json");
    let mut answer = asked.send().await.map_err(told)?;
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(told)? {
        if body.len() + piece.len() > LARGEST {
            return Err(format!("the answer has more than {LARGEST} bytes"));
        }
        body.extend_from_slice(&piece);
    }
    Ok((answer.status(), body))
}
