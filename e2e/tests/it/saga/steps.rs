//! All that may happen next.

use svc_inventory::domain::reservation::State as Reserved;
use svc_orders::domain::{self as orders, Step};
use svc_payments::domain::{self as payments, Ask};
use svc_shipping::domain as shipping;
use uuid::Uuid;

use super::callees::Reply;
use super::provider::{Answer, Stands};
use super::world::{Driver, Mutant, Rules, Worker, World};

pub(super) type Moves = Vec<(String, World)>;

/// Every state that may follow, and by what.
pub(super) fn next(world: &World, rules: &Rules) -> Moves {
    let mut moves = Moves::new();
    let Some(state) = world.order else {
        let mut next = world.clone();
        next.order = Some(orders::State::Pending);
        moves.push(("the order is placed".into(), next));
        return moves;
    };
    if world.cancels > 0
        && let Ok(to) = state.after(Step::Cancel)
        && to != state
    {
        let mut next = world.clone();
        (next.order, next.cancels) = (Some(to), world.cancels - 1);
        moves.push(("the buyer cancels".into(), next));
    }
    for which in 0..world.workers.len() {
        worker(world, which, state, rules, &mut moves);
    }
    driver(world, rules, &mut moves);
    outside(world, &mut moves);
    events(world, &mut moves);
    moves
}

fn worker(world: &World, which: usize, state: orders::State, rules: &Rules, moves: &mut Moves) {
    let name = ["the request", "recovery"][which];
    let with = |worker| {
        let mut next = world.clone();
        next.workers[which] = worker;
        next
    };
    let act: (String, World) = match world.workers[which] {
        Worker::Idle => {
            if let Some(plan) = rules.plan(state) {
                let next = with(Worker::Asks(plan, 0, state));
                moves.push((format!("{name} takes the {state} order up"), next));
            }
            let is_early = rules.is(Mutant::CapturedBeforeDispatch)
                && state == orders::State::Confirmed
                && world.object.stands == Stands::Held;
            if world.is_capture_due || is_early {
                let next = with(Worker::Captures);
                moves.push((format!("{name} takes the capture up"), next));
            }
            return;
        }
        Worker::Asks(plan, number, found) => {
            let plan_of = &rules.plans[plan];
            let (ask, refused) = plan_of.asks[number];
            let mut next = world.clone();
            let reply = next.ask(ask, which == 0, rules);
            next.workers[which] = match (reply, refused) {
                (Reply::Done, _) if number + 1 < plan_of.asks.len() => {
                    Worker::Asks(plan, number + 1, found)
                }
                (Reply::Done, _) => Worker::Writes(plan_of.done, found),
                (Reply::AwaitsBuyer, _) => Worker::Writes(Step::Await, found),
                (Reply::Refused, Some(step)) => Worker::Writes(step, found),
                (Reply::Refused, None) | (Reply::Undecided, _) => Worker::Idle,
            };
            (format!("{name}: {ask}: {reply:?}"), next)
        }
        Worker::Writes(step, found) => {
            let mut next = with(Worker::Idle);
            if state == found
                && let Ok(to) = found.after(step)
                && to != found
            {
                let is_short = rules.is(Mutant::RejectedWithoutGivingBack) && step == Step::Reject;
                next.order = Some(if is_short {
                    orders::State::Rejected
                } else {
                    to
                });
                next.confirmed |= step == Step::Confirm;
            }
            (format!("{name} writes {step:?}"), next)
        }
        Worker::Captures => {
            let mut next = with(Worker::Idle);
            if next.capture() {
                next.is_capture_due = false;
            }
            (format!("{name} has the money taken"), next)
        }
    };
    if world.faults > 0 {
        let mut crashed = with(Worker::Idle);
        crashed.faults -= 1;
        moves.push((format!("{name} crashes"), crashed));
        // What is written is written, whoever hears of it.
        if !matches!(world.workers[which], Worker::Writes(..)) {
            let mut lost = act.1.clone();
            lost.workers[which] = Worker::Idle;
            lost.is_capture_due = world.is_capture_due;
            lost.faults -= 1;
            moves.push((format!("{}, and the reply is lost", act.0), lost));
        }
    }
    moves.push(act);
}

/// svc-payments' own loop: look, send, hear.
fn driver(world: &World, rules: &Rules, moves: &mut Moves) {
    let Some(payment) = &world.payment else {
        return;
    };
    let crashed = |world: &World, what: &str, moves: &mut Moves| {
        if world.faults > 0 {
            let mut next = world.clone();
            next.faults -= 1;
            next.driver = Driver::Idle { is_fresh: false };
            moves.push((format!("payments: {what}"), next));
        }
    };
    match &world.driver {
        Driver::Idle { is_fresh } => {
            let mut ask = payment.next(*is_fresh, far());
            if ask == Ask::Nothing && !is_fresh && has_news(world, payment) {
                ask = Ask::Look;
            }
            let mut next = world.clone();
            match &ask {
                Ask::Nothing if !is_fresh => {}
                Ask::Nothing => {
                    next.driver = Driver::Idle { is_fresh: false };
                    moves.push(("payments: rests".into(), next));
                }
                Ask::Look => {
                    next.driver = Driver::Asks(ask, payment.version);
                    moves.push(("payments: looks".into(), next));
                }
                Ask::Send(operation) => {
                    next.change(|payment, _| payment.send(operation, far()));
                    let version = next.payment.as_ref().map_or(0, |it| it.version);
                    let what = format!("payments: about to send {:?}", operation.kind);
                    next.driver = Driver::Asks(ask, version);
                    moves.push((what, next));
                }
            }
        }
        Driver::Asks(ask, version) => {
            crashed(world, "crashes before it asks", moves);
            let answers = match ask {
                Ask::Send(operation) => {
                    let is_one_call = rules.is(Mutant::CreatedAndConfirmedInOne);
                    world.object.ask(operation, is_one_call)
                }
                _ => vec![(world.object.clone(), world.object.look())],
            };
            for (object, answer) in answers {
                let mut next = world.clone();
                let stands = object.stands;
                next.object = object;
                next.driver = Driver::Hears(ask.clone(), *version, answer);
                moves.push((format!("provider: now {stands:?}"), next));
            }
        }
        Driver::Hears(ask, version, answer) => {
            crashed(world, "the provider's reply is lost", moves);
            let mut next = world.clone();
            let is_unchanged = payment.version == *version;
            let operation = match ask {
                Ask::Send(operation) => operation.id,
                _ => Uuid::nil(),
            };
            if is_unchanged {
                next.change(|payment, book| hear(payment, operation, answer, book));
            }
            next.driver = Driver::Idle {
                is_fresh: is_unchanged,
            };
            moves.push(("payments: hears".into(), next));
        }
    }
}

/// Whether a look would tell the payment more than it knows, and is taken in time: one that would not
/// changes nothing, so it is left out.
fn has_news(world: &World, payment: &payments::Payment) -> bool {
    let is_as_known = match payment.state {
        payments::State::RequiresAction => world.object.stands == Stands::RequiresAction,
        payments::State::Authorized => world.object.stands == Stands::Held,
        _ => false,
    };
    payment.provider_ref.is_some() && payment.due(far()).is_some() && !is_as_known
}

fn hear(
    payment: &mut payments::Payment,
    operation: Uuid,
    answer: &Answer,
    book: &mut payments::Book<'_>,
) {
    match answer {
        Answer::Intent(intent) => payment.hear_intent(intent, book),
        Answer::Refund(refund) => payment.hear_refund(operation, refund, book),
        Answer::Seen(seen) => payment.hear(seen, book),
        Answer::No(seen) => payment.hear_refusal(Some((operation, "no")), seen, book),
    }
}

/// Later than any pause.
fn far() -> chrono::DateTime<chrono::Utc> {
    super::world::NOW + chrono::TimeDelta::days(30)
}

/// Time, the buyer, the bank.
fn outside(world: &World, moves: &mut Moves) {
    let mut push = |what: &str, change: &dyn Fn(&mut World)| {
        let mut next = world.clone();
        change(&mut next);
        moves.push((what.to_owned(), next));
    };
    if world.reserved() == Some(Reserved::Reserved) {
        match world.is_late {
            false => push("the reservation's time is over", &|next| {
                next.is_late = true
            }),
            true => push("inventory gives the units back", &World::expire),
        }
    }
    match world.object.stands {
        Stands::RequiresAction => {
            push("the buyer authenticates", &|next| {
                next.object.stands = Stands::Held
            });
            push("the buyer leaves", &|next| {
                next.object.stands = Stands::Canceled
            });
        }
        Stands::Held if world.lapses > 0 => push("the hold lapses", &|next| {
            next.object.stands = Stands::Canceled;
            next.lapses -= 1;
        }),
        _ => {}
    }
    if world.shipment == Some(shipping::State::Preparing) {
        push("the carrier takes the shipment", &|next| {
            let after = shipping::State::Preparing.after(shipping::Step::Dispatch);
            next.shipment = after.ok();
            (next.dispatched_to_orders, next.dispatched_to_inventory) = (true, true);
        });
    }
}

/// At least once, and in any order.
fn events(world: &World, moves: &mut Moves) {
    type Effect = fn(&mut World);
    let known: [(&str, bool, Effect, Effect); 4] = [
        (
            "shipping hears OrderConfirmed",
            world.confirmed,
            |next| {
                next.shipment.get_or_insert(shipping::State::Preparing);
            },
            |next| next.confirmed = false,
        ),
        (
            "orders hear ShipmentDispatched",
            world.dispatched_to_orders,
            |next| {
                let state = next.order.expect("it is placed");
                next.order = Some(state.after(Step::Dispatch).unwrap_or(state));
                next.is_capture_due = true;
            },
            |next| next.dispatched_to_orders = false,
        ),
        (
            "inventory hears ShipmentDispatched",
            world.dispatched_to_inventory,
            World::take_off_hand,
            |next| next.dispatched_to_inventory = false,
        ),
        (
            "orders hear PaymentLapsed",
            world.lapsed,
            |next| {
                let state = next.order.expect("it is placed");
                if !state.is_in_progress() {
                    next.order = Some(state.after(Step::Lapse).unwrap_or(state));
                }
            },
            |next| next.lapsed = false,
        ),
    ];
    for (what, is_on_its_way, effect, done) in known {
        if !is_on_its_way {
            continue;
        }
        let mut next = world.clone();
        effect(&mut next);
        if world.faults > 0 {
            let mut again = next.clone();
            again.faults -= 1;
            moves.push((format!("{what}, and will once more"), again));
        }
        done(&mut next);
        moves.push((what.to_owned(), next));
    }
}
