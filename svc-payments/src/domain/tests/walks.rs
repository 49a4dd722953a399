//! Whatever a provider does, in any order, with replies that are lost.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::world::{AMOUNT, World};
use crate::domain::snapshot::RefundStatus;
use crate::domain::{News, State};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_happens_the_books_balance_and_a_payment_ends_where_the_provider_is(
        steps in prop::collection::vec((0_u8..9, any::<u8>()), 0..40),
        last_word in prop::option::of(0..=AMOUNT),
    ) {
        let mut world = World::new();
        for (step, whim) in steps {
            match step {
                0..=2 => { world.drive(whim, None); }
                3 => { world.drive(whim, Some(whim.is_multiple_of(2))); }
                4 => world.happen(whim),
                5 => {
                    world.is_fresh = false;
                    world.look();
                }
                6 => {
                    let id = Uuid::from_u128(u128::from(whim % 2) << 64);
                    let _ = world.change(|it, book| it.capture(id, 40, book));
                }
                7 => {
                    let id = Uuid::from_u128(u128::from(whim % 4) << 72);
                    let amount = i64::from(whim % 50) + 1;
                    let _ = world.change(|it, book| {
                        it.begin_refund(id, amount, String::new(), book).map(|_| ())
                    });
                }
                _ => world.now += TimeDelta::minutes(i64::from(whim)),
            }
        }
        if let Some(amount) = last_word {
            let settled = world.change(|it, book| it.settle(amount, String::new(), book));
            prop_assert_eq!(settled, Ok(()));
        }
        world.rest();
        let payment = &world.payment;
        let is_settled = last_word.is_some();
        if is_settled {
            prop_assert!(payment.state.is_terminal(), "{payment:#?}");
        }
        let Some(intent) = &world.intent else {
            prop_assert!(payment.state == State::Closed || !is_settled);
            return Ok(());
        };
        let done = world.refunds.iter().filter(|it| it.status == RefundStatus::Succeeded);
        let given_back: i64 = done.map(|it| it.amount).sum();
        prop_assert_eq!(payment.held, intent.held);
        prop_assert_eq!(payment.captured, intent.captured);
        prop_assert_eq!(payment.refunded, given_back);
        if payment.state.is_terminal() {
            prop_assert_eq!(intent.held, 0);
        }
        if let Some(amount) = last_word && payment.state == State::Closed {
            let kept = intent.captured - given_back;
            let failed = |it: &News| matches!(it, News::CaptureFailed(_) | News::RefundFailed(_));
            prop_assert!(
                kept == amount || kept < amount && world.told(failed) || world.told(failed)
                    || world.refunds.iter().any(|it| it.refund_id.is_none()),
                "{} is kept of {}: {:#?}", kept, amount, payment
            );
        }
    }
}
