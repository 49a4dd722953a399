//! A mail server (RFC 5321). Each mail has a connection of its own, which is spoken on step by step: what
//! a refusal means depends on what was refused.

use std::net::IpAddr;
use std::time::Duration;

use lettre::address::{Address, Envelope};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Severity;
use net::secrets::masked;
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use url::Url;

use super::Failure;
use crate::mail::compose::Composed;

/// For how long is waited for a goodbye, after the mail was taken.
const GOODBYE: Duration = Duration::from_secs(1);
/// What is kept of what a server says.
const LONGEST_DETAIL: usize = 200;

/// A mail server.
pub(crate) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    login: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
}

/// How what is said stays between the two.
enum Security {
    /// TLS from the first byte on.
    Tls(TlsParameters),
    /// TLS once the server has offered it; without, nothing more is said (RFC 3207).
    StartTls(TlsParameters),
    None,
}

impl Smtp {
    /// The server of this URL; each mail is given so much time.
    ///
    /// # Errors
    /// What is wrong with the URL, which is not repeated.
    pub(super) fn new(url: &str, timeout: Duration) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or("it names no host")?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let tls = |of: &str| {
            TlsParameters::new(of.to_owned()).map_err(|error| format!("TLS to {of}: {error}"))
        };
        let asked = url.query_pairs().find(|(key, _)| key == "tls");
        let asked = asked.map(|(_, value)| value.into_owned());
        let (security, port) = match (url.scheme(), asked.as_deref()) {
            ("smtps", None) => (Security::Tls(tls(&host)?), 465),
            ("smtp", None | Some("starttls")) => (Security::StartTls(tls(&host)?), 587),
            ("smtp", Some("none")) => (Security::None, 25),
            _ => {
                return Err(
                    "it must begin with smtps:// or smtp://, and may end in ?tls=none".into(),
                );
            }
        };
        let login = login(&url)?;
        if login.is_some() && matches!(security, Security::None) && !is_here(&host) {
            return Err("it would send the password in the clear: leave ?tls=none out".into());
        }
        Ok(Self {
            port: url.port().unwrap_or(port),
            host,
            security,
            login,
            hello: ClientId::default(),
            timeout,
        })
    }

    /// Hands a mail over; says what the server said.
    pub(super) async fn send(&self, mail: &Composed) -> Result<String, Failure> {
        let sent = timeout(self.timeout, self.hand_over(mail)).await;
        let (mut connection, said) = sent.unwrap_or_else(|_| {
            Err(Failure::Undecided(
                "the server did not answer in time".to_owned(),
            ))
        })?;
        // It was taken, whatever comes now.
        let _ = timeout(GOODBYE, connection.quit()).await;
        Ok(said)
    }

    async fn hand_over(&self, mail: &Composed) -> Result<(AsyncSmtpConnection, String), Failure> {
        // Until the server hears of the mail, nothing that it refuses is the mail's fault.
        let connected = self.connect().await;
        let mut connection = connected
            .map_err(|error| Failure::Undecided(told("the server", &error, &mail.envelope)))?;
        let parameters = parameters(&connection, mail)?;
        let envelope = &mail.envelope;
        let from = Mail::new(envelope.from().cloned(), parameters);
        let refused = |step: &'static str| move |error: Error| Failure::of(step, &error, envelope);
        connection.command(from).await.map_err(refused("MAIL"))?;
        for recipient in envelope.to() {
            let recipient = Rcpt::new(recipient.clone(), Vec::new());
            let answer = connection.command(recipient).await;
            answer.map_err(|error| match refused("RCPT")(error) {
                Failure::Mail(said) if is_of_the_address(&said) => Failure::Recipient(said),
                other => other,
            })?;
        }
        connection.command(Data).await.map_err(refused("DATA"))?;
        let answer = connection.message(&mail.bytes).await;
        let answer = answer.map_err(refused("the mail"))?;
        let said = answer.message().collect::<Vec<_>>().join(" ");
        let said = format!("{} {said}", answer.code());
        Ok((connection, without_address(&said, envelope)))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let tls = match &self.security {
            Security::Tls(tls) => Some(tls.clone()),
            Security::StartTls(_) | Security::None => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, None, &self.hello, tls, None).await?;
        if let Security::StartTls(tls) = &self.security {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login).await?;
        }
        Ok(connection)
    }
}

fn login(url: &Url) -> Result<Option<Credentials>, String> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(|text| text.into_owned())
            .map_err(|_| "its login is no UTF-8".to_owned())
    };
    match url.password() {
        Some(password) => {
            let login = Credentials::new(decoded(url.username())?, decoded(password)?);
            Ok(Some(login))
        }
        None if !url.username().is_empty() => Err("it names a user without a password".into()),
        None => Ok(None),
    }
}

fn is_here(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// What the server has to know of the mail; one that it could not take is not begun.
fn parameters(
    connection: &AsyncSmtpConnection,
    mail: &Composed,
) -> Result<Vec<MailParameter>, Failure> {
    let knows = |extension| connection.server_info().supports_feature(extension);
    let mut parameters = Vec::new();
    // Letters before the @ that are not ASCII's (RFC 6531).
    let is_international = !mail
        .envelope
        .to()
        .iter()
        .all(|to| to.to_string().is_ascii());
    if is_international {
        if !knows(Extension::SmtpUtfEight) {
            let why = "the mail server takes no such letters in addresses (SMTPUTF8)";
            return Err(Failure::Mail(why.to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !mail.bytes.is_ascii() && knows(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

impl Failure {
    /// What the server's answer at this step means.
    fn of(step: &str, error: &Error, envelope: &Envelope) -> Self {
        let said = told(step, error, envelope);
        let severity = error.status().map(|code| code.severity);
        match severity {
            Some(Severity::PermanentNegativeCompletion) => Self::Mail(said),
            _ => Self::Undecided(said),
        }
    }
}

/// Whether a refusal at RCPT is of the address itself: no such mailbox, no such domain. One of policy
/// (RFC 3463: X.7.X), such as that a login is missing, or of a full mailbox (X.2.2), says nothing of it.
fn is_of_the_address(said: &str) -> bool {
    let mut words = said
        .split([' ', ':', '(', ')'])
        .filter(|word| !word.is_empty());
    let is_code = |word: &&str| ["550", "551", "553", "556"].contains(word);
    if words.find(is_code).is_none() {
        return false;
    }
    let enhanced = words.find(|word| word.starts_with("5."));
    enhanced.is_none_or(|code| !code.starts_with("5.7.") && code != "5.2.2")
}

/// What went wrong at a step, for people.
fn told(step: &str, error: &Error, envelope: &Envelope) -> String {
    without_address(&format!("{step}: {error}"), envelope)
}

/// The text without whom the mail goes to, on one line and not too long.
fn without_address(text: &str, envelope: &Envelope) -> String {
    let hidden = |text: String, address: &Address| {
        let text = text.replace(&address.to_string(), "***");
        // Shorter ones are part of many words.
        match address.user().len() {
            0..3 => text,
            _ => text.replace(address.user(), "***"),
        }
    };
    let text = envelope.to().iter().fold(text.to_owned(), hidden);
    let text = masked(&text);
    let words = text.split(|it: char| it.is_whitespace() || it.is_control());
    let words = words.filter(|word| !word.is_empty()).collect::<Vec<_>>();
    words.join(" ").chars().take(LONGEST_DETAIL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        let refused = Smtp::new(url, Duration::from_secs(1)).err();
        refused.unwrap_or_else(|| panic!("{url} is taken"))
    }

    #[test]
    fn a_server_is_spoken_to_in_tls_unless_it_is_said_otherwise() {
        let smtp = |url| Smtp::new(url, Duration::from_secs(1)).unwrap();
        let server = smtp("smtps://ada:hunter2@mail.example");
        assert!(matches!(server.security, Security::Tls(_)) && server.port == 465);
        let server = smtp("smtp://ada:hunter2@mail.example:2525");
        assert!(matches!(server.security, Security::StartTls(_)) && server.port == 2525);
        let server = smtp("smtp://127.0.0.1:1025?tls=none");
        assert!(matches!(server.security, Security::None) && server.login.is_none());
        smtp("smtp://ada:hunter2@localhost?tls=none");
        smtp("smtp://[::1]?tls=none");
    }

    #[test]
    fn what_is_wrong_with_the_url_is_said_without_its_password() {
        for (url, why) in [
            ("mail.example", "relative"),
            ("http://mail.example", "smtps://"),
            ("smtp://ada:hunter2@mail.example?tls=none", "in the clear"),
            ("smtp://ada@mail.example", "without a password"),
            ("smtps://ada:hunter2@mail.example?tls=none", "smtps://"),
        ] {
            let refused = refused(url);
            assert!(refused.contains(why), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn only_what_is_wrong_with_an_address_is_held_against_it() {
        for (said, expected) in [
            ("RCPT: permanent error (550): 5.1.1 no such user", true),
            ("RCPT: permanent error (550): no such user", true),
            ("RCPT: permanent error (553): 5.1.3 bad address", true),
            ("RCPT: permanent error (550): 5.7.1 relaying denied", false),
            ("RCPT: permanent error (530): 5.7.0 log in first", false),
            ("RCPT: permanent error (552): 5.2.2 mailbox full", false),
            ("RCPT: permanent error (550): 5.2.2 mailbox full", false),
            ("RCPT: permanent error (554): no", false),
        ] {
            assert_eq!(is_of_the_address(said), expected, "{said}");
        }
    }

    #[test]
    fn what_a_server_says_is_kept_without_the_address() {
        let ada: Address = "ädä@example.com".parse().unwrap();
        let envelope = Envelope::new(None, vec![ada]).unwrap();
        let said = without_address(
            "550 5.1.1 <ädä@example.com>:\r\n ädä is not here",
            &envelope,
        );
        assert_eq!(said, "550 5.1.1 <***>: *** is not here");
        assert!(without_address(&"a b ".repeat(500), &envelope).len() <= LONGEST_DETAIL);
    }
}
