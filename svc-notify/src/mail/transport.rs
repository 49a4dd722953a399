//! Who takes mails: a server, a folder, or nobody.

mod folder;
mod smtp;

use net::StartError;
use uuid::Uuid;

use super::MailConfig;
use super::compose::Composed;
use folder::Folder;
use smtp::Smtp;

/// Who takes mails.
pub(crate) enum Transport {
    Smtp(Smtp),
    Folder(Folder),
    /// What is not sent now would only be old when somebody sends it.
    Nobody,
}

/// Why a mail was not taken; texts are for people, and hold no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The address is refused for good.
    Recipient(String),
    /// The mail is.
    Mail(String),
    /// Nothing is decided; perhaps it was taken.
    Undecided(String),
    /// Nobody takes mails here.
    Nobody,
}

impl Transport {
    /// As it is configured.
    ///
    /// # Errors
    /// What is wrong with SMTP_URL.
    pub(crate) fn new(config: &MailConfig) -> Result<Self, StartError> {
        let url = config.smtp_url.as_ref().map(|url| url.expose().trim());
        match (url.filter(|url| !url.is_empty()), &config.mail_dir) {
            (Some(url), _) => {
                let smtp = Smtp::new(url, config.mail_timeout);
                let smtp = smtp.map_err(|why| StartError::config(format!("SMTP_URL: {why}")))?;
                Ok(Self::Smtp(smtp))
            }
            (None, Some(folder)) => Ok(Self::Folder(Folder::new(folder.clone()))),
            (None, None) => {
                tracing::warn!("mails are not sent: SMTP_URL names the server that takes them");
                Ok(Self::Nobody)
            }
        }
    }

    /// Hands a mail over; says how it was taken.
    pub(crate) async fn send(&self, message: Uuid, mail: &Composed) -> Result<String, Failure> {
        match self {
            Self::Smtp(smtp) => smtp.send(mail).await,
            Self::Folder(folder) => folder.put(message, mail).await,
            Self::Nobody => Err(Failure::Nobody),
        }
    }
}
