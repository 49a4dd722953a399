//! What an order asks of other services, step by step, and how each step is taken back.

use futures::future::BoxFuture;

use crate::callees::{CalleeError, Callees};
use crate::domain::Order;

/// What a step asks of a callee for an order.
type Ask = for<'a> fn(&'a Callees, &'a Order) -> BoxFuture<'a, Result<(), CalleeError>>;

/// A step of the saga. It may be taken and undone by several at once and any number of times: the
/// callee knows it by `idempotent_by`. A step that is undone before it was taken is refused from then
/// on (the callee keeps a tombstone), so none may be left out when an order is taken back.
pub(crate) struct SagaStep {
    /// For the log.
    pub(crate) name: &'static str,
    /// A refusal is final for the order.
    pub(crate) take: Ask,
    /// None where undoing another step undoes it too.
    pub(crate) undo: Option<Ask>,
    pub(crate) idempotent_by: &'static str,
}

/// The steps from PENDING to CONFIRMED, in the order in which they are taken, and undone.
pub(crate) const PLACING: &[SagaStep] = &[
    SagaStep {
        name: "reserve the stock",
        take: |callees, order| Box::pin(callees.reserve(order.id, &order.items)),
        undo: Some(|callees, order| Box::pin(callees.release(order.id))),
        idempotent_by: "order_id",
    },
    SagaStep {
        name: "commit the reservation",
        take: |callees, order| Box::pin(callees.commit(order.id)),
        undo: None, // releasing gives back what is committed too
        idempotent_by: "order_id",
    },
];

/// Takes the steps in their order. What was taken before one that is refused is undone.
pub(crate) async fn take(
    steps: &[SagaStep],
    callees: &Callees,
    order: &Order,
) -> Result<(), CalleeError> {
    for (number, step) in steps.iter().enumerate() {
        match (step.take)(callees, order).await {
            Ok(()) => {}
            Err(CalleeError::Refused(refusal)) => {
                undo(&steps[..number], callees, order).await?;
                return Err(CalleeError::Refused(refusal));
            }
            Err(undecided) => {
                let SagaStep {
                    name,
                    idempotent_by,
                    ..
                } = step;
                tracing::debug!(order.id = %order.id, step = name, idempotent_by, "undecided");
                return Err(undecided);
            }
        }
    }
    Ok(())
}

/// Undoes the steps, whether they were taken or not.
pub(crate) async fn undo(
    steps: &[SagaStep],
    callees: &Callees,
    order: &Order,
) -> Result<(), CalleeError> {
    for undo in steps.iter().filter_map(|step| step.undo) {
        // Nobody may refuse that: what does not happen now has to happen later.
        undo(callees, order).await.map_err(CalleeError::undecided)?;
    }
    Ok(())
}
