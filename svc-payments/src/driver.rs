//! Drives payments: asks the provider what they ask for, and tells them what it answers.
//!
//! What is to be asked is written down first, then asked outside of any transaction, and what is heard
//! is written in one transaction with all that follows from it. A crash in between leaves something
//! that was sent and whose outcome is not known: whoever takes the payment up looks at the provider's
//! object first. Several may drive the same payment at once; whoever finds it changed while it asked
//! looks again.

use std::time::Duration;

use net::planted::is_planted;
use runtime::call::CallContext;
use secrecy::SecretString;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::crash::Point;
use crate::domain::snapshot::{Intent, ProviderRefund, Snapshot};
use crate::domain::{Ask, Book, Kind, Operation, Payment};
use crate::error::Error;
use crate::provider::{Failure, NewIntent};
use crate::service::{Due, Payments};
use crate::store::{due, payments};

/// How many are driven at once by those that nobody waits for.
const MOST_AT_ONCE: usize = 16;
/// How often the database is asked what is due, if nobody says so.
const ROUND: Duration = Duration::from_millis(500);
/// What a caller's deadline leaves for the reply.
const MARGIN: Duration = Duration::from_millis(200);
/// How long a caller without a deadline waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any payment asks for at once: a provider that changes its mind each time does not hold
/// the driver up.
const MOST_ASKED: i32 = 24;

/// Takes up payments whose time has come, until `shutdown`; what it is at then is taken up again like
/// after a crash. Replicas share the work.
pub(crate) async fn run(payments: Payments, shutdown: CancellationToken) {
    let rounds = async {
        // Tasks: whoever holds a transaction goes on while others are claimed.
        let mut driven = JoinSet::new();
        loop {
            let free = MOST_AT_ONCE - driven.len();
            let claimed = claim(&payments, free).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the driver cannot read the payments");
                Vec::new()
            });
            for payment in claimed {
                driven.spawn(drive_due(payments.clone(), payment));
            }
            tokio::select! {
                biased;
                Some(_) = driven.join_next() => {}
                () = payments.wake.notified() => {}
                () = tokio::time::sleep(ROUND) => {}
            }
        }
    };
    shutdown.run_until_cancelled(rounds).await;
}

async fn claim(payments: &Payments, limit: usize) -> Result<Vec<Uuid>, store::Error> {
    let (provider, now) = (payments.provider.name(), payments.clock.now());
    let mut tx = payments.db.read().await?;
    let is_any = limit > 0 && due::is_any(&mut tx, provider, now).await?;
    drop(tx);
    if !is_any {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut tx = payments.db.begin().await?;
    let claimed = due::claim(&mut tx, provider, now, now + payments.lease, limit).await?;
    tx.commit().await?;
    Ok(claimed)
}

async fn drive_due(payments: Payments, payment: Uuid) {
    let call = CallContext::background("driver");
    if let Err(error) = call.scope(payments.drive(payment, true)).await {
        tracing::warn!(payment.id = %payment, %error, "a payment is left to its lease");
    }
}

/// A payment, and what is to be asked next, which is marked as sent.
pub(crate) type Turn = (Payment, Ask);

/// What the provider answered.
enum Answer {
    Intent(Intent),
    Refund(ProviderRefund),
    Seen(Snapshot),
    /// It definitely did not do it; and what there is to see then, if there is an object.
    No(String, Option<Snapshot>),
    /// Nobody knows.
    Unknown(String),
}

impl Payments {
    /// Drives a payment as far as it comes, and waits for that within the deadline of the call. What is
    /// left then goes on without the caller. Gives the payment as it stands. Whoever has just written it
    /// gives the first turn.
    pub(crate) async fn drive_within(
        &self,
        call: &CallContext,
        payment: Uuid,
        turn: Option<Turn>,
    ) -> Result<Payment, Error> {
        self.lives_at(Point::Planned)?;
        let until = call
            .deadline
            .map_or_else(|| Instant::now() + PATIENCE, |at| at - MARGIN);
        let payments = self.clone();
        let driven = call.scope(async move {
            match turn {
                Some(turn) => payments.drive_from(turn).await,
                None => payments.drive(payment, false).await,
            }
        });
        match timeout_at(until, self.tasks.complete(driven)).await {
            Ok(driven) => driven,
            Err(_) => {
                let mut tx = self.db.read().await?;
                let found = payments::find(&mut tx, payment).await?;
                found.ok_or(Error::NotFound(payment))
            }
        }
    }

    /// Drives a payment until nothing is to be asked of the provider, or it does not answer. One that
    /// `is_due` is looked at in any case; one of another provider is left to whoever works with that.
    pub(crate) async fn drive(&self, id: Uuid, is_due: bool) -> Result<Payment, Error> {
        let turn = self.turn(id, is_due, None).await?;
        self.drive_from(turn).await
    }

    async fn drive_from(&self, mut turn: Turn) -> Result<Payment, Error> {
        let mut unknown = 0;
        for asked in 1.. {
            let (payment, ask) = turn;
            if ask == Ask::Nothing {
                return Ok(payment);
            }
            let id = payment.id;
            self.lives_at(Point::Sent)?;
            let answer = self.put(&payment, &ask).await;
            self.lives_at(Point::Answered)?;
            if let Answer::Unknown(why) = &answer {
                tracing::info!(payment.id = %id, why, "the payment provider did not answer");
                unknown += 1;
            }
            // An object that does not answer has time, and so has what is not heard of twice.
            let is_enough = unknown > 1 || unknown > 0 && ask == Ask::Look || asked == MOST_ASKED;
            let answered = Box::new(Answered {
                asked: payment,
                ask,
                answer,
                is_enough,
            });
            turn = self.turn(id, false, Some(answered)).await?;
        }
        Ok(turn.0)
    }

    /// Tells the payment what was answered, and has it say what is to be asked next, which is marked as
    /// sent: one transaction. If the payment was changed since it was asked, the answer may be older than
    /// what is known: then it is not heard, and the object has to be looked at.
    async fn turn(
        &self,
        id: Uuid,
        is_due: bool,
        answered: Option<Box<Answered>>,
    ) -> Result<Turn, Error> {
        let mut tx = self.db.begin().await?;
        let found = payments::lock(&mut tx, id).await?;
        let mut payment = found.ok_or(Error::NotFound(id))?;
        if !self.is_own(&payment) {
            return Ok((payment, Ask::Nothing));
        }
        let due = |ask: &Ask| match ask {
            Ask::Nothing => Due::ByItself,
            Ask::Look | Ask::Send(_) => Due::Leased,
        };
        let ask = self
            .change(&mut tx, &mut payment, due, |payment, book| {
                let is_enough = answered.as_ref().is_some_and(|it| it.is_enough);
                let is_fresh = answered.is_some_and(|answered| {
                    let before = payment.clone();
                    let is_heard = hear(payment, *answered, book);
                    if !payment.is_changed_since(&before) {
                        payment.looked_in_vain();
                    }
                    is_heard
                });
                if is_enough {
                    return Ask::Nothing;
                }
                match payment.ask(is_fresh, book.now) {
                    Ask::Nothing if is_due && payment.provider_ref.is_some() => Ask::Look,
                    ask => ask,
                }
            })
            .await?;
        tx.commit().await?;
        Ok((payment, ask))
    }

    /// Goes on from here, unless a test has it crash.
    fn lives_at(&self, point: Point) -> Result<(), Error> {
        match self.crash.is_at(point) {
            true => Err(Error::Stopped),
            false => Ok(()),
        }
    }

    /// Asks the provider.
    async fn put(&self, payment: &Payment, ask: &Ask) -> Answer {
        let Ask::Send(operation) = ask else {
            return match self.look(payment).await {
                Ok(snapshot) => Answer::Seen(snapshot),
                Err(failure) => Answer::Unknown(failure.to_string()),
            };
        };
        match self.within(self.send(payment, operation)).await {
            Ok(answer) => answer,
            Err(Failure::Unknown(why)) => Answer::Unknown(why),
            Err(Failure::Refused { code, .. }) if payment.provider_ref.is_none() => {
                Answer::No(code, None)
            }
            // Perhaps it was done before, and hence is refused now: the object says.
            Err(Failure::Refused { code, .. }) => match self.look(payment).await {
                Ok(snapshot) => Answer::No(code, Some(snapshot)),
                Err(failure) => Answer::Unknown(failure.to_string()),
            },
        }
    }

    async fn send(&self, payment: &Payment, operation: &Operation) -> Result<Answer, Failure> {
        let (provider, key) = (&self.provider, operation.key());
        let amount = money::Money {
            currency: payment.currency,
            minor: operation.amount,
        };
        let object = payment.provider_ref.as_deref().unwrap_or_default();
        let intent = match operation.kind {
            Kind::Create => {
                let new = NewIntent {
                    payment_id: payment.id,
                    order_id: payment.order_id,
                    amount: money::Money {
                        minor: payment.amount,
                        ..amount
                    },
                };
                provider.create(&key, &new).await?
            }
            Kind::Confirm => {
                let token = self.token(payment)?;
                let return_url = Some(payment.return_url.as_str()).filter(|url| !url.is_empty());
                provider.confirm(&key, object, &token, return_url).await?
            }
            Kind::Capture => provider.capture(&key, object, amount).await?,
            Kind::Cancel => provider.cancel(&key, object).await?,
            Kind::Refund => {
                let refund_id = operation.request_id.unwrap_or(operation.id);
                let key = match is_planted("refund without key") {
                    true => self.new_id().to_string(),
                    false => key,
                };
                let refund = provider.refund(&key, object, refund_id, amount).await?;
                return Ok(Answer::Refund(refund));
            }
            Kind::Lapse | Kind::Dispute | Kind::Adjustment => {
                return Err(Failure::Unknown("nobody asks for that".to_owned()));
            }
        };
        Ok(Answer::Intent(intent))
    }

    /// A token that does not open any more is none that the provider knows.
    fn token(&self, payment: &Payment) -> Result<SecretString, Failure> {
        self.unseal(payment).map_err(|error| {
            tracing::error!(payment.id = %payment.id, %error, "the token of a payment is lost");
            Failure::Refused {
                code: "token_lost".to_owned(),
                message: error.to_string(),
            }
        })
    }

    async fn look(&self, payment: &Payment) -> Result<Snapshot, Failure> {
        let object = payment.provider_ref.as_deref().unwrap_or_default();
        self.within(self.provider.look(object)).await
    }

    /// What the provider answers, within the time that it is given.
    pub(crate) async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let began = Instant::now();
        let answer = timeout(self.patience, answer)
            .await
            .unwrap_or_else(|_| Err(Failure::Unknown("no answer in time".to_owned())));
        self.metrics.called(began.elapsed(), &answer);
        answer
    }
}

/// Something that was asked of the payment as it stood, and answered.
struct Answered {
    asked: Payment,
    ask: Ask,
    answer: Answer,
    /// Nothing more is asked for now.
    is_enough: bool,
}

/// Tells the payment what was answered. Returns whether it was heard.
fn hear(payment: &mut Payment, answered: Answered, book: &mut Book<'_>) -> bool {
    let Answered {
        asked, ask, answer, ..
    } = answered;
    if payment.version != asked.version {
        return false;
    }
    let operation = match ask {
        Ask::Send(operation) => operation.id,
        Ask::Look | Ask::Nothing => Uuid::nil(),
    };
    match answer {
        Answer::Intent(intent) => payment.hear_intent(&intent, book),
        Answer::Refund(refund) => payment.hear_refund(operation, &refund, book),
        Answer::Seen(seen) => {
            payment.hear(&seen, book);
            payment.looked_after(asked.hints);
        }
        Answer::No(code, Some(seen)) => {
            payment.hear_refusal(Some((operation, &code)), &seen, book);
        }
        Answer::No(code, None) => payment.hear_no(operation, &code, book),
        Answer::Unknown(_) => return false,
    }
    true
}
