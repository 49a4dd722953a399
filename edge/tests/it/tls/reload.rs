//! TLS at the door that is turned on, changed and turned off while the edge runs.

use super::client::{Client, NAME};
use super::{Authority, Certified};
use crate::descriptors::name_back;
use crate::program::{Folder, Program, config, get};
use crate::upstream::Upstream;
use crate::waiting::eventually;

/// A certificate that ends then, as `NAME.crt` and `NAME.key`.
fn put(folder: &Folder, name: &str, authority: &Authority, year: i32) -> Certified {
    let certified = authority.certifies_with(NAME, |params| {
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
    });
    folder.write(&format!("{name}.crt"), &certified.certificate);
    folder.write(&format!("{name}.key"), &certified.key);
    certified
}

#[tokio::test]
async fn new_connections_are_as_the_flags_say_now() {
    let (first, second, folder) = (Authority::new(), Authority::new(), Folder::new());
    let own = put(&folder, "first", &first, 2100);
    put(&folder, "second", &second, 2101);
    folder.write("clients.crt", &first.pem());
    let upstream = Upstream::start(name_back).await;
    let write = |more: &str| folder.write("edge.yaml", &config(&upstream, more));
    write("");
    let program = Program::start(&folder).await;
    let address = program.address;
    let end = async || {
        let metrics = program.metrics().await;
        let mut lines = metrics.lines();
        let line = lines.find(|line| line.starts_with("edge_tls_certificate_expiry_seconds"));
        line.map(|line| line.rsplit_once(' ').unwrap().1.to_owned())
    };
    assert_eq!(get(program.url("/livez")).await.0, 200);
    assert_eq!(end().await, None);

    let answers = async |client: Client<'_>| {
        let answer = client.get(address, "/livez").await;
        answer.is_ok_and(|answer| answer.status() == 200)
    };
    write("tls: {certificate: first.crt, key: first.key}\n");
    eventually(async || answers(Client::of(&first)).await).await;
    assert_eq!(end().await.as_deref(), Some("4102444800"));

    write("tls: {certificate: second.crt, key: second.key}\n");
    eventually(async || answers(Client::of(&second)).await).await;
    assert!(!answers(Client::of(&first)).await);
    assert_eq!(end().await.as_deref(), Some("4133980800"));

    write("tls: {certificate: second.crt, key: second.key, client-ca: clients.crt}\n");
    eventually(async || !answers(Client::of(&second)).await).await;
    let certified = Client {
        own: Some(&own),
        ..Client::of(&second)
    };
    assert!(answers(certified).await);

    write("tls: {certificate: second.crt, key: first.key}\n");
    eventually(async || program.reloads("refused").await == 1).await;
    assert!(!answers(Client::of(&second)).await, "as before");

    write("");
    let is_plain = async || {
        reqwest::get(program.url("/livez"))
            .await
            .is_ok_and(|it| it.status() == 200)
    };
    eventually(is_plain).await;
    assert_eq!(end().await, None);
}
