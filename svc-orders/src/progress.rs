//! Orders on their way: each step asks other services first and then writes one transaction.
//!
//! Every step is idempotent by the order's id, and moves the order only from the state in which
//! it was found. So it does no harm that two work on the same order: the one that comes second
//! finds the order moved, and goes by what it finds.

use runtime::precondition;
use uuid::Uuid;

use crate::callees::CalleeError;
use crate::domain::{InvalidTransition, Order, Rejection, State, Step};
use crate::error::Error;
use crate::service::Orders;
use crate::store::changes::{self, Change};
use crate::{convert, events, saga};

impl Orders {
    /// Drives a PENDING order to its end: CONFIRMED, or REJECTED if a callee refuses. If one is
    /// away, the order stays PENDING. The call that placed it is answered with what confirms it.
    pub(crate) async fn place(&self, order: Order, actor: &str) -> Result<Order, Error> {
        if order.state != State::Pending {
            return placed(order);
        }
        let order = match saga::take(saga::PLACING, &self.callees, &order).await {
            Ok(()) => self.step(order, Step::Confirm, actor, "", None).await?,
            // Final for the order: nobody who drives it at the same time gets the units.
            Err(CalleeError::Refused(refusal)) => {
                let rejection = Rejection {
                    reason: refusal.message().to_owned(),
                    details: refusal.details().to_vec(),
                };
                let reason = rejection.reason.clone();
                self.step(order, Step::Reject, actor, &reason, Some(rejection))
                    .await?
            }
            Err(undecided) => return Err(undecided.into()),
        };
        placed(order)
    }

    /// Cancels an order: CANCELLING, then what `finish_cancel` does. A cancelled order stays so.
    pub(crate) async fn cancel(
        &self,
        order: Order,
        actor: &str,
        reason: &str,
    ) -> Result<Order, Error> {
        let mut order = order;
        expected(&order, order.version)?;
        while order.state != State::Cancelling {
            let to = order.state.after(Step::Cancel);
            if to.map_err(|refused| Error::InvalidState {
                order: order.id,
                refused,
            })? == order.state
            {
                return Ok(order);
            }
            order = self.step(order, Step::Cancel, actor, reason, None).await?;
        }
        self.finish_cancel(order, actor, reason).await
    }

    /// Drives a CANCELLING order to its end: CANCELLED, or back to CONFIRMED if shipping refuses.
    /// If a callee is away, the order stays CANCELLING.
    pub(crate) async fn finish_cancel(
        &self,
        order: Order,
        actor: &str,
        reason: &str,
    ) -> Result<Order, Error> {
        let id = order.id;
        match self.callees.cancel_shipment(id).await {
            Ok(()) => {}
            Err(CalleeError::Refused(refusal)) => {
                let why = refusal.message();
                self.step(order, Step::RefuseCancel, actor, why, None)
                    .await?;
                return Err(Error::CancelRefused { order: id, refusal });
            }
            Err(undecided) => return Err(undecided.into()),
        }
        saga::undo(saga::PLACING, &self.callees, &order).await?;
        let order = self
            .step(order, Step::FinishCancel, actor, reason, None)
            .await?;
        if order.state == State::Cancelled {
            Ok(order)
        } else {
            Err(refused(&order, Step::Cancel))
        }
    }

    /// Takes an order in progress up where it was left.
    pub(crate) async fn resume(&self, id: Uuid, actor: &str) -> Result<(), Error> {
        let order = self.load(id).await?;
        let outcome = match order.state {
            State::Pending => self.place(order, actor).await,
            State::Cancelling => self.finish_cancel(order, actor, "").await,
            _ => return Ok(()),
        };
        match outcome {
            Ok(_) | Err(Error::Rejected { .. } | Error::CancelRefused { .. }) => Ok(()),
            Err(Error::InvalidState { .. }) => Ok(()), // somebody else brought it to its end
            Err(error) => Err(error),
        }
    }

    /// Moves the order, if it still stands where it was found. Returns it as it stands afterwards.
    async fn step(
        &self,
        mut order: Order,
        step: Step,
        actor: &str,
        reason: &str,
        rejection: Option<Rejection>,
    ) -> Result<Order, Error> {
        let to = order.state.after(step);
        let to = to.map_err(|refused| Error::InvalidState {
            order: order.id,
            refused,
        })?;
        let now = self.clock.now();
        let change = Change {
            from: order.state,
            to,
            actor,
            reason,
            rejection: rejection.as_ref(),
            time: now,
            recovery_time: to.is_in_progress().then(|| now + self.lease),
        };
        let mut tx = self.db.begin().await?;
        let Some((_, version)) = changes::advance(&mut tx, order.id, &change).await? else {
            drop(tx);
            let order = self.load(order.id).await?;
            if step == Step::Cancel {
                expected(&order, order.version)?;
            }
            return Ok(order);
        };
        if step == Step::Cancel {
            expected(&order, version - 1)?;
        }
        order.state = to;
        order.version = version;
        order.update_time = now;
        order.rejection = rejection;
        if step == Step::Confirm {
            self.outbox
                .append(&mut tx, events::confirmed(&order))
                .await?;
            // A refusal is recorded with the call, from what the order keeps of it.
            tx.answer(&convert::create_reply(&order)).await?;
        }
        let changed = events::changed(order.id, order.user_id, version, to);
        self.outbox.append(&mut tx, changed).await?;
        tx.commit().await?;
        self.cache.invalidate(order.id, version).await;
        Ok(order)
    }
}

/// What whoever placed the order is told of it, once it is not PENDING any more.
fn placed(order: Order) -> Result<Order, Error> {
    match order.state {
        State::Confirmed | State::Shipped | State::Delivered | State::Returned => Ok(order),
        State::Rejected => {
            let rejection = order.rejection.unwrap_or_default();
            Err(Error::Rejected {
                order: order.id,
                rejection,
            })
        }
        State::Pending | State::Cancelling | State::Cancelled => {
            Err(refused(&order, Step::Confirm))
        }
    }
}

fn refused(order: &Order, step: Step) -> Error {
    let refused = InvalidTransition {
        state: order.state,
        step,
    };
    Error::InvalidState {
        order: order.id,
        refused,
    }
}

/// Holds the caller's preconditions against a version of the order.
fn expected(order: &Order, version: i64) -> Result<(), Error> {
    Ok(precondition::check(
        "order",
        &order.id,
        Some(&version.to_string()),
    )?)
}
