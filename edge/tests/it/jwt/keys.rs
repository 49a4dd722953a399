//! Keys that come, go and cannot be had.

use std::io::Write as _;
use std::time::Duration;

use edge::generic::Access;
use serde_json::json;

use super::issuer::{Issuer, Key};
use super::{BOOK, bare, get, guarded, has_keys, lacks, library, starting, status, until};
use crate::program::{self, Program, config};
use crate::tls::Authority;
use crate::tls::upstreams::{HOST, terminate};
use crate::upstream::Upstream;
use crate::waiting::eventually;

#[tokio::test]
async fn a_new_key_is_fetched_when_its_first_token_comes_and_strangers_hammer_nobody() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let fixture = guarded(&issuer, |_| ()).await;
    assert_eq!(issuer.asked(), 1);
    issuer.set_keys(&[Key::Rsa, Key::OtherRsa]);
    let token = issuer.token(Key::OtherRsa, &json!({}));
    assert_eq!(status(&fixture, &token).await, 200);
    assert_eq!(issuer.asked(), 2);
    let strangers = (0..200).map(|number| {
        let header = json!({"alg": "RS256", "kid": format!("stranger-{number}")});
        issuer.token_with(Key::Rsa, &header, &json!({}))
    });
    for token in strangers {
        assert_eq!(status(&fixture, &token).await, 401);
    }
    assert!(issuer.asked() <= 3, "{}", issuer.asked());
    assert_eq!(status(&fixture, &token).await, 200);
}

#[tokio::test]
async fn a_key_that_was_taken_back_verifies_nothing_also_not_what_was_seen() {
    let issuer = Issuer::start(&[Key::Rsa, Key::Ed]).await;
    let fixture = guarded(&issuer, |config| {
        config.jwt.jwt_refresh = Duration::from_secs(1);
    })
    .await;
    let [gone, stays] = [Key::Rsa, Key::Ed].map(|key| issuer.token(key, &json!({})));
    assert_eq!(status(&fixture, &gone).await, 200);
    assert_eq!(status(&fixture, &stays).await, 200);
    issuer.set_keys(&[Key::Ed]);
    eventually(async || status(&fixture, &gone).await != 200).await;
    assert_eq!(status(&fixture, &gone).await, 401);
    assert_eq!(status(&fixture, &stays).await, 200);
}

#[tokio::test]
async fn until_the_first_keys_are_there_callers_are_asked_to_come_again() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    issuer.set_away(true);
    let fixture = starting(&issuer, Access::Authenticated, |_| ()).await;
    let token = issuer.token(Key::Rsa, &json!({}));
    let response = get(&fixture, &token).await;
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(bare(response).await, (503, "UNAVAILABLE".to_owned()));
    until(&fixture, |lacks| lacks.contains("503")).await;
    assert!(
        lacks(&fixture).contains(&issuer.name),
        "{}",
        lacks(&fixture)
    );

    issuer.set_away(false);
    has_keys(&fixture).await;
    assert_eq!(status(&fixture, &token).await, 200);
}

#[tokio::test]
async fn the_last_good_keys_stay_while_the_issuer_is_away() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let fixture = guarded(&issuer, |config| {
        config.jwt.jwt_refresh = Duration::from_secs(1);
    })
    .await;
    for (breaks, says) in [
        ("no JSON", "no key set"),
        ("{\"keys\":[]}", "no key of the set"),
    ] {
        issuer.says("/keys", breaks.to_owned());
        until(&fixture, |lacks| lacks.contains(says)).await;
    }
    issuer.set_away(true);
    until(&fixture, |lacks| lacks.contains("503")).await;
    let token = issuer.token(Key::Rsa, &json!({}));
    assert_eq!(status(&fixture, &token).await, 200);
    // It may be a new key.
    let unknown = issuer.token(Key::OtherRsa, &json!({}));
    assert_eq!(status(&fixture, &unknown).await, 503);

    issuer.set_keys(&[Key::Rsa]);
    issuer.set_away(false);
    has_keys(&fixture).await;
}

#[tokio::test]
async fn an_issuer_that_describes_another_is_not_believed() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let token = issuer.token(Key::Rsa, &json!({}));
    let (name, keys) = (issuer.name.clone(), issuer.url("/keys"));
    for (described, keys, says) in [
        ("https://login.example", keys.as_str(), "is of the issuer"),
        (&name, "file:///etc/passwd", "expected an http or https URL"),
        (&name, "/keys", "expected an http or https URL"),
    ] {
        issuer.describe(described, keys);
        let fixture = starting(&issuer, Access::Authenticated, |_| ()).await;
        until(&fixture, |lacks| lacks.contains(says)).await;
        assert_eq!(status(&fixture, &token).await, 503, "{described} {keys}");
    }
}

#[tokio::test]
async fn an_issuer_at_https_is_believed_by_the_authorities_of_the_system() {
    let authority = Authority::new();
    let mut issuer = Issuer::start(&[Key::Rsa]).await;
    let address = issuer
        .url("")
        .trim_start_matches("http://")
        .parse()
        .unwrap();
    let secure = terminate(&authority.certifies(HOST), None, address).await;
    issuer.name = format!("https://{secure}/realms/shop");
    issuer.describe(&issuer.name, &format!("https://{secure}/keys"));
    let token = issuer.token(Key::Rsa, &json!({}));
    let upstream = Upstream::start(library).await;
    let folder = program::Folder::new();
    let jwt = format!("jwt-issuer: {}\njwt-audience: shop\n", issuer.name);
    let yaml = config(&upstream, &format!("access: authenticated\n{jwt}"));
    folder.write("edge.yaml", &yaml);
    for (system, is_believed) in [(&authority, true), (&Authority::new(), false)] {
        folder.write("ca.crt", &system.pem());
        let variable = ("SSL_CERT_FILE", &*folder.path("ca.crt"));
        let program = Program::start_with(&folder, &[variable]).await;
        let status = async || {
            let request = reqwest::Client::new().get(program.url(BOOK));
            let response = request.bearer_auth(&token).send().await.unwrap();
            response.status().as_u16()
        };
        if is_believed {
            eventually(async || status().await == 200).await;
        } else {
            eventually(async || program.log().contains("keys could not be fetched")).await;
            assert_eq!(status().await, 503);
        }
    }
}

#[tokio::test]
async fn what_an_issuer_answers_is_bounded() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let keys = issuer.url("/moved");
    issuer.describe(&issuer.name, &keys);
    let start = async || starting(&issuer, Access::Authenticated, |_| ()).await;

    issuer.says("/moved", format!("-> {keys}"));
    until(&start().await, |lacks| lacks.contains("redirect")).await;

    issuer.says("/moved", " ".repeat(2 << 20));
    until(&start().await, |lacks| {
        lacks.contains("more than 1048576 bytes")
    })
    .await;

    issuer.says("/moved", format!("-> {}", issuer.url("/keys")));
    has_keys(&start().await).await;
}

#[tokio::test]
async fn a_token_may_leave_out_which_key_it_is_if_there_is_only_one() {
    let issuer = Issuer::start(&[Key::Rsa, Key::Ed]).await;
    let fixture = guarded(&issuer, |_| ()).await;
    let token = issuer.token_with(Key::Rsa, &json!({"alg": "RS256"}), &json!({}));
    assert_eq!(status(&fixture, &token).await, 200);

    issuer.set_keys(&[Key::Rsa, Key::OtherRsa]);
    let fixture = guarded(&issuer, |_| ()).await;
    assert_eq!(status(&fixture, &token).await, 401);
    let named = issuer.token(Key::Rsa, &json!({}));
    assert_eq!(status(&fixture, &named).await, 200);
}

#[tokio::test]
async fn keys_may_be_in_a_file_and_an_issuer_any_name() {
    let issuer = Issuer::start(&[]).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let set = json!({"keys": [Key::Ed.jwk()]});
    file.write_all(set.to_string().as_bytes()).unwrap();
    let fixture = guarded(&issuer, |config| {
        config.jwt.jwt_issuer = vec!["till".to_owned()];
        config.jwt.jwt_jwks = vec![file.path().display().to_string()];
    })
    .await;
    let token = |iss: &str| issuer.token(Key::Ed, &json!({"iss": iss}));
    assert_eq!(status(&fixture, &token("till")).await, 200);
    assert_eq!(status(&fixture, &token("tills")).await, 401);
    assert_eq!(issuer.asked(), 0);
}
