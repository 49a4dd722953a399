//! Who is told: a mail server, a webhook, and one of Slack's shape.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{Json, Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use e2e::condition::eventually;
use regex::Regex;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{CHANNELS, now};

/// The password of mail, and the token of webhooks: whoever comes without it is refused.
pub(super) const TOKEN: &str = "the token of the sinks";
/// An alert that looks at the last hour, shortened, and Alertmanager's own intervals.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Mail,
    Webhook,
    Slack,
}

/// Something that somebody was told.
struct Notice {
    channel: Channel,
    at: SystemTime,
    lines: BTreeSet<String>,
}

type Notices = Arc<Mutex<Vec<Notice>>>;

pub(super) struct Sinks {
    /// `host:port`
    pub(super) smtp: String,
    /// `http://host:port`
    pub(super) http: String,
    notices: Notices,
}

impl Sinks {
    pub(super) async fn open() -> Sinks {
        let notices = Notices::default();
        let mail = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let web = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = |listener: &TcpListener| listener.local_addr().expect("it is bound");
        let sinks = Sinks {
            smtp: address(&mail).to_string(),
            http: format!("http://{}", address(&web)),
            notices: notices.clone(),
        };
        let routes = Router::new()
            .route("/alerts", post(webhook))
            .route("/alive", post(webhook))
            .route("/slack", post(slack))
            .with_state(notices.clone());
        tokio::spawn(async { axum::serve(web, routes).await });
        tokio::spawn(async move {
            while let Ok((stream, _)) = mail.accept().await {
                tokio::spawn(converse(BufReader::new(stream), notices.clone()));
            }
        });
        sinks
    }

    /// Waits until an alert was told by all channels, after this time; when it was, in their order.
    pub(super) async fn told(
        &self,
        status: &str,
        summary: &str,
        after: SystemTime,
    ) -> [SystemTime; 3] {
        let line = format!("{status}: {summary}");
        let mut times = [after; 3];
        for (time, channel) in times.iter_mut().zip(CHANNELS) {
            let what = format!("{channel:?} tells {line:?}");
            *time = eventually(&what, PATIENCE, || {
                std::future::ready(self.find(channel, &line, after))
            })
            .await;
        }
        times
    }

    /// Waits for the alert that always comes.
    pub(super) async fn watchdog(&self) {
        let line = "FIRING: Alerts arrive";
        eventually("the watchdog is fed", PATIENCE, || {
            let found = self.find(Channel::Webhook, line, SystemTime::UNIX_EPOCH);
            std::future::ready(found)
        })
        .await;
    }

    fn find(&self, channel: Channel, line: &str, after: SystemTime) -> Option<SystemTime> {
        let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let mut later = notices
            .iter()
            .filter(|it| it.channel == channel && it.at >= after);
        later.find(|it| it.lines.contains(line)).map(|it| it.at)
    }
}

fn keep(notices: &Notices, channel: Channel, lines: impl Iterator<Item = String>) {
    let notice = Notice {
        channel,
        at: now(),
        lines: lines.collect(),
    };
    let mut notices = notices.lock().unwrap_or_else(PoisonError::into_inner);
    notices.push(notice);
}

async fn webhook(
    State(notices): State<Notices>,
    headers: HeaderMap,
    Json(message): Json<Value>,
) -> StatusCode {
    let token = headers.get("authorization").and_then(|it| it.to_str().ok());
    if token != Some(&format!("Bearer {TOKEN}")) {
        return StatusCode::UNAUTHORIZED;
    }
    let alerts = message["alerts"].as_array().into_iter().flatten();
    let lines = alerts.map(|alert| {
        let text = |pointer| {
            alert
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        format!(
            "{}: {}",
            text("/status").to_uppercase(),
            text("/annotations/summary")
        )
    });
    keep(&notices, Channel::Webhook, lines);
    StatusCode::OK
}

async fn slack(State(notices): State<Notices>, Json(message): Json<Value>) -> &'static str {
    let text = message
        .pointer("/attachments/0/text")
        .and_then(Value::as_str);
    let lines = text.unwrap_or_default().lines().map(str::to_owned);
    keep(&notices, Channel::Slack, lines);
    "ok"
}

/// SMTP (RFC 5321), of one who logs in (RFC 4954) and has plain text to say.
async fn converse(mut stream: BufReader<TcpStream>, notices: Notices) -> std::io::Result<()> {
    say(&mut stream, "220 sink").await?;
    let mut is_known = false;
    while let Some(line) = hear(&mut stream).await? {
        let verb = line.split(' ').next().unwrap_or_default();
        let answer = match verb {
            "EHLO" => "250-sink\r\n250 AUTH PLAIN",
            "AUTH" => {
                let login = line
                    .rsplit(' ')
                    .next()
                    .and_then(|it| STANDARD.decode(it).ok());
                let password = format!("\0{TOKEN}").into_bytes();
                is_known = login.is_some_and(|login| login.ends_with(&password));
                if is_known { "235 welcome" } else { "535 no" }
            }
            "MAIL" | "RCPT" if is_known => "250 go on",
            "DATA" if is_known => {
                say(&mut stream, "354 go on").await?;
                let text = letter(&mut stream).await?;
                keep(&notices, Channel::Mail, text.lines().map(str::to_owned));
                "250 taken"
            }
            "QUIT" => {
                return say(&mut stream, "221 bye").await;
            }
            _ => "500 no",
        };
        say(&mut stream, answer).await?;
    }
    Ok(())
}

async fn say(stream: &mut BufReader<TcpStream>, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await
}

async fn hear(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await?;
    line.truncate(line.trim_end().len());
    Ok((length > 0).then_some(line))
}

/// Up to the line with a dot, without what quoted-printable (RFC 2045, section 6.7) makes of it.
async fn letter(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    while let Some(line) = hear(stream).await? {
        if line == "." {
            break;
        }
        text += &line;
        text.push('\n');
    }
    let whole = text.replace("=\n", "");
    let quoted = Regex::new("=([0-9A-F]{2})").expect("it is a pattern");
    let plain = quoted.replace_all(&whole, |found: &regex::Captures<'_>| {
        let byte = u8::from_str_radix(&found[1], 16).unwrap_or_default();
        char::from(byte).to_string()
    });
    Ok(plain.into_owned())
}
