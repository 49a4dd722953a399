//! A real Chromium without a window, spoken to in the Chrome DevTools Protocol over its pipe:
//! JSON texts that end with a zero byte.

use std::{path::PathBuf, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// How long the browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Its error when a page is left while it evaluates something there.
const NAVIGATED: &str = "Inspected target navigated or closed";

/// It reads commands from file descriptor 3 and writes to 4; those are its input and output here.
const START: &str = r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>&2"#;

const FLAGS: [&str; 10] = [
    "--headless=new",
    "--window-size=1400,900",
    "--remote-debugging-pipe",
    // Root has no sandbox; nothing but our own pages is opened.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    // Nothing glides away from under the mouse.
    "--force-prefers-reduced-motion",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
];

/// A browser with one page. Dropped, it is killed.
pub struct Browser {
    /// What the page complained of: exceptions, and what its security policy forbade.
    pub complaints: Vec<String>,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed, and when it does not answer: here and in all that follows.
    pub async fn start() -> Browser {
        let profile = tempfile::tempdir().expect("a temporary folder can be made");
        let log = std::fs::File::create(profile.path().join("log")).expect("it is ours");
        let mut process = Command::new("sh")
            .args(["-c", START])
            .arg(installed())
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            // What it leaves there goes with the profile.
            .env("TMPDIR", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("sh is everywhere");
        let mut browser = Browser {
            complaints: Vec::new(),
            input: process.stdin.take().expect("its input is a pipe"),
            output: BufReader::new(process.stdout.take().expect("its output is a pipe")),
            session: None,
            last: 0,
            process,
            _profile: profile,
        };
        let page = json!({"url": "about:blank"});
        let page = browser.command("Target.createTarget", page).await;
        let attach = json!({"targetId": page["targetId"], "flatten": true});
        let attached = browser.command("Target.attachToTarget", attach).await;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.command(domain, json!({})).await;
        }
        browser
    }

    /// Goes to an address.
    pub async fn open(&mut self, url: &str) {
        let gone = self.command("Page.navigate", json!({"url": url})).await;
        assert!(gone["errorText"].is_null(), "{url}: {gone}");
    }

    /// The value of an expression, once it is neither false, empty nor null.
    pub async fn eventually(&mut self, expression: &str) -> Value {
        let waiting = format!(
            "new Promise((found) => {{ const look = () => {{ const value = {expression}; \
             value ? found(value) : setTimeout(look, 20); }}; look(); }})"
        );
        let ask = json!({"expression": waiting, "awaitPromise": true, "returnByValue": true});
        // A page that is left takes the question with it; the next one is asked again.
        let answer = loop {
            match self.attempt("Runtime.evaluate", ask.clone()).await {
                Ok(answer) => break answer,
                Err(error) if error["message"] == NAVIGATED => {}
                Err(error) => panic!("{expression}: {error}"),
            }
        };
        let failed = &answer["exceptionDetails"];
        assert!(failed.is_null(), "{expression}: {failed}");
        answer["result"]["value"].clone()
    }

    /// Presses the mouse on what a CSS selector names, once it is there, rests, and is uncovered.
    pub async fn click(&mut self, selector: &str) {
        let place = format!(
            "(() => {{ const element = document.querySelector({}); \
             if (!element) return null; \
             element.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const box = element.getBoundingClientRect(); \
             const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]; \
             const before = window.place; window.place = `${{x}},${{y}}`; \
             return before === window.place \
               && element.contains(document.elementFromPoint(x, y)) && {{x, y}}; }})()",
            Value::from(selector)
        );
        let place = self.eventually(&place).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1,
            });
            self.command("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Types a text into a field, in place of what it holds.
    pub async fn fill(&mut self, selector: &str, text: &str) {
        self.click(selector).await;
        let select = format!(
            "document.activeElement === document.querySelector({}) \
             && (document.activeElement.select(), true)",
            Value::from(selector)
        );
        self.eventually(&select).await;
        self.command("Input.insertText", json!({"text": text}))
            .await;
    }

    /// Ends it, and returns when it has cleaned up.
    pub async fn close(mut self) {
        self.session = None;
        self.command("Browser.close", json!({})).await;
        let ended = timeout(PATIENCE, self.process.wait()).await;
        ended
            .expect("it ends when it is told to")
            .expect("it is our child");
    }

    async fn command(&mut self, method: &str, parameters: Value) -> Value {
        let answer = self.attempt(method, parameters).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// What came of a command, or the browser's error.
    async fn attempt(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        let text = format!("{command}\0");
        self.input
            .write_all(text.as_bytes())
            .await
            .expect("it reads");
        loop {
            let message = timeout(PATIENCE, self.message()).await;
            let message = message.unwrap_or_else(|_| panic!("{command}: not within {PATIENCE:?}"));
            if message["id"] == self.last {
                return match &message["error"] {
                    Value::Null => Ok(message["result"].clone()),
                    error => Err(error.clone()),
                };
            }
            self.hear(&message);
        }
    }

    async fn message(&mut self) -> Value {
        let mut message = Vec::new();
        let read = self.output.read_until(0, &mut message).await;
        read.expect("its output is a pipe");
        assert_eq!(message.pop(), Some(0), "the browser has ended");
        serde_json::from_slice(&message).expect("it speaks JSON")
    }

    fn hear(&mut self, event: &Value) {
        let (parameters, entry) = (&event["params"], &event["params"]["entry"]);
        let complaint = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => &parameters["exceptionDetails"],
            // A refused request is logged too, which is the test's business.
            Some("Log.entryAdded") if entry["source"] != "network" && entry["level"] == "error" => {
                entry
            }
            _ => return,
        };
        self.complaints.push(complaint.to_string());
    }
}

/// Debian's name for it, and those of others.
fn installed() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.is_file())
        .expect(
            "chromium is not installed: scripts/tools chromium, or run the tests by `make test`",
        )
}
