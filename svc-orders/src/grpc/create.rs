//! Placing an order.

use contracts::tradewind::orders::v1::{CreateOrderRequest, CreateOrderResponse};
use money::Money;
use runtime::call::{CallContext, Caller};
use runtime::status::Problem;
use runtime::{id, precondition};
use store::Claim;
use uuid::Uuid;

use crate::callees::Means;
use crate::convert;
use crate::domain::{self, Funds, Order, State};
use crate::error::Error;
use crate::service::Orders;
use crate::store::changes;
use crate::terms::Offer;

/// Places an order, once for an idempotency key.
pub(super) async fn create(
    orders: &Orders,
    call: &CallContext,
    request: CreateOrderRequest,
) -> Result<CreateOrderResponse, Error> {
    let owner = owner(&call.caller, &request)?;
    let actor = call.caller.actor();
    let is_own = call.caller.user()?.id == owner;
    let offer = offer(&request, is_own)?;
    let place = |claim: Claim| async move {
        let order = match claim.resource_id() {
            Some(id) => orders.load(id::parse("orderId", id)?).await?,
            None => write(orders, owner, request, &offer, &actor).await?,
        };
        let placed = orders.place(order, &offer.means, &actor).await?;
        Ok(convert::create_reply(&placed))
    };
    Ok(orders.idempotency.once(call, place).await?)
}

/// Whose order it will be. Users order for themselves.
fn owner(caller: &Caller, request: &CreateOrderRequest) -> Result<Uuid, Error> {
    let own = caller.user()?.id;
    let owner = id::parse_if_set("userId", &request.user_id)?.unwrap_or(own);
    if !caller.is_admin() {
        if owner != own {
            return Err(Error::AdministratorsOnly("userId"));
        }
        if !request.external_reference.is_empty() {
            return Err(Error::AdministratorsOnly("externalReference"));
        }
    }
    Ok(owner)
}

/// What the buyer brings for it.
fn offer(request: &CreateOrderRequest, is_own: bool) -> Result<Offer, Error> {
    let expected = request.expected_total.as_ref().map(|amount| {
        Money::try_from(amount)
            .map_err(|error| Problem::invalid([("expectedTotal", error.to_string())]))
    });
    Ok(Offer {
        means: Means {
            token: request.payment_token.clone(),
            return_url: request.return_url.clone(),
        },
        is_own,
        is_taken_over: !request.external_reference.is_empty(),
        expected: expected.transpose()?,
    })
}

/// Writes the order as PENDING, with the catalogue's prices. Whatever is wrong with it is
/// found before that.
async fn write(
    orders: &Orders,
    owner: Uuid,
    request: CreateOrderRequest,
    offer: &Offer,
    actor: &str,
) -> Result<Order, Error> {
    let reference = Some(request.external_reference).filter(|text| !text.is_empty());
    let ship_to = convert::to_address(request.ship_to.unwrap_or_default());
    if !domain::is_destination(&ship_to.country, reference.is_some()) {
        return Err(Error::UnknownCountry);
    }
    let lines = request
        .items
        .into_iter()
        .map(|item| (item.sku, item.quantity));
    let lines = domain::merge(lines);
    let (account, products) = tokio::try_join!(
        orders.callees.account(owner),
        orders.callees.products(&lines)
    )?;
    let account = account.ok_or(Error::UnknownUser(owner))?;
    if !account.is_active {
        return Err(Error::AccountInactive(owner));
    }
    if !orders.terms.is_verified(offer, account) {
        return Err(Error::EmailNotVerified(owner));
    }
    let priced = domain::price(&lines, products?)?;
    let is_paid = orders.terms.is_paid(offer, priced.total)?;
    let now = orders.clock.now();
    let order = Order {
        id: orders.random.uuid7(&orders.clock),
        user_id: owner,
        external_reference: reference,
        state: State::Pending,
        version: 1,
        items: priced.items,
        total: priced.total,
        funds: is_paid.then(Funds::default),
        ship_to,
        rejection: None,
        create_time: now,
        update_time: now,
    };
    precondition::check("order", &order.id, None)?;
    let mut tx = orders.db.begin_for(order.id).await?;
    let (until, journal) = (now + orders.lease, &orders.journal);
    let written = changes::insert(&mut tx, &order, actor, until, journal).await;
    if let Err(error) = written {
        return Err(taken(error, &order));
    }
    tx.commit().await?;
    Ok(order)
}

/// The only thing of an order that others may have taken is its external reference.
fn taken(error: store::Error, order: &Order) -> Error {
    let unique = ["external_reference", "user_id"];
    match (error.violation(), &order.external_reference) {
        (Some(violation), Some(reference)) if violation.is_unique("orders", &unique) => {
            Error::ReferenceTaken(reference.clone())
        }
        _ => error.into(),
    }
}
