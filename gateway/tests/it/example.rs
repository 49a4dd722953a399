//! `examples/in_front.rs`, as somebody runs it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::greeter;

/// The program, until the test ends.
struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Examples are built with the tests, in a folder beside theirs.
fn example() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.ancestors().nth(2).unwrap();
    let example = profile.join("examples/in_front");
    let hint = "cargo build -p gateway --examples";
    assert!(example.exists(), "{} is missing: {hint}", example.display());
    example
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Waits until it answers.
async fn start(upstream: SocketAddr) -> (Gateway, String) {
    let address = free_address();
    let child = Command::new(example())
        .arg(format!("http://{upstream}"))
        .arg(address.to_string())
        .stderr(Stdio::null())
        .spawn();
    let gateway = Gateway(child.unwrap());
    let answers = async {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), answers).await;
    in_time.expect("the gateway does not answer");
    (gateway, format!("http://{address}"))
}

#[tokio::test]
async fn thirty_lines_put_rest_and_connect_in_front_of_a_server_that_tells_of_itself() {
    let upstream = greeter::serve().await;
    let (_gateway, url) = start(upstream).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();

    let reply = client.get(format!("{url}/v1/greetings/Ada")).send().await;
    let reply: Value = reply.unwrap().json().await.unwrap();
    assert_eq!(reply, json!({"name": "Ada", "text": "Hello, Ada!"}));

    let call = client
        .post(format!("{url}/greeter.v1.Greeter/Greet"))
        .json(&json!({"name": "Grace"}));
    let reply: Value = call.send().await.unwrap().json().await.unwrap();
    assert_eq!(reply["text"], "Hello, Grace!");

    let refused = client.get(format!("{url}/v1/greetings/nobody")).send();
    let refused = refused.await.unwrap();
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    let error: Value = refused.json().await.unwrap();
    assert_eq!(error["error"]["message"], "nobody is there");

    let elsewhere = client.get(format!("{url}/docs")).send().await.unwrap();
    assert_eq!(elsewhere.status(), StatusCode::NOT_FOUND);
}

#[test]
fn the_example_has_thirty_lines() {
    let text = include_str!("../../examples/in_front.rs");
    let code = text.split("fn main").nth(1).unwrap();
    assert!(code.lines().count() <= 30, "{}", code.lines().count());
}
