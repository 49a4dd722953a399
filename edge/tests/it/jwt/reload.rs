//! Issuers that change while the edge runs.

use serde_json::json;

use super::BOOK;
use super::issuer::{Issuer, Key};
use crate::descriptors::name_back;
use crate::program::{Folder, Program, config, get};
use crate::upstream::Upstream;
use crate::waiting::eventually;

/// The status of a call with that token.
async fn status(program: &Program, token: &str) -> u16 {
    let request = reqwest::Client::new().get(program.url(BOOK));
    let response = request.bearer_auth(token).send().await.unwrap();
    response.status().as_u16()
}

#[tokio::test]
async fn issuers_and_audiences_change_and_no_caller_waits_for_their_keys() {
    let (one, two) = (
        Issuer::start(&[Key::Rsa]).await,
        Issuer::start(&[Key::Ed]).await,
    );
    let upstream = Upstream::start(name_back).await;
    let folder = Folder::new();
    let write = |issuers: &[&Issuer], more: &str| {
        let names: Vec<_> = issuers.iter().map(|issuer| issuer.name.as_str()).collect();
        let jwt = format!(
            "access: authenticated\njwt-issuer: [{}]\n",
            names.join(", ")
        );
        folder.write("edge.yaml", &config(&upstream, &(jwt + more)));
    };
    write(&[&one], "jwt-audience: shop\n");
    let program = Program::start(&folder).await;
    let (first, second) = (
        one.token(Key::Rsa, &json!({})),
        two.token(Key::Ed, &json!({})),
    );
    eventually(async || status(&program, &first).await == 200).await;
    assert_eq!(status(&program, &second).await, 401);

    write(
        &[&one, &two],
        "jwt-audience: shop\njwt-claim: {sub: x-user}\n",
    );
    eventually(async || status(&program, &second).await == 200).await;
    assert_eq!(status(&program, &first).await, 200);
    let call = upstream.calls().pop().unwrap();
    assert_eq!(call.metadata("x-user"), Some("ada"));

    // What cannot be had does not take the place of what is there.
    let away = Issuer::start(&[Key::Ec]).await;
    away.set_away(true);
    write(&[&away], "jwt-audience: shop\n");
    eventually(async || program.reloads("refused").await == 1).await;
    let told = format!("the keys of {} could not be fetched", away.name);
    assert!(program.log().contains(&told), "{}", program.log());
    assert_eq!(status(&program, &first).await, 200);
    let is_ready = async || get(program.url("/readyz")).await.1["status"] == "ready";
    eventually(is_ready).await;

    write(&[&two], "jwt-audience: till\n");
    eventually(async || status(&program, &first).await == 401).await;
    assert_eq!(status(&program, &second).await, 401, "it is for the shop");
    let till = two.token(Key::Ed, &json!({"aud": "till"}));
    assert_eq!(status(&program, &till).await, 200);
}

#[tokio::test]
async fn who_may_call_changes_but_not_whether_svc_auth_is_asked() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let upstream = Upstream::start(name_back).await;
    let folder = Folder::new();
    let write = |more: &str| folder.write("edge.yaml", &config(&upstream, more));
    write("");
    let program = Program::start(&folder).await;
    assert_eq!(get(program.url(BOOK)).await.0, 200);

    let trust = format!("jwt-issuer: {}\njwt-audience: shop\n", issuer.name);
    write(&format!("access: authenticated\n{trust}"));
    eventually(async || get(program.url(BOOK)).await.0 == 401).await;
    let token = issuer.token(Key::Rsa, &json!({}));
    assert_eq!(status(&program, &token).await, 200);

    write("access: authenticated\n");
    eventually(async || program.reloads("refused").await == 1).await;
    assert!(program.log().contains("restart alone"), "{}", program.log());
    assert_eq!(get(program.url(BOOK)).await.0, 401);
    write(&trust);
    eventually(async || get(program.url(BOOK)).await.0 == 200).await;
}
