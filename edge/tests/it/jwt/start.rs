//! What cannot be meant does not start.

use edge::generic::{Access, Config};
use net::StartError;
use runtime::testbed::Testbed;

use super::issuer::{Issuer, Key};
use super::trust;
use crate::fixture::settings;
use crate::generic::config;

async fn mistakes(change: impl FnOnce(&mut Config, &mut edge::Settings)) -> String {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let address = "library.v1.Library=http://127.0.0.1:1".parse().unwrap();
    let (mut config, _file) = config(vec![address], Access::Authenticated);
    let mut settings = settings();
    trust(&mut config, &issuer);
    change(&mut config, &mut settings);
    let node = Testbed::new().node("edge").await;
    let door = edge::Config {
        settings,
        ..edge::Config::default()
    };
    match edge::generic::build(config, door, &node).await {
        Err(StartError::Config(mistakes)) => mistakes.join("\n"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it starts"),
    }
}

#[tokio::test]
async fn a_rule_for_headers_that_makes_what_tells_who_calls() {
    for rule in ["x-user", "my-user=x-user"] {
        let told = mistakes(|config, settings| {
            config.jwt.jwt_claim = vec!["sub=x-user".parse().unwrap()];
            settings.metadata.request_header = vec![rule.parse().unwrap()];
        })
        .await;
        assert!(told.contains("--request-header makes x-user"), "{told}");
    }
}

#[tokio::test]
async fn an_issuer_without_an_audience() {
    let told = mistakes(|config, _| config.jwt.jwt_audience.clear()).await;
    assert!(told.contains("--jwt-audience is missing"), "{told}");
}
