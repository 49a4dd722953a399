//! People sign in over REST with a provider that is not ours: oidc-provider-mock.

use e2e::{
    Mesh, Reply, Setup,
    condition::eventually,
    grpc::tool,
    mesh::Kind,
    ports::free_port,
    process::Process,
    shop::{Customer, PASSWORD},
    unique::unique,
};
use reqwest::{
    Client, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
    redirect::Policy,
};
use serde_json::{Value, json};
use std::{fs, time::Duration};
use tempfile::TempDir;
use url::Url;

crate::on_both_kinds!(
    an_identity_opens_an_account_and_signs_in_to_it_and_is_joined_to_no_other_without_its_owner,
);

const PATIENCE: Duration = Duration::from_secs(60);
const BACK: &str = "http://localhost:8080/sign-in";
const BEGIN: &str = "/v1/auth/external-logins";
const FINISH: &str = "/v1/auth/external-logins:finish";
const IDENTITIES: &str = "/v1/auth/external-identities";

/// The provider, and a browser of somebody who has an account there.
struct Provider {
    issuer: String,
    browser: Client,
    folder: TempDir,
    _process: Process,
}

impl Provider {
    async fn start() -> Provider {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port().to_string();
        let issuer = format!("http://127.0.0.1:{port}");
        let log = folder.path().join("provider.log");
        let program = tool("oidc-provider-mock");
        let process = Process::start("provider", &program, ["--port", &port], [], &log);
        let settings = json!({
            "issuer": issuer,
            "displayName": "Mock",
            "clientId": "shop",
            "clientSecret": "not looked at",
        });
        let file = folder.path().join("mock.json");
        fs::write(file, settings.to_string()).expect("it can be written");
        let browser = Client::builder().redirect(Policy::none()).build();
        let provider = Provider {
            browser: browser.expect("nothing in its configuration can fail"),
            issuer,
            folder,
            _process: process,
        };
        eventually("the provider is there", PATIENCE, || async {
            provider.browser.get(&provider.issuer).send().await.ok()
        })
        .await;
        provider
    }

    /// Somebody has an account there, of whom it says this.
    async fn has(&self, subject: &str, claims: &Value) {
        let url = format!("{}/users/{subject}", self.issuer);
        let request = self
            .browser
            .put(url)
            .header(CONTENT_TYPE, "application/json");
        let reply = request.body(claims.to_string()).send().await;
        let status = reply.expect("the provider answers").status();
        assert_eq!(status, StatusCode::NO_CONTENT);
    }

    /// Goes where the shop sends the browser, signs in there, and brings back what comes of it.
    async fn sign_in(&self, mesh: &Mesh, subject: &str, begun: &Reply) -> Reply {
        let request = self
            .browser
            .post(begun.text_at("/authorizationUrl"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let reply = request.body(format!("sub={subject}")).send().await;
        let reply = reply.expect("the provider answers");
        let back = reply.headers().get(LOCATION);
        let back = back.expect("the browser is sent back").to_str();
        let back = Url::parse(back.expect("it is ASCII")).expect("it is a URL");
        assert!(back.as_str().starts_with(BACK), "{back}");
        let mut finish = json!({"browserToken": begun.text_at("/browserToken")});
        for (name, value) in back.query_pairs() {
            finish[&*name] = value.into();
        }
        mesh.rest().post(FINISH, &finish).await
    }
}

async fn begin(mesh: &Mesh) -> Reply {
    let request = json!({"provider": "mock"});
    mesh.rest().post(BEGIN, &request).await.expect(201)
}

async fn an_identity_opens_an_account_and_signs_in_to_it_and_is_joined_to_no_other_without_its_owner(
    kind: Kind,
) {
    let provider = Provider::start().await;
    let setup = Setup::new(kind)
        .with(
            "IDENTITY_PROVIDERS_DIR",
            provider.folder.path().display().to_string(),
        )
        .with("IDENTITY_PROVIDERS_REDIRECT_URI", BACK)
        .with("IDENTITY_PROVIDERS_ALLOW_HTTP", "true");
    let mesh = Mesh::start(setup).await;
    let offered = mesh.rest().get("/v1/auth/identity-providers").await;
    let offered = offered.expect(200).json;
    assert_eq!(
        offered["providers"],
        json!([{"provider": "mock", "displayName": "Mock"}])
    );

    // Nobody here has this address.
    let subject = unique("ada");
    let email = format!("{subject}@example.com");
    let claims = json!({"email": email, "email_verified": true, "name": "Ada Lovelace"});
    provider.has(&subject, &claims).await;
    let begun = begin(&mesh).await;
    let session = provider.sign_in(&mesh, &subject, &begun).await.expect(200);
    let rest = mesh.rest().with_token(&session.text_at("/accessToken"));
    let me = rest.get("/v1/users/me").await.expect(200);
    assert_eq!(me.text_at("/email"), email);
    assert_eq!(me.text_at("/displayName"), "Ada Lovelace");
    assert_eq!(me.json["emailVerified"], true, "{}", me.text);
    let begun = begin(&mesh).await;
    let again = provider.sign_in(&mesh, &subject, &begun).await.expect(200);
    assert_eq!(again.text_at("/userId"), session.text_at("/userId"));

    // The address of an account that is here already.
    let buyer = Customer::register(&mesh).await;
    let subject = unique("buyer");
    let claims = json!({"email": buyer.email, "email_verified": true});
    provider.has(&subject, &claims).await;
    let begun = begin(&mesh).await;
    let refused = provider.sign_in(&mesh, &subject, &begun).await;
    refused.refused(409, "EXTERNAL_IDENTITY_NOT_LINKED");
    let link = json!({"provider": "mock", "password": PASSWORD});
    let begun = buyer.rest.post(IDENTITIES, &link).await.expect(201);
    let linked = provider.sign_in(&mesh, &subject, &begun).await.expect(200);
    let begun = begin(&mesh).await;
    let session = provider.sign_in(&mesh, &subject, &begun).await.expect(200);
    assert_eq!(session.text_at("/userId"), buyer.id);
    let id = linked.text_at("/externalIdentityId");
    buyer
        .rest
        .delete(&format!("{IDENTITIES}/{id}"))
        .await
        .expect(200);
    let begun = begin(&mesh).await;
    let refused = provider.sign_in(&mesh, &subject, &begun).await;
    refused.refused(409, "EXTERNAL_IDENTITY_NOT_LINKED");

    // An address that the provider does not answer for.
    let subject = unique("eve");
    let claims = json!({"email": format!("{subject}@example.com")});
    provider.has(&subject, &claims).await;
    let begun = begin(&mesh).await;
    let refused = provider.sign_in(&mesh, &subject, &begun).await;
    refused.refused(400, "EXTERNAL_EMAIL_NOT_VERIFIED");
}
