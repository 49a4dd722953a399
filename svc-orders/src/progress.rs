//! Orders on their way: each asks other services what its plan says ([`crate::domain::PLANS`]), and
//! then writes one transaction.
//!
//! Every ask is idempotent by the order's id, and every step moves the order only from the state in
//! which it was found. So it does no harm that two work on the same order: the one that comes second
//! finds the order moved, and goes by what it finds.

use runtime::precondition;
use tonic::Status;
use uuid::Uuid;

use crate::callees::{Answer, CalleeError, Means};
use crate::domain::{Ask, Funds, InvalidTransition, Order, Plan, Rejection, State, Step, plan};
use crate::error::Error;
use crate::service::Orders;
use crate::store::changes::{self, Change};
use crate::store::recovery;
use crate::{convert, events};

/// What the callees of a plan said.
enum Outcome {
    /// All of it is done.
    Done,
    /// The buyer has to do something first.
    AwaitsBuyer,
    /// A callee refused, and this step follows.
    Refused(Status, Step),
}

impl Orders {
    /// Drives a new order to CONFIRMED, or AWAITING_PAYMENT, or, if a callee refuses, to REJECTED. If
    /// one is away, the order stays where it is. The call that placed it is answered with what
    /// confirms it, or has it wait.
    pub(crate) async fn place(
        &self,
        order: Order,
        means: &Means,
        actor: &str,
    ) -> Result<Order, Error> {
        let id = order.id;
        match self.drive(order, Some(means), actor, "").await {
            Ok((order, _)) => placed(order),
            Err(unknown @ Error::PaymentUnknown { is_begun: true, .. }) => {
                self.hand_over(id).await?;
                Err(unknown)
            }
            // It is refused for good, though not all that it held is given back yet.
            Err(error) => match self.load(id).await {
                Ok(order) if order.state == State::Rejecting => placed(order),
                _ => Err(error),
            },
        }
    }

    /// Cancels an order: CANCELLING, and on from there. A cancelled order stays so.
    pub(crate) async fn cancel(
        &self,
        order: Order,
        actor: &str,
        reason: &str,
    ) -> Result<Order, Error> {
        let mut order = order;
        expected(&order, order.version)?;
        while order.state != State::Cancelling {
            if after(&order, Step::Cancel)? == order.state {
                return Ok(order);
            }
            order = self
                .step(order, Step::Cancel, actor, reason, None, None)
                .await?;
        }
        let id = order.id;
        match self.drive(order, None, actor, reason).await? {
            (_, Some(refusal)) => Err(Error::CancelRefused { order: id, refusal }),
            (order, None) if order.state == State::Cancelled => Ok(order),
            (order, None) => Err(refused(&order, Step::Cancel)),
        }
    }

    /// Takes an order in progress up where it was left. Returns where it stands then.
    pub(crate) async fn resume(&self, id: Uuid, actor: &str) -> Result<State, Error> {
        let order = self.load(id).await?;
        match self.drive(order, None, actor, "").await {
            Ok((order, _)) => Ok(order.state),
            // Somebody else brought it to its end.
            Err(Error::InvalidState { refused, .. }) => Ok(refused.state),
            Err(error) => Err(error),
        }
    }

    /// Leaves an order to recovery at once: the request that placed it ends.
    async fn hand_over(&self, id: Uuid) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        recovery::postpone(&mut tx, id, self.clock.now()).await?;
        tx.wake_on_commit(&self.wake);
        tx.commit().await?;
        Ok(())
    }

    /// Follows the order's plans until it has none, or waits for its buyer. Returns it with the last
    /// refusal that it met.
    async fn drive(
        &self,
        mut order: Order,
        means: Option<&Means>,
        actor: &str,
        reason: &str,
    ) -> Result<(Order, Option<Status>), Error> {
        let mut refusal = None;
        while let Some(plan) = plan(order.state) {
            order = match self.ask(plan, &order, means).await? {
                Outcome::Done => {
                    let funds = order.funds.map(|funds| after_step(funds, plan.done));
                    self.step(order, plan.done, actor, reason, None, funds)
                        .await?
                }
                Outcome::AwaitsBuyer => {
                    let order = self
                        .step(order, Step::Await, actor, reason, None, None)
                        .await?;
                    return Ok((order, None));
                }
                Outcome::Refused(status, step) => {
                    let rejection = (step == Step::Reject).then(|| Rejection {
                        reason: status.message().to_owned(),
                        details: status.details().to_vec(),
                    });
                    let order = self
                        .step(order, step, actor, status.message(), rejection, None)
                        .await?;
                    refusal = Some(status);
                    order
                }
            };
        }
        Ok((order, refusal))
    }

    /// Asks what the plan says, in its order.
    async fn ask(
        &self,
        plan: &Plan,
        order: &Order,
        means: Option<&Means>,
    ) -> Result<Outcome, Error> {
        for (ask, refused) in plan.asks {
            match self.callees.ask(*ask, order, means).await {
                Ok(Answer::Done) => {}
                Ok(Answer::AwaitsBuyer) => return Ok(Outcome::AwaitsBuyer),
                Err(CalleeError::Refused(status)) => {
                    if let Some(step) = refused {
                        return Ok(Outcome::Refused(status, *step));
                    }
                    // What may not be refused has to happen later.
                    return Err(CalleeError::Undecided(status).into());
                }
                Err(undecided) => {
                    tracing::debug!(order.id = %order.id, %ask, "undecided");
                    return Err(match ask {
                        Ask::Authorize => Error::of_payment(order.id, undecided),
                        _ => undecided.into(),
                    });
                }
            }
        }
        Ok(Outcome::Done)
    }

    /// Brings what others hold for an order, and the order, together: drives it on, or asks once more
    /// for all to be given back that it may not hold. `None` if nobody knows of the order.
    pub(crate) async fn reconcile(&self, id: Uuid, actor: &str) -> Result<Option<Order>, Error> {
        let order = match self.load(id).await {
            Ok(order) => order,
            Err(Error::NotFound(_)) => {
                self.callees.forsake(id).await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let way_back = match order.state {
            State::Rejected => plan(State::Rejecting),
            State::Cancelled => plan(State::Cancelling),
            _ => None,
        };
        match way_back {
            Some(plan) => {
                if let Outcome::Refused(refusal, _) = self.ask(plan, &order, None).await? {
                    return Err(Error::CancelRefused { order: id, refusal });
                }
            }
            None => {
                self.resume(id, actor).await?;
            }
        }
        Ok(Some(self.load(id).await?))
    }

    /// Moves the order, if it still stands where it was found. Returns it as it stands afterwards.
    async fn step(
        &self,
        mut order: Order,
        step: Step,
        actor: &str,
        reason: &str,
        rejection: Option<Rejection>,
        funds: Option<Funds>,
    ) -> Result<Order, Error> {
        let to = after(&order, step)?;
        if to == order.state {
            return Ok(order);
        }
        let now = self.clock.now();
        let change = Change {
            from: order.state,
            to,
            actor,
            reason,
            rejection: rejection.as_ref(),
            funds,
            time: now,
            recovery_time: to.is_in_progress().then(|| now + self.lease),
        };
        let mut tx = self.db.begin().await?;
        let moved = changes::advance(&mut tx, order.id, &change, &self.journal).await?;
        let Some(moved) = moved else {
            drop(tx);
            let order = self.load(order.id).await?;
            if step == Step::Cancel {
                expected(&order, order.version)?;
            }
            return Ok(order);
        };
        if step == Step::Cancel {
            expected(&order, moved.version - 1)?;
        }
        order.state = to;
        order.version = moved.version;
        order.update_time = now;
        order.rejection = rejection.or(order.rejection);
        order.funds = funds.or(order.funds);
        if matches!(step, Step::Confirm | Step::Await) {
            // A refusal is recorded with the call, from what the order keeps of it.
            tx.answer(&convert::create_reply(&order)).await?;
        }
        if let Some(event) = events::of_step(step, &order) {
            self.outbox.append(&mut tx, event).await?;
        }
        let changed = events::changed(order.id, &moved, to);
        self.outbox.append(&mut tx, changed).await?;
        tx.commit().await?;
        self.cache.invalidate(order.id, moved.version).await;
        Ok(order)
    }
}

/// What is known of the money once a plan is done.
fn after_step(funds: Funds, done: Step) -> Funds {
    match done {
        Step::Confirm => Funds {
            authorized: true,
            ..funds
        },
        _ => Funds {
            is_over: true,
            ..funds
        },
    }
}

/// What whoever placed the order is told of it, once it is not PENDING any more.
fn placed(order: Order) -> Result<Order, Error> {
    match order.state {
        State::AwaitingPayment
        | State::Confirmed
        | State::Shipped
        | State::Delivered
        | State::Returned => Ok(order),
        State::Rejecting | State::Rejected => {
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

/// Where the step leads.
fn after(order: &Order, step: Step) -> Result<State, Error> {
    let to = order.state.after(step);
    to.map_err(|refused| Error::InvalidState {
        order: order.id,
        refused,
    })
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
