//! The words of mails, and how they are filled in. They are in the program: svc-notify/templates has, for
//! each language, a file a mail with its subject, its body and perhaps what the recipient is to do; the
//! layouts make plain text and HTML of the same words.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, UndefinedBehavior, context};

use crate::domain::mail::{Content, Language, Template};

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// All templates in all languages.
pub(crate) struct Templates(Environment<'static>);

macro_rules! sources {
    ($($template:ident: $name:literal,)*) => {
        fn source(template: Template, language: Language) -> &'static str {
            match (template, language) {
                $(
                    (Template::$template, Language::En) => {
                        include_str!(concat!("../../templates/en/", $name))
                    }
                    (Template::$template, Language::De) => {
                        include_str!(concat!("../../templates/de/", $name))
                    }
                )*
            }
        }
    };
}

sources! {
    AccessTokenCreated: "access-token-created",
    EmailChanged: "email-changed",
    EmailVerification: "email-verification",
    IdentityLinked: "identity-linked",
    NewSignIn: "new-sign-in",
    OrderCancelled: "order-cancelled",
    OrderConfirmed: "order-confirmed",
    OrderRefused: "order-refused",
    OrderShipped: "order-shipped",
    PasswordChanged: "password-changed",
    PasswordReset: "password-reset",
    PaymentActionRequired: "payment-action-required",
    PaymentRefunded: "payment-refunded",
    RecoveryCodeUsed: "recovery-code-used",
    SecondFactorDisabled: "second-factor-disabled",
    SecondFactorEnabled: "second-factor-enabled",
    SecondFactorRemoved: "second-factor-removed",
}

fn words(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("../../templates/en/words"),
        Language::De => include_str!("../../templates/de/words"),
    }
}

/// Plain text, and HTML, in which everything is escaped that templates are filled with.
const FORMATS: [(&str, &str); 2] = [
    ("txt", include_str!("../../templates/layout.txt")),
    ("html", include_str!("../../templates/layout.html")),
];

impl Templates {
    /// Reads them all.
    ///
    /// # Errors
    /// When one of them is no template; a test holds that all are.
    pub(crate) fn new() -> Result<Self, Error> {
        let mut all = Environment::new();
        // What a template asks for and is not there is a mistake of ours, not nothing.
        all.set_undefined_behavior(UndefinedBehavior::Strict);
        // Lines that hold a tag alone leave nothing behind.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        all.set_syntax(syntax);
        all.add_filter("paragraphs", paragraphs);
        for (format, layout) in FORMATS {
            all.add_template_owned(format!("layout.{format}"), layout)?;
            for language in Language::ALL {
                all.add_template_owned(format!("{language}/words"), words(language))?;
                for template in Template::ALL {
                    let name = name(template, language, format);
                    all.add_template_owned(name, source(template, language))?;
                }
            }
        }
        Ok(Self(all))
    }

    /// A mail with this content.
    ///
    /// # Errors
    /// When the template asks for something that is not in it.
    pub(crate) fn write(
        &self,
        template: Template,
        language: Language,
        content: &Content,
    ) -> Result<Written, Error> {
        let render = |format: &str| {
            let filled = context! {
                language => language.as_str(),
                format => format,
                ..Value::from(Serde(content)),
            };
            let template = name(template, language, format);
            self.0.get_template(&template)?.render_captured(filled)
        };
        let mut text = render("txt")?;
        let subject = text.with_state_mut(|state| state.render_block("subject"))?;
        Ok(Written {
            subject: subject.split_whitespace().collect::<Vec<_>>().join(" "),
            text: tidy(text.output()),
            html: render("html")?.into_output(),
        })
    }
}

fn name(template: Template, language: Language, format: &str) -> String {
    format!("{language}/{template}.{format}")
}

/// HTML of text whose paragraphs are parted by empty lines. What it is filled with is escaped already.
fn paragraphs(text: &str) -> Value {
    let paragraphs = text.split("\n\n").map(str::trim);
    let paragraphs = paragraphs.filter(|it| !it.is_empty());
    let html = paragraphs.map(|it| format!("<p>{it}</p>\n"));
    Value::from_safe_string(html.collect())
}

/// Without the gaps that parts leave which are not there.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines() {
        // The line that begins a signature ends with a blank (RFC 3676, section 4.3).
        let line = if line == "-- " { line } else { line.trim_end() };
        let is_gap = line.is_empty() && lines.last().is_none_or(|last| last.is_empty());
        if !is_gap {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

/// What a preview shows: nobody of this name has ordered anything.
pub(crate) fn sample(template: Template) -> Content {
    use crate::domain::mail::{Cause, Line, OrderContent, Parcel};

    let line = |quantity, title: &str, total: &str| Line {
        quantity,
        title: title.to_owned(),
        total: Some(total.to_owned()),
    };
    let order = OrderContent {
        id: "0197a1f0-9d2e-7c3a-8f51-2b6c4d8e9f01".to_owned(),
        lines: vec![
            line(2, "Darjeeling, first flush, 100 g", "23.80 EUR"),
            line(1, "Tea pot <of iron> & lid", "49.00 EUR"),
        ],
        total: Some("72.80 EUR".to_owned()),
        city: "Bristol".to_owned(),
    };
    let content = Content {
        name: "Ada Lovelace".to_owned(),
        shop: "Tradewind".to_owned(),
        order: Some(order),
        ..Content::default()
    };
    match template {
        Template::OrderConfirmed | Template::OrderCancelled | Template::OrderRefused => content,
        Template::OrderShipped => Content {
            parcel: Some(Parcel {
                carrier: "Royal Mail".to_owned(),
                tracking_number: "RM123456785GB".to_owned(),
            }),
            ..content
        },
        Template::PaymentActionRequired => Content {
            link: Some(
                "https://shop.example/orders/0197a1f0-9d2e-7c3a-8f51-2b6c4d8e9f01".to_owned(),
            ),
            ..content
        },
        Template::PaymentRefunded => Content {
            amount: Some("49.00 EUR".to_owned()),
            order: None,
            ..content
        },
        Template::PasswordReset | Template::EmailVerification => Content {
            link: Some("https://shop.example/reset-password#token=none".to_owned()),
            order: None,
            ..content
        },
        Template::EmailChanged
        | Template::NewSignIn
        | Template::PasswordChanged
        | Template::SecondFactorEnabled
        | Template::SecondFactorDisabled
        | Template::RecoveryCodeUsed
        | Template::AccessTokenCreated
        | Template::IdentityLinked => Content {
            cause: Some(Cause {
                time: "2026-11-30 15:04 UTC".to_owned(),
                device: "Firefox on Linux".to_owned(),
                ip_address: "192.0.2.7".to_owned(),
            }),
            order: None,
            ..content
        },
        Template::SecondFactorRemoved => Content {
            cause: Some(Cause {
                time: "2026-11-30 15:04 UTC".to_owned(),
                ..Cause::default()
            }),
            order: None,
            ..content
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates() -> Templates {
        Templates::new().expect("all are templates")
    }

    fn all() -> impl Iterator<Item = (Template, Language)> {
        let languages = |template| Language::ALL.map(|language| (template, language));
        Template::ALL.into_iter().flat_map(languages)
    }

    #[test]
    fn every_mail_is_written_in_every_language() {
        let templates = templates();
        for (template, language) in all() {
            let content = sample(template);
            let written = templates.write(template, language, &content);
            let Written {
                subject,
                text,
                html,
            } = written.expect("nothing is missing");
            // As a browser reads it.
            let html = html.replace("&#x2f;", "/");
            let what = format!("{template} {language}\n{subject}\n{text}\n{html}");
            assert!(
                !subject.is_empty() && !subject.contains(['<', '\n']),
                "{what}"
            );
            assert!(
                html.contains(&format!("<title>{subject}</title>")),
                "{what}"
            );
            for said in [
                Some(&content.name),
                content.link.as_ref(),
                content.amount.as_ref(),
            ] {
                let is_said = |it: &&String| !text.contains(*it) || !html.contains(*it);
                assert_eq!(said.filter(is_said), None, "{what}");
            }
            if let Some(order) = &content.order {
                for line in &order.lines {
                    assert!(text.contains(&line.title), "{what}");
                }
                assert!(
                    html.contains(&order.city) && text.contains(&order.city),
                    "{what}"
                );
            }
            assert!(!text.contains("\n\n\n") && !text.contains("{{"), "{what}");
            assert!(
                html.contains(&format!("<html lang=\"{language}\">")),
                "{what}"
            );
            assert!(html.matches("<p>").count() > 1, "{what}");
        }
    }

    #[test]
    fn languages_do_not_say_the_same() {
        let templates = templates();
        for template in Template::ALL {
            let content = sample(template);
            let write = |language| templates.write(template, language, &content).unwrap();
            let [en, de] = Language::ALL.map(write);
            assert_ne!(en.subject, de.subject);
            assert_ne!(en.text, de.text);
        }
    }

    #[test]
    fn what_people_write_cannot_become_html() {
        let evil = "<script>alert(1)</script>\"'&";
        let content = Content {
            name: evil.to_owned(),
            amount: Some(evil.to_owned()),
            link: Some(format!("https://shop.example/{evil}")),
            ..sample(Template::OrderConfirmed)
        };
        let templates = templates();
        for (template, language) in all() {
            let written = templates.write(template, language, &content).unwrap();
            assert!(!written.html.contains("<script"), "{}", written.html);
            assert!(!written.html.contains("\"'&"), "{}", written.html);
            assert!(written.html.contains("Tea pot &lt;of iron&gt; &amp; lid"));
            assert!(written.text.contains(evil), "{}", written.text);
        }
    }

    #[test]
    fn what_a_template_asks_for_must_be_there() {
        let mut strict = templates();
        let added = strict
            .0
            .add_template_owned("en/order-lost.txt", "{{ nobody }}");
        added.expect("it is a template");
        let lost = strict.0.get_template("en/order-lost.txt").unwrap();
        assert!(lost.render(context! {}).is_err());
    }
}
