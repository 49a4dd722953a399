//! Clients that have to prove who they are.

use rcgen::SanType;

use super::client::{Client, NAME};
use super::door::{start, with};
use super::{Authority, Certified, Folder};
use crate::fixture::Fixture;

/// The status that a client with this certificate gets, if it gets in.
async fn status(fixture: &Fixture, authority: &Authority, own: Option<&Certified>) -> Option<u16> {
    let client = Client {
        own,
        ..Client::of(authority)
    };
    let reply = client.get(fixture.address, "/livez").await;
    reply.ok().map(|reply| reply.status().as_u16())
}

#[tokio::test]
async fn only_clients_of_the_authority_get_in() {
    let (authority, of_clients, folder) = (Authority::new(), Authority::new(), Folder::new());
    let mut config = with(&folder, &authority.certifies(NAME));
    config.tls.tls_client_ca = Some(folder.put("clients.crt", &of_clients.pem()));
    let fixture = start(config).await;
    let known = of_clients.certifies("robot.test");
    let expired = of_clients.certifies_with("robot.test", |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let unknown = Authority::new().certifies("robot.test");
    let status = async |own| status(&fixture, &authority, own).await;
    for (own, expected) in [
        (Some(&known), Some(200)),
        (None, None),
        (Some(&unknown), None),
        (Some(&expired), None),
        // The door is open to others as before.
        (Some(&known), Some(200)),
    ] {
        assert_eq!(status(own).await, expected);
    }
}

#[tokio::test]
async fn a_certificate_may_be_left_out_where_it_is_optional_and_may_not_be_a_wrong_one() {
    let (authority, of_clients, folder) = (Authority::new(), Authority::new(), Folder::new());
    let mut config = with(&folder, &authority.certifies(NAME));
    config.tls.tls_client_ca = Some(folder.put("clients.crt", &of_clients.pem()));
    config.tls.tls_client_optional = true;
    let fixture = start(config).await;
    let status = async |own| status(&fixture, &authority, own).await;
    assert_eq!(status(None).await, Some(200));
    let known = of_clients.certifies("robot.test");
    assert_eq!(status(Some(&known)).await, Some(200));
    let unknown = Authority::new().certifies("robot.test");
    assert_eq!(status(Some(&unknown)).await, None);
}

#[tokio::test]
async fn upstreams_learn_who_a_client_has_proved_to_be_and_nothing_that_it_says_itself() {
    let (authority, of_clients, folder) = (Authority::new(), Authority::new(), Folder::new());
    let mut config = with(&folder, &authority.certifies(NAME));
    config.tls.tls_client_ca = Some(folder.put("clients.crt", &of_clients.pem()));
    config.tls.tls_client_optional = true;
    let rule = "x-*".parse().unwrap();
    config.settings.metadata.request_header = vec![rule];
    let fixture = start(config).await;
    let told = async |own| {
        let client = Client {
            own,
            ..Client::of(&authority)
        };
        let reply = client.get(fixture.address, "/v1/products/A%201").await;
        assert_eq!(reply.unwrap().status(), 200);
        let call = fixture.upstream.last_call();
        call.metadata("x-forwarded-client-cert").map(str::to_owned)
    };
    let known = of_clients.certifies_with("robot.test", |params| {
        let uri = "spiffe://robots.test/r2;d2".try_into().unwrap();
        params.subject_alt_names.push(SanType::URI(uri));
    });
    let told_of_known = told(Some(&known)).await.unwrap();
    let (hash, names) = told_of_known.split_once(';').unwrap();
    assert_eq!(names, r#"URI="spiffe://robots.test/r2;d2";DNS=robot.test"#);
    let hash = hash.strip_prefix("Hash=").unwrap();
    assert!(
        hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{hash}"
    );
    assert_eq!(told(None).await, None);
}
