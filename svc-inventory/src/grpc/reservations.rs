//! List, reserve, commit, release.

use contracts::tradewind::inventory::v1::{
    CommitReservationRequest, CommitReservationResponse, ListReservationsRequest,
    ListReservationsResponse, ReleaseReservationRequest, ReleaseReservationResponse,
    ReserveStockRequest, ReserveStockResponse,
};
use net::planted::is_planted;
use runtime::id;
use store::page;
use uuid::Uuid;

use crate::convert;
use crate::domain::reservation::{Lines, Refusal, Reservation, State, Step};
use crate::error::Error;
use crate::events;
use crate::expiry;
use crate::service::Inventory;
use crate::store::{reservations, stock};

pub(super) async fn list(
    inventory: &Inventory,
    request: ListReservationsRequest,
) -> Result<ListReservationsResponse, Error> {
    let size = page::size(&request);
    let state = convert::to_state(request.state());
    let list = store::list!("reservations", request);
    let before: Option<Uuid> = list.after(&request.page_token)?;
    let mut tx = inventory.db.read().await?;
    // One more than fits tells whether there is a next page.
    let mut page = reservations::list(&mut tx, state, before, size + 1).await?;
    let next_page_token = list.cut(&mut page, size, |last| last.order_id);
    Ok(ListReservationsResponse {
        reservations: page.iter().map(convert::reservation).collect(),
        next_page_token,
    })
}

pub(super) async fn reserve(
    inventory: &Inventory,
    request: ReserveStockRequest,
) -> Result<ReserveStockResponse, Error> {
    let order_id = id::parse("orderId", &request.order_id)?;
    let lines = convert::to_lines(request.lines)?;
    let mut held = hold(inventory, order_id, &lines).await;
    // What nobody may commit any more is not in the way of those who want it now.
    if matches!(held, Err(Error::Short(_))) && expiry::expire_due(inventory).await? > 0 {
        held = hold(inventory, order_id, &lines).await;
    }
    // Whoever asks again for this order, or asks at the same time, does not get units that came
    // meanwhile.
    while let Err(Error::Short(shortages)) = &held {
        let refused = Reservation::tombstone(order_id, shortages.clone());
        if bury(inventory, &refused).await? {
            break;
        }
        held = hold(inventory, order_id, &lines).await;
    }
    let reservation = held?;
    Ok(ReserveStockResponse {
        reservation: Some(convert::reservation(&reservation)),
    })
}

/// Holds the units of all the lines back, or returns the reservation that the order has.
async fn hold(inventory: &Inventory, order_id: Uuid, lines: &Lines) -> Result<Reservation, Error> {
    let now = inventory.clock.now();
    let early = match is_planted("reserve without lock") {
        true => Some(stock::lock(&mut inventory.db.read().await?, lines).await?),
        false => None,
    };
    let mut tx = inventory.db.begin().await?;
    let levels = match early {
        Some(levels) => levels,
        None => stock::lock(&mut tx, lines).await?,
    };
    let shortages = lines.shortages(&levels);
    if shortages.is_empty() {
        let reservation = Reservation::new(order_id, lines.clone(), now + inventory.hold_for);
        let transitions = &inventory.transitions;
        if reservations::hold(&mut tx, &reservation, now, transitions).await? {
            events::commit_change(inventory, tx, &reservation).await?;
            return Ok(reservation);
        }
    }
    // Nobody has to wait for stock that is not taken.
    tx.rollback().await?;
    let again = |reservation: &Reservation| reservation.reserve_again(lines, now);
    let reservation = step(inventory, order_id, again).await?;
    reservation.ok_or(Error::Short(shortages))
}

pub(super) async fn commit(
    inventory: &Inventory,
    request: CommitReservationRequest,
) -> Result<CommitReservationResponse, Error> {
    let order_id = id::parse("orderId", &request.order_id)?;
    let now = inventory.clock.now();
    let reservation = step(inventory, order_id, |reservation| reservation.commit(now)).await?;
    let reservation = reservation.ok_or(Error::NoReservation { order_id })?;
    Ok(CommitReservationResponse {
        reservation: Some(convert::reservation(&reservation)),
    })
}

pub(super) async fn release(
    inventory: &Inventory,
    request: ReleaseReservationRequest,
) -> Result<ReleaseReservationResponse, Error> {
    let order_id = id::parse("orderId", &request.order_id)?;
    // A reservation that comes while its tombstone is written is there at the second look.
    while step(inventory, order_id, Reservation::release)
        .await?
        .is_none()
    {
        if bury(inventory, &Reservation::tombstone(order_id, Vec::new())).await? {
            break;
        }
    }
    Ok(ReleaseReservationResponse {})
}

/// Takes the step that `decide` says; `None` if the order has no reservation.
async fn step(
    inventory: &Inventory,
    order_id: Uuid,
    decide: impl FnOnce(&Reservation) -> Result<Step, Refusal>,
) -> Result<Option<Reservation>, Error> {
    let mut tx = inventory.db.begin().await?;
    let Some(mut reservation) = reservations::get_locked(&mut tx, order_id).await? else {
        return Ok(None);
    };
    let refused = |refusal| Error::Refused { order_id, refusal };
    match decide(&reservation).map_err(refused)? {
        Step::Nothing => {}
        Step::To(state) => {
            let shift = reservation.enter(state);
            let (now, transitions) = (inventory.clock.now(), &inventory.transitions);
            reservations::update(&mut tx, &reservation, shift, now, transitions).await?;
            events::commit_change(inventory, tx, &reservation).await?;
            if state == State::Expired {
                return Err(refused(Refusal::Gone));
            }
        }
    }
    Ok(Some(reservation))
}

/// Leaves the tombstone of a reservation that will never be; false if the order has one.
async fn bury(inventory: &Inventory, tombstone: &Reservation) -> Result<bool, Error> {
    let mut tx = inventory.db.statements().await?;
    let buried = reservations::bury(&mut tx, tombstone, inventory.clock.now()).await?;
    tx.commit().await?;
    Ok(buried)
}
