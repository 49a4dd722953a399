//! The program's help, and its end.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures::StreamExt as _;
use futures::channel::mpsc;

use crate::descriptors::name_back;
use crate::program::{Folder, Program, config, get};
use crate::upstream::{Answer, Seen, Upstream};
use crate::waiting::eventually;

const BOOK: &str = "/v1/shelves/1/books/2";

/// A server that answers when the other half says so.
async fn waiting() -> (Upstream, mpsc::UnboundedSender<()>) {
    let (say, said) = mpsc::unbounded();
    let said = Mutex::new(Some(said));
    let answer = move |_: &Seen| {
        let said = said.lock().unwrap().take().expect("it is asked once");
        Answer::Stream(said.map(|()| Ok(Vec::new())).take(1).boxed())
    };
    (Upstream::start(answer).await, say)
}

#[tokio::test]
async fn requests_in_progress_end_within_the_drain_timeout() {
    for (timeout, is_answered) in [("30s", true), ("100ms", false)] {
        let (upstream, say) = waiting().await;
        let folder = Folder::new();
        let yaml = config(&upstream, &format!("drain-timeout: {timeout}\n"));
        folder.write("edge.yaml", &yaml);
        let mut program = Program::start(&folder).await;
        let asked = tokio::spawn(reqwest::get(program.url(BOOK)));
        eventually(async || upstream.calls().len() == 1).await;
        program.terminate();
        let closed = async || {
            tokio::net::TcpStream::connect(program.address)
                .await
                .is_err()
        };
        eventually(closed).await;
        if is_answered {
            say.unbounded_send(()).unwrap();
        }
        let answer = asked.await.unwrap();
        assert_eq!(
            answer.is_ok_and(|it| it.status() == 200),
            is_answered,
            "{timeout}"
        );
        assert!(program.ended().await.success(), "{}", program.log());
    }
}

#[tokio::test]
async fn a_program_with_nothing_to_do_ends_at_once() {
    let upstream = Upstream::start(name_back).await;
    let folder = Folder::new();
    folder.write("edge.yaml", &config(&upstream, "drain-timeout: 1h\n"));
    let mut program = Program::start(&folder).await;
    assert_eq!(get(program.url(BOOK)).await.0, 200);
    program.terminate();
    assert!(program.ended().await.success(), "{}", program.log());
}

#[test]
fn help_says_which_flags_are_for_what_the_edge_stands_in_front_of() {
    let help = Folder::new().run(&["--help"]).stdout;
    let help = String::from_utf8(help).unwrap();
    let mut headings = BTreeMap::new();
    let mut heading = "";
    for line in help.lines() {
        match line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            Some(name) => heading = name,
            None => {
                let flag = line.trim_start().trim_start_matches("-h, ");
                let flag = flag.strip_prefix("--").unwrap_or_default();
                let flag = flag.split([' ', '=', '[']).next().unwrap_or_default();
                headings.insert(flag, heading);
            }
        }
    }
    let others = "In front of other services (with --upstream)";
    let mesh =
        "In front of Tradewind's services (without --upstream), or for the tokens of svc-auth";
    for (flag, expected) in [
        ("listen", "Options"),
        ("drain-timeout", "Shutdown"),
        ("upstream", others),
        ("upstream-health", others),
        ("jwt-issuer", "Tokens of issuers (JWT), with --upstream"),
        ("svc-auth-url", mesh),
        ("workload-key-file", mesh),
        ("nats-url", mesh),
        ("trusted-issuers", mesh),
    ] {
        assert_eq!(headings.get(flag), Some(&expected), "{flag}: {help}");
    }
    // They bound gRPC servers, of which an edge has none.
    for flag in ["max-concurrent-calls", "max-deadline", "reflection"] {
        assert_eq!(headings.get(flag), None, "{flag}");
    }
}
