//! What `scripts/new-service` makes, in a copy of the repository.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use e2e::{condition::eventually, ports::free_port, rest::Rest};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The repository, with another service in it.
struct Copy(TempDir);

impl Copy {
    fn new() -> Copy {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let copy = Copy(folder);
        let files = "git ls-files --cached --others --exclude-standard -z | while read -r -d '' file; \
                     do [ ! -f \"$file\" ] || printf '%s\\0' \"$file\"; done | \
                     xargs -0 cp --parents --preserve=mode,timestamps --target-directory \"$1\"";
        let place = copy.root().as_os_str().to_owned();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut command = Command::new("bash");
        command.args(["-c", files, "copy"]).arg(place);
        succeeds(command.current_dir(root));
        copy
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.root());
        command
    }

    /// Paths of the files, with what they hold.
    fn files(&self) -> BTreeSet<(PathBuf, Vec<u8>)> {
        let mut command = self.command("find");
        let listed = succeeds(command.args([".", "-type", "f", "-not", "-path", "./target/*"]));
        let read = |path: &str| {
            (
                path.into(),
                fs::read(self.root().join(path)).expect("it is ours"),
            )
        };
        listed.lines().map(read).collect()
    }

    /// `scripts/new-service`, with this as cargo.
    fn new_service(&self, cargo: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(self.root().join("scripts/new-service"));
        command.args(arguments).env("CARGO", cargo);
        command
    }
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().expect("it can be started");
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}: {said}{complained}");
    said
}

fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

#[test]
fn a_new_service_is_a_folder_a_contract_and_three_lines() {
    let copy = Copy::new();
    let before = copy.files();
    // What compiles is the other test's; here nothing does.
    succeeds(&mut copy.new_service("true", &["reviews", "review"]));
    let after = copy.files();
    let changed: BTreeSet<_> = after.difference(&before).map(|(path, _)| path).collect();
    let own = |path: &Path| {
        path.starts_with("./svc-reviews") || path.starts_with("./proto/tradewind/reviews")
    };
    let others: Vec<_> = changed.iter().filter(|path| !own(path)).collect();
    assert_eq!(
        others,
        [
            &&PathBuf::from("./runtime/src/services.rs"),
            &&PathBuf::from("./tradewind/Cargo.toml"),
            &&PathBuf::from("./tradewind/src/up/members.rs"),
        ]
    );
    let listed = fs::read_to_string(copy.root().join("runtime/src/services.rs"));
    let highest = runtime::services::SERVICES.iter().map(|it| it.port).max();
    let line = format!(
        "    service(\"svc-reviews\", {}, \"reviews\"),",
        highest.expect("there are some") + 1
    );
    assert!(
        listed.expect("it is text").lines().any(|it| it == line),
        "{line}"
    );
    for (path, text) in after.iter().filter(|(path, _)| own(path)) {
        let text = format!("{}{}", path.display(), String::from_utf8_lossy(text)).to_lowercase();
        assert!(
            !text.contains("catalog") && !text.contains("product"),
            "{}",
            path.display()
        );
    }

    let mut metadata = copy.command(cargo());
    let metadata = metadata.args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]);
    let metadata: Value = serde_json::from_str(&succeeds(metadata)).expect("it is JSON");
    let mut packages = metadata["packages"].as_array().expect("a list").iter();
    assert!(
        packages.any(|package| package["name"] == "svc-reviews"),
        "cargo knows it"
    );

    succeeds(copy.command("buf").arg("lint"));
    succeeds(
        copy.command("buf")
            .args(["build", "--output", "contracts.binpb"]),
    );
    let mut policy = copy.command(e2e::process::binary("tradewind"));
    let policy = succeeds(policy.args(["policy", "--descriptor-set", "contracts.binpb"]));
    let rule = |method: &str| {
        let path = format!("tradewind.reviews.v1.ReviewsService/{method}");
        let mut lines = policy.lines();
        let line = lines.find(|line| line.split_whitespace().next() == Some(&path));
        line.unwrap_or_else(|| panic!("{path} has no rule: {policy}"))
            .to_owned()
    };
    assert!(rule("GetReview").contains("anybody"));
    assert!(rule("CreateReview").contains("role admin"));
}

#[test]
fn a_name_that_is_taken_or_is_none_changes_nothing() {
    let copy = Copy::new();
    let before = copy.files();
    for arguments in [
        &["orders", "order"][..],
        &["reviews", "product"],
        &["Reviews", "review"],
        &["svc-reviews", "review"],
        &["reviews"],
    ] {
        let output = copy.new_service("true", arguments).output();
        let output = output.expect("it can be started");
        assert!(!output.status.success(), "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.starts_with("new-service: "), "{arguments:?}: {told}");
    }
    assert_eq!(copy.files(), before);
}

/// Compiles every crate of the copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make new-service-test"]
async fn a_new_service_builds_starts_in_the_mesh_and_answers_through_the_edge() {
    let copy = Copy::new();
    let built = std::env::var_os("NEW_SERVICE_TARGET_DIR").map(PathBuf::from);
    let built = built.unwrap_or_else(|| copy.root().join("target"));
    let mut making = copy.new_service(&cargo(), &["reviews", "review"]);
    succeeds(making.env("CARGO_TARGET_DIR", &built));

    let (edge, ops) = (free_port(), free_port());
    let mut arguments = vec!["up".to_owned(), "--data-dir".to_owned(), "data".to_owned()];
    let mut ports = vec![("edge", edge), ("ops", ops), ("reviews", free_port())];
    ports.extend(
        runtime::services::SERVICES
            .iter()
            .map(|it| (it.short_name(), free_port())),
    );
    for (name, port) in ports {
        arguments.extend([format!("--{name}-port"), port.to_string()]);
    }
    let (email, password) = ("admin@example.com", "correct horse battery staple");
    let mut program = copy.command(built.join("debug/tradewind"));
    let program = program
        .args(arguments)
        .env("ADMIN_EMAIL", email)
        .env("ADMIN_PASSWORD", password);
    let _mesh = Killed(program.spawn().expect("it is built"));
    let edge = format!("http://127.0.0.1:{edge}");
    eventually("the mesh is ready", Duration::from_secs(60), || async {
        let reply = reqwest::get(format!("http://127.0.0.1:{ops}/readyz"))
            .await
            .ok()?;
        reply.status().is_success().then_some(())
    })
    .await;

    let rest = Rest::new(&edge);
    let login = json!({"email": email, "password": password});
    let token = rest
        .post("/v1/auth/login", &login)
        .await
        .expect(200)
        .text_at("/accessToken");
    let review = json!({
        "sku": "A-1",
        "title": "As good as told",
        "price": {"currencyCode": "EUR", "units": "5"},
    });
    rest.post("/v1/reviews", &review).await.expect(401);
    rest.with_token(&token)
        .post("/v1/reviews", &review)
        .await
        .expect(201);
    let read = rest.get("/v1/reviews/A-1").await.expect(200);
    assert_eq!(read.text_at("/title"), "As good as told");
    let listed = rest.get("/v1/reviews").await.expect(200);
    assert_eq!(listed.text_at("/reviews/0/sku"), "A-1");
    let document = rest.get("/openapi.json").await.expect(200);
    assert!(document.json["paths"]["/v1/reviews"]["post"].is_object());
}

/// A process that ends with the test.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
