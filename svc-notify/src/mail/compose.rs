//! A mail as it travels (RFC 5322), of its words.

use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::templates::Written;
use crate::domain::mail::content::one_line;

/// A mail, and whom its server is told that it is from and goes to.
pub(crate) struct Composed {
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

/// Why there is no mail to be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    /// No mail can be sent there.
    #[error("the address is none that mail can be sent to")]
    Address,
    /// It does not come together.
    #[error("the mail cannot be made: {0}")]
    Mail(#[from] lettre::error::Error),
}

/// What a mail says beside its words.
pub(crate) struct Heads<'a> {
    pub(crate) from: &'a Mailbox,
    pub(crate) name: &'a str,
    pub(crate) address: &'a str,
    pub(crate) message_id: String,
    pub(crate) date: DateTime<Utc>,
}

/// The address with its domain as DNS has it.
fn address(text: &str) -> Result<Address, ComposeError> {
    let (user, domain) = text.trim().rsplit_once('@').ok_or(ComposeError::Address)?;
    let domain = idna::domain_to_ascii(domain).map_err(|_| ComposeError::Address)?;
    Address::new(user, domain).map_err(|_| ComposeError::Address)
}

/// Makes the mail: plain text and HTML, either in lines that any server takes. Nothing that people
/// write gets a line of its own among the heads.
pub(crate) fn compose(heads: Heads<'_>, written: Written) -> Result<Composed, ComposeError> {
    let to = address(heads.address)?;
    // lettre panics at a line break.
    let name = Some(one_line(heads.name)).filter(|name| !name.is_empty());
    // Nobody's programs are to answer it (RFC 3834, section 5).
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    let mail = Message::builder()
        .from(heads.from.clone())
        .to(Mailbox::new(name, to))
        .date(heads.date.into())
        .message_id(Some(heads.message_id))
        .raw_header(automatic)
        .subject(written.subject)
        .multipart(MultiPart::alternative_plain_html(
            written.text,
            written.html,
        ))?;
    Ok(Composed {
        envelope: mail.envelope().clone(),
        bytes: mail.formatted(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(name: &str, subject: &str, text: &str) -> String {
        let heads = Heads {
            from: &"Tradewind <shop@tradewind.example>".parse().unwrap(),
            name,
            address: "ada@bücher.example",
            message_id: "<1.order-confirmed@tradewind.example>".to_owned(),
            date: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        };
        let written = Written {
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: format!("<p>{text}</p>"),
        };
        String::from_utf8(compose(heads, written).unwrap().bytes).unwrap()
    }

    fn heads(mail: &str) -> Vec<&str> {
        mail.split("\r\n\r\n")
            .next()
            .unwrap()
            .split("\r\n")
            .collect()
    }

    #[test]
    fn a_mail_says_when_and_by_whom_it_was_made() {
        let mail = composed("Ada Lovelace", "Your order", "Hello");
        for head in [
            "From: Tradewind <shop@tradewind.example>",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
            "Message-ID: <1.order-confirmed@tradewind.example>",
            "Auto-Submitted: auto-generated",
            "Subject: Your order",
        ] {
            assert!(heads(&mail).contains(&head), "{head}\n{mail}");
        }
        assert!(mail.contains("<ada@xn--bcher-kva.example>"), "{mail}");
        assert!(
            mail.contains("text/plain") && mail.contains("text/html"),
            "{mail}"
        );
    }

    #[test]
    fn no_name_and_no_subject_gets_a_line_of_its_own() {
        for evil in [
            "Ada\r\nBcc: eve@example.com",
            "Ada\nBcc: eve@example.com\n\nHi",
            "Ada\rBcc: x",
        ] {
            let mail = composed(evil, evil, "Hello");
            let injected = heads(&mail)
                .into_iter()
                .find(|head| head.starts_with("Bcc"));
            assert_eq!(injected, None, "{mail}");
        }
    }

    #[test]
    fn every_server_takes_its_lines() {
        let long = format!("Grüße {}\n.\n..\nFrom here", "a".repeat(5000));
        let mail = composed(&"Å".repeat(100), &"Ö x ".repeat(200), &long);
        assert!(mail.is_ascii(), "{mail}");
        for line in mail.split("\r\n") {
            assert!(line.len() <= 998 && !line.contains(['\r', '\n']), "{line}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@exa mple.com",
            "a\r\nb@example.com",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
        assert!(address("o'hara+tag@example.com").is_ok());
    }
}
