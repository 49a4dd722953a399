//! The examples, as somebody runs them.

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
fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.ancestors().nth(2).unwrap();
    let example: PathBuf = profile.join("examples").join(name);
    let hint = "cargo build -p gateway --examples";
    assert!(example.exists(), "{} is missing: {hint}", example.display());
    Command::new(example)
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Starts what is to listen there, and waits until it answers.
async fn start(program: &mut Command, address: SocketAddr) -> (Gateway, String) {
    let gateway = Gateway(program.stderr(Stdio::null()).spawn().unwrap());
    let answers = async {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), answers).await;
    in_time.expect("the gateway does not answer");
    (gateway, format!("http://{address}"))
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn thirty_lines_put_rest_and_connect_in_front_of_a_server_that_tells_of_itself() {
    let (upstream, address) = (greeter::serve().await, free_address());
    let mut program = example("in_front");
    program.args([format!("http://{upstream}"), address.to_string()]);
    let (_gateway, url) = start(&mut program, address).await;
    let client = client();

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

#[tokio::test]
async fn a_guard_of_ones_own_lets_in_whoever_has_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "k-1 Ada\nk-2 Grace Hopper\n").unwrap();
    let (upstream, address) = (greeter::serve().await, free_address());
    let mut program = example("own_guard");
    program.args(["--upstream", &format!("http://{upstream}")]);
    program.args(["--listen", &address.to_string(), "--user-limit", "1/3600s"]);
    program.arg("--keys").arg(&keys);
    let (_gateway, url) = start(&mut program, address).await;
    let client = client();
    let greet = async |key: &str| {
        let call = client.get(format!("{url}/v1/greetings/Ada"));
        let reply = call.header("authorization", key).send().await.unwrap();
        (reply.status(), reply.json::<Value>().await.unwrap())
    };

    // It is the gateway's limit of each that tells them apart.
    for key in ["Bearer k-1", "bearer k-2"] {
        let (status, reply) = greet(key).await;
        assert_eq!(
            (status, &reply["text"]),
            (StatusCode::OK, &json!("Hello, Ada!"))
        );
        assert_eq!(greet(key).await.0, StatusCode::TOO_MANY_REQUESTS, "{key}");
    }
    for key in ["", "Bearer k-3", "k-1"] {
        let (status, reply) = greet(key).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{key}");
        assert_eq!(reply["error"]["message"], "an API key is needed");
    }

    let call = client.post(format!("{url}/greeter.v1.Greeter/Greet"));
    let refused = call.json(&json!({"name": "Ada"})).send().await.unwrap();
    let error: Value = refused.json().await.unwrap();
    assert_eq!(error["code"], "unauthenticated");
}

#[test]
fn a_file_that_holds_no_keys_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "k-1\n").unwrap();
    let output = example("own_guard").arg("--keys").arg(&keys).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("a line is a key, a space and its owner"),
        "{told}"
    );
}

#[test]
fn the_examples_are_short() {
    let lines = |text: &str, from: &str| text.split(from).nth(1).unwrap().lines().count();
    let in_front = lines(include_str!("../../examples/in_front.rs"), "fn main");
    assert!(in_front <= 30, "{in_front}");
    let own_guard = include_str!("../../examples/own_guard.rs");
    let own_guard = lines(own_guard, "#[derive(Parser)]");
    assert!(own_guard <= 60, "{own_guard}");
}
