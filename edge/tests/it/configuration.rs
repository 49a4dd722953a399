//! The file of configuration of a running edge: read, checked, and read again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use edge::{Config, Rate};
use futures::StreamExt as _;
use serde_json::json;

use crate::descriptors::name_back;
use crate::fixture::{Fixture, settings, shop};
use crate::generic::Book;
use crate::program::{Folder, Program, config, get, link};
use crate::upstream::{Answer, Upstream};
use crate::waiting::eventually;

const BOOK: &str = "/v1/shelves/1/books/2";
const REINDEX: &str = "/library.v1.Library/Reindex";

/// Asks for a book again and again, on many connections, until it is told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    all: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn on(program: &Program) -> Self {
        let (stop, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let ask = |_| {
            let (stop, asked, url) = (stop.clone(), asked.clone(), program.url(BOOK));
            tokio::spawn(async move {
                let client = reqwest::Client::new();
                while !stop.load(Ordering::Relaxed) {
                    let response = client.get(&url).send().await.expect("no request is lost");
                    assert_eq!(response.status(), 200);
                    response.bytes().await.expect("no reply is cut");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let all = (0..8).map(ask).collect();
        Self { stop, asked, all }
    }

    /// Until so many more were answered.
    async fn goes_on(&self) {
        let before = self.asked.load(Ordering::Relaxed);
        eventually(async || self.asked.load(Ordering::Relaxed) > before + 50).await;
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for one in self.all {
            one.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_and_upstreams_change_under_load_and_no_request_is_lost() {
    let (first, second) = (
        Upstream::start(name_back).await,
        Upstream::start(name_back).await,
    );
    let folder = Folder::new();
    let yaml = |upstream: &Upstream, limit: &str| {
        // By the signal alone.
        let yaml = config(upstream, "").replace("refresh: 10ms", "refresh: 0s");
        yaml.replace("limit: off", &format!("limit: {limit}"))
    };
    folder.write("edge.yaml", &yaml(&first, "off"));
    let program = Program::start(&folder).await;
    let load = Load::on(&program);
    load.goes_on().await;
    for round in 0..3 {
        let (upstream, limit) = match round % 2 {
            0 => (&second, 100_000_000),
            _ => (&first, 200_000_000),
        };
        folder.write("edge.yaml", &yaml(upstream, &format!("{limit}/60s")));
        program.hang_up();
        eventually(async || {
            let response = reqwest::get(program.url(BOOK)).await.unwrap();
            let policy = response.headers().get("ratelimit-policy").cloned();
            policy.is_some_and(|policy| policy.to_str().unwrap().contains(&format!("q={limit};")))
        })
        .await;
        let before = upstream.calls().len();
        load.goes_on().await;
        assert!(upstream.calls().len() > before);
    }
    load.end().await;
    assert_eq!(program.reloads("applied").await, 3, "{}", program.log());
    assert_eq!(program.reloads("refused").await, 0, "{}", program.log());
}

#[tokio::test]
async fn a_file_that_is_swapped_as_a_config_map_is_read_again() {
    let upstream = Upstream::start(name_back).await;
    let folder = Folder::new();
    // As the kubelet does it: edge.yaml -> ..data/edge.yaml, ..data -> the newest folder.
    for (name, more) in [("..first", ""), ("..second", "all-methods: true\n")] {
        std::fs::create_dir(folder.path(name)).unwrap();
        std::fs::write(folder.path(name).join("edge.yaml"), config(&upstream, more)).unwrap();
    }
    link(&folder, "..first", &folder.path("..data"));
    link(&folder, "..data/edge.yaml", &folder.path("edge.yaml"));
    let program = Program::start(&folder).await;
    assert_eq!(get(program.url(BOOK)).await.0, 200);
    let has = async || {
        let (_, document) = get(program.url("/openapi.json")).await;
        document["paths"].get(REINDEX).is_some()
    };
    assert!(!has().await);
    link(&folder, "..second", &folder.path("..data"));
    eventually(has).await;
    assert_eq!(program.reloads("applied").await, 1);
}

#[tokio::test]
async fn a_wrong_file_is_refused_with_its_mistakes_and_the_old_settings_stay() {
    let upstream = Upstream::start(name_back).await;
    let folder = Folder::new();
    folder.write("edge.yaml", &config(&upstream, "body-limit: 100\n"));
    let program = Program::start(&folder).await;
    let large = async || {
        let client = reqwest::Client::new();
        let add = client.post(program.url("/v1/shelves/1/books:add"));
        let book = json!({"name": "x".repeat(200)});
        add.json(&book).send().await.unwrap().status().as_u16()
    };
    assert_eq!(large().await, 413);
    folder.write(
        "edge.yaml",
        &config(&upstream, "body-limit: many\nbdy-limit: 1\n"),
    );
    eventually(async || program.reloads("refused").await == 1).await;
    let log = program.log();
    for part in [
        "edge.yaml:6: --body-limit",
        "edge.yaml:7: there is no setting bdy-limit",
    ] {
        assert!(log.contains(part), "{log}");
    }
    assert_eq!(large().await, 413);
    // Upstreams that cannot be asked are refused as a whole too.
    folder.write(
        "edge.yaml",
        "upstream: http://127.0.0.1:1\nbody-limit: 10000\n",
    );
    eventually(async || program.reloads("refused").await == 2).await;
    assert_eq!(large().await, 413);
    folder.write("edge.yaml", &config(&upstream, "body-limit: 10000\n"));
    eventually(async || large().await == 200).await;
    assert_eq!(program.reloads("applied").await, 1);
}

#[tokio::test]
async fn a_stream_goes_on_while_the_configuration_changes() {
    let (gate, messages) = futures::channel::mpsc::unbounded();
    let messages = std::sync::Mutex::new(Some(messages));
    let upstream = Upstream::start(move |seen| match seen.path.ends_with("WatchSeats") {
        true => Answer::Stream(messages.lock().unwrap().take().unwrap().boxed()),
        false => name_back(seen),
    })
    .await;
    let folder = Folder::new();
    folder.write("edge.yaml", &config(&upstream, ""));
    let program = Program::start(&folder).await;
    let send = |pages| {
        let book = Book {
            name: "x".into(),
            pages,
        };
        let message = prost::Message::encode_to_vec(&book);
        gate.unbounded_send(Ok(message)).unwrap();
    };
    send(1);
    let mut stream = reqwest::get(program.url("/v1/shelves/1/seats"))
        .await
        .unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"{"), "{first:?}");
    // The server that it is from is no longer named.
    let other = Upstream::start(name_back).await;
    folder.write("edge.yaml", &config(&other, ""));
    eventually(async || program.reloads("applied").await == 1).await;
    assert_eq!(get(program.url(BOOK)).await.0, 200);
    assert_eq!(other.calls().len(), 1);
    send(2);
    let second = stream.chunk().await.unwrap().unwrap();
    assert!(
        String::from_utf8_lossy(&second).contains("\"2\""),
        "{second:?}"
    );
}

#[tokio::test]
async fn what_cannot_change_while_it_runs_is_named_and_the_rest_changes() {
    let upstream = Upstream::start(name_back).await;
    let folder = Folder::new();
    folder.write("edge.yaml", &config(&upstream, ""));
    let program = Program::start(&folder).await;
    let more = "all-methods: true\nlog: debug\nmax-connections: 7\nbody-limit: 7\n";
    folder.write("edge.yaml", &config(&upstream, more));
    eventually(async || program.reloads("applied").await == 1).await;
    let log = program.log();
    for flag in ["--log", "--max-connections"] {
        let told = log
            .lines()
            .filter(|line| line.contains(&format!("{flag:?}")));
        assert!(
            told.clone().all(|line| line.contains("needs a restart")),
            "{log}"
        );
        assert_eq!(told.count(), 1, "{flag}: {log}");
    }
    assert!(
        !log.contains("body-limit") && !log.contains("--listen\""),
        "{log}"
    );
    folder.write("edge.yaml", "body-limit: 7\n");
    eventually(async || program.reloads("refused").await == 1).await;
    assert!(program.log().contains("restart alone"), "{}", program.log());
    assert_eq!(get(program.url(BOOK)).await.0, 200);
}

#[tokio::test]
async fn a_check_tells_what_would_be_served() {
    let folder = Folder::new();
    let yaml =
        "descriptor-set: library.binpb\nupstream: {library.v1.Library: http://10.0.0.1:50051}\n";
    folder.write("edge.yaml", yaml);
    let output = folder.run(&["--config", "edge.yaml", "--check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(
        text,
        "the configuration is right: 1 service, 5 methods, 4 routes\n  \
         library.v1.Library at http://10.0.0.1:50051: 5 methods, 4 routes\n\
         not served: library.v1.Elsewhere: no client may call it here\n"
    );
    assert!(output.stderr.is_empty());

    folder.write(
        "routes.yaml",
        "http:\n  rules:\n  - selector: library.v1.Library.Reindex\n    get: '/x/{none}'\n",
    );
    folder.write("edge.yaml", &format!("{yaml}routes: routes.yaml\n"));
    let output = folder.run(&["--config", "edge.yaml", "--check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("warning: a rule is not served: routes.yaml:3: library.v1.Library.Reindex: "),
        "{text}"
    );

    folder.write(
        "edge.yaml",
        "upstream: {a.B: http://127.0.0.1:1, c: http://127.0.0.1:1}\n",
    );
    let output = folder.run(&["--config", "edge.yaml", "--check"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in [
        "reflection of --upstream a.B=http",
        "reflection of --upstream c=http",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn the_document_has_the_title_and_version_that_it_is_given() {
    let upstream = Upstream::start(name_back).await;
    let folder = Folder::new();
    folder.write("edge.yaml", &config(&upstream, ""));
    let program = Program::start(&folder).await;
    let (_, document) = get(program.url("/openapi.json")).await;
    assert_eq!(document["info"]["title"], "library.v1.Library");
    assert_eq!(document["info"]["version"], "v1");
    let more = "api:\n  title: The <Library>\n  version: 1.10\n  description: Books.\n  \
                server: https://api.example.com\n";
    folder.write("edge.yaml", &config(&upstream, more));
    eventually(async || program.reloads("applied").await == 1).await;
    let (_, document) = get(program.url("/openapi.json")).await;
    assert_eq!(document["info"]["title"], "The <Library>");
    assert_eq!(document["info"]["version"], "1.10");
    assert_eq!(document["info"]["description"], "Books.");
    assert_eq!(
        document["servers"],
        json!([{"url": "https://api.example.com"}])
    );
    let page = reqwest::get(program.url("/"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("The &lt;Library&gt;"), "{page}");
}

#[tokio::test]
async fn the_edge_of_the_mesh_takes_other_settings_and_counts_on() {
    let with = |hide_docs, address_limit| {
        let mut settings = settings();
        settings.web.hide_docs = hide_docs;
        settings.rates.address_limit = address_limit;
        Config {
            settings,
            ..Config::default()
        }
    };
    let upstream = Upstream::start(shop).await;
    let (mesh, node) = Fixture::mesh(&upstream).await;
    let (edge, renewal) = edge::renewable(
        with(false, Rate::OFF),
        edge::TrustedIssuers::default(),
        &node,
    )
    .unwrap();
    let fixture = Fixture::serve(edge, node, mesh, upstream).await;
    let status = async |path| fixture.get(path).await.status().as_u16();
    assert_eq!(status("/docs").await, 200);

    let few = Rate::of(2, 3600);
    renewal.renew(with(true, few)).unwrap();
    eventually(async || status("/docs").await == 404).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(status("/v1/products/a").await);
    }
    assert_eq!(statuses, [200, 200, 429]);
    renewal.renew(with(false, few)).unwrap();
    eventually(async || status("/docs").await == 200).await;
    assert_eq!(status("/v1/products/a").await, 429, "nothing was forgotten");

    let mut wrong = with(true, Rate::OFF);
    wrong.settings.mapping.routes = vec!["/no/such/file".into()];
    assert!(renewal.renew(wrong).is_err());
    assert_eq!(status("/docs").await, 200);
    renewal.renew(with(false, Rate::OFF)).unwrap();
    eventually(async || status("/v1/products/a").await == 200).await;
}
