//! Sends mails whose time has come.
//!
//! A mail is leased, asked for, made and handed over outside of any transaction; then is written what came
//! of it. A crash in between leaves it to the end of its lease, and it may be sent a second time: under the
//! same Message-ID, by which mail programs know it.

use std::time::Duration;

use runtime::call::CallContext;
use store::Error;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Mail;
use super::callees::{Known, Unknown};
use super::compose::{self, Heads};
use super::transport::Failure;
use crate::domain::mail::{Content, Message, Outcome};
use crate::store::{messages, suppressions};

/// How many are sent at once.
const MOST_AT_ONCE: usize = 8;
/// How often the database is asked what is due, if nobody says so.
const ROUND: Duration = Duration::from_secs(1);
/// For how long other services are waited for.
const ASKING: Duration = Duration::from_secs(10);
/// How much longer a lease is than an attempt takes.
const MARGIN: Duration = Duration::from_secs(20);

/// Sends what is due, until `shutdown`; what it is at then is sent again like after a crash. Replicas share
/// the work.
pub(crate) async fn run(mail: Mail, shutdown: CancellationToken) {
    let rounds = async {
        let mut sent = JoinSet::new();
        loop {
            let free = MOST_AT_ONCE - sent.len();
            let claimed = claim(&mail, free).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the mails that are due cannot be read");
                Vec::new()
            });
            for message in claimed {
                sent.spawn(send(mail.clone(), message));
            }
            tokio::select! {
                biased;
                Some(_) = sent.join_next() => {}
                () = mail.wake.notified() => {}
                () = tokio::time::sleep(ROUND) => {}
            }
        }
    };
    shutdown.run_until_cancelled(rounds).await;
}

async fn claim(mail: &Mail, limit: usize) -> Result<Vec<Message>, Error> {
    let now = mail.clock.now();
    let mut tx = mail.db.read().await?;
    let is_any = limit > 0 && messages::is_any_due(&mut tx, now).await?;
    drop(tx);
    if !is_any {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let until = now + ASKING + mail.settings.timeout + MARGIN;
    let mut tx = mail.db.begin().await?;
    let claimed = messages::claim(&mut tx, now, until, limit).await?;
    tx.commit().await?;
    Ok(claimed)
}

async fn send(mail: Mail, message: Message) {
    let call = CallContext::background("mail").with_deadline(Instant::now() + ASKING);
    let work = async {
        let (known, outcome) = attempt(&mail, &message).await;
        settle(&mail, &message, known.as_ref(), outcome).await
    };
    if let Err(error) = call.scope(work).await {
        tracing::warn!(message.id = %message.id, %error, "a mail is left to its lease");
    }
}

/// Tries to send the mail; says to whom, if that was found out.
async fn attempt(mail: &Mail, message: &Message) -> (Option<Known>, Outcome) {
    let known = match mail.callees.ask(message, &mail.settings.pages).await {
        Ok(known) => known,
        Err(Unknown::Nothing(why)) => return (None, Outcome::Discarded(why.to_owned())),
        Err(Unknown::Unanswered(status)) => {
            let why = format!("a service did not answer: {:?}", status.code());
            tracing::info!(message.id = %message.id, ?status, "a mail cannot be made yet");
            return (None, Outcome::Undecided(why));
        }
    };
    let outcome = hand_over(mail, message, &known).await;
    (Some(known), outcome)
}

async fn hand_over(mail: &Mail, message: &Message, known: &Known) -> Outcome {
    let hash = mail.addresses.hash(&known.address);
    match is_suppressed(mail, &hash).await {
        Ok(false) => {}
        Ok(true) => return Outcome::Refused("the address was refused before".to_owned()),
        Err(error) => return Outcome::Undecided(error.to_string()),
    }
    let settings = &mail.settings;
    let content = Content {
        shop: settings.shop.clone(),
        ..known.content.clone()
    };
    let language = known.language.unwrap_or(settings.language);
    let written = mail.templates.write(message.template, language, &content);
    let written = match written {
        Ok(written) => written,
        Err(error) => {
            tracing::error!(template = %message.template, %error, "a mail cannot be written");
            return Outcome::Impossible("its template does not fit".to_owned());
        }
    };
    let heads = Heads {
        from: &settings.from,
        name: &content.name,
        address: &known.address,
        message_id: message.message_id(settings.from.email.domain()),
        date: mail.clock.now(),
    };
    let composed = match compose::compose(heads, written) {
        Ok(composed) => composed,
        Err(error) => return Outcome::Impossible(error.to_string()),
    };
    match mail.transport.send(message.id, &composed).await {
        Ok(said) => Outcome::Sent(said),
        Err(Failure::Recipient(said)) => Outcome::Refused(said),
        Err(Failure::Mail(said)) => Outcome::Rejected(said),
        Err(Failure::Undecided(why)) => Outcome::Undecided(why),
        Err(Failure::Nobody) => Outcome::Discarded("nobody takes mails here".to_owned()),
    }
}

async fn is_suppressed(mail: &Mail, hash: &[u8]) -> Result<bool, Error> {
    let mut tx = mail.db.read().await?;
    suppressions::is_any(&mut tx, hash).await
}

/// Writes what came of it, unless somebody else had the mail meanwhile.
async fn settle(
    mail: &Mail,
    message: &Message,
    known: Option<&Known>,
    outcome: Outcome,
) -> Result<(), Error> {
    let now = mail.clock.now();
    let is_refused = matches!(outcome, Outcome::Refused(_));
    let chance = mail.random.below(1000);
    let waited = message.waited(now);
    let next = mail
        .settings
        .schedule
        .after(outcome, message.attempts, waited, chance);
    let mut tx = mail.db.begin().await?;
    let user = known.map(|known| known.user_id);
    if !messages::settle(&mut tx, message, user, &next, now).await? {
        return Ok(());
    }
    if let (true, Some(known)) = (is_refused, known) {
        let hash = mail.addresses.hash(&known.address);
        let new = suppressions::Suppression {
            id: mail.random.uuid7(&mail.clock),
            user_id: known.user_id,
            message_id: message.id,
            detail: next.detail.clone(),
            create_time: now,
        };
        suppressions::insert(&mut tx, &hash, &new).await?;
    }
    mail.metrics.tried(&mut tx, message.template, next.state);
    tx.commit().await?;
    let (state, detail) = (next.state, &next.detail);
    tracing::debug!(message.id = %message.id, %state, detail, "a mail was tried");
    Ok(())
}
