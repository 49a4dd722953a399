//! Looking at payments.

use std::time::Duration;

use contracts::tradewind::payments::v1::{
    GetDisputeRequest, GetPaymentRequest, GetTrialBalanceRequest, ListDisputesRequest,
    ListPaymentsRequest, ListProviderPaymentsRequest, PaymentOperationKind as Kind, PaymentState,
};
use runtime::status::Reason;
use store::testing::{eventually, refused};
use uuid::Uuid;

use crate::till::{ADA, Till, minor};

store::on_both! {
    async fn users_see_their_own_payments(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_ok").await.unwrap().payment_id;
        till.settle(till.new_id(), 0).await.unwrap();
        let get = || GetPaymentRequest { payment_id: payment.clone() };
        assert!(till.user(ADA).get_payment(get()).await.is_ok());
        let other = Uuid::from_u128(0xbea);
        refused(till.user(other).get_payment(get()).await, Reason::ResourceNotFound);
        for (id, expected) in [(ADA, 1), (other, 0)] {
            let list = till.user(id).list_payments(ListPaymentsRequest::default()).await;
            assert_eq!(list.unwrap().into_inner().payments.len(), expected);
        }
        let of_order = ListPaymentsRequest {
            order_id: order.to_string(),
            ..ListPaymentsRequest::default()
        };
        let list = till.user(other).list_payments(of_order).await.unwrap();
        assert!(list.into_inner().payments.is_empty());
    }

    async fn payments_come_page_by_page_the_newest_first(database: TestDatabase) {
        let till = Till::open(&database).await;
        let mut made = Vec::new();
        // All in one instant.
        for _ in 0..6 {
            made.push(till.authorize(till.new_id(), "tok_ok").await.unwrap().payment_id);
        }
        made.reverse();
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let request = ListPaymentsRequest {
                page_size: 4,
                page_token: token,
                ..ListPaymentsRequest::default()
            };
            let page = till.admin().list_payments(request).await.unwrap().into_inner();
            seen.extend(page.payments.into_iter().map(|it| it.payment_id));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, made);
    }

    async fn operations_of_one_instant_are_listed_as_they_were_recorded(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_ok").await.unwrap().payment_id;
        till.capture(order, till.new_id(), 10_000).await.unwrap();
        let amounts = [5, 3, 1, 4, 2];
        for amount in amounts {
            till.refund(&payment, till.new_id(), amount).await.unwrap();
        }
        let operations = till.operations(&payment).await;
        let kinds: Vec<_> = operations.iter().map(|it| it.kind()).collect();
        let first = [Kind::Create, Kind::Confirm, Kind::Capture].into_iter();
        assert_eq!(kinds, first.chain([Kind::Refund; 5]).collect::<Vec<_>>());
        let refunds: Vec<_> = operations[3..].iter().map(|it| minor(&it.amount)).collect();
        assert_eq!(refunds, amounts);
    }

    async fn disputes_are_listed_for_administrators(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        till.authorize(order, "tok_dispute").await.unwrap();
        till.capture(order, till.new_id(), 10_000).await.unwrap();
        eventually("it is listed", async || till.count("disputes").await == 1).await;
        let list = till.admin().list_disputes(ListDisputesRequest::default()).await.unwrap();
        let dispute = list.into_inner().disputes.remove(0);
        assert_eq!(dispute.order_id, order.to_string());
        assert_eq!(dispute.reason, "product_not_received");
        assert_eq!(minor(&dispute.amount), 10_000);
        let get = GetDisputeRequest { dispute_id: dispute.dispute_id.clone() };
        let found = till.admin().get_dispute(get).await.unwrap().into_inner();
        assert_eq!(found.dispute.unwrap(), dispute);
        let get = GetDisputeRequest { dispute_id: till.new_id().to_string() };
        refused(till.admin().get_dispute(get).await, Reason::ResourceNotFound);
    }

    async fn the_books_here_and_at_the_provider_can_be_compared(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_ok").await.unwrap().payment_id;
        till.capture(order, till.new_id(), 10_000).await.unwrap();
        till.refund(&payment, till.new_id(), 1_000).await.unwrap();
        till.authorize(till.new_id(), "tok_ok").await.unwrap();
        eventually("it is given back", async || {
            minor(&till.get(&payment).await.refunded) == 1_000
        }).await;
        let balance = till.admin().get_trial_balance(GetTrialBalanceRequest {}).await.unwrap();
        let balances: Vec<_> = balance.into_inner().balances.iter()
            .map(|it| (it.account.clone(), minor(&it.balance)))
            .collect();
        let expected = [("captured", 10_000), ("customer", -19_000), ("hold", 10_000), ("refunded", -1_000)];
        assert_eq!(balances, expected.map(|(account, amount)| (account.to_owned(), amount)));
        let listed = till.admin().list_provider_payments(ListProviderPaymentsRequest::default()).await;
        let listed = listed.unwrap().into_inner().payments;
        let known = listed.iter().find(|it| it.payment_id == payment).unwrap();
        assert_eq!((minor(&known.captured), minor(&known.refunded)), (10_000, 1_000));
        assert_eq!(listed.len(), 2);
    }

    async fn metrics_tell_of_payments_and_of_what_waits(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        till.authorize(order, "tok_ok").await.unwrap();
        till.capture(order, till.new_id(), 10_000).await.unwrap();
        let came = |state: &str| {
            till.metric("tradewind_payment_transitions_total", &[("state", state)])
        };
        let states = ["AUTHORIZING", "AUTHORIZED", "CAPTURED", "LAPSED"];
        assert_eq!(states.map(came), [1.0, 1.0, 1.0, 0.0].map(Some));
        let ended = |kind: &str, outcome: &str| {
            let labels = [("kind", kind), ("outcome", outcome)];
            till.metric("tradewind_payment_operations_total", &labels)
        };
        assert_eq!(ended("CAPTURE", "succeeded"), Some(1.0));
        assert_eq!(ended("CAPTURE", "refused"), Some(0.0));
        let calls = "tradewind_payment_provider_call_duration_seconds_count";
        let labels = [("provider", "sandbox"), ("outcome", "answered")];
        assert!(till.metric(calls, &labels).is_some_and(|count| count >= 3.0));

        till.authorize(till.new_id(), "tok_lapses").await.unwrap();
        let unknown = till.authorize(till.new_id(), "tok_timeout_never").await.unwrap();
        assert_eq!(unknown.state(), PaymentState::Authorizing);
        let disputed = till.new_id();
        till.authorize(disputed, "tok_dispute").await.unwrap();
        till.capture(disputed, till.new_id(), 10_000).await.unwrap();
        eventually("the dispute is heard of", async || till.count("disputes").await == 1).await;
        let returned = till.new_id();
        let payment = till.authorize(returned, "tok_refund_pending_then_failed").await.unwrap().payment_id;
        till.capture(returned, till.new_id(), 10_000).await.unwrap();
        till.refund(&payment, till.new_id(), 4_000).await.unwrap();
        eventually("a bank is waited for", async || {
            let refund = till.operations(&payment).await.pop().unwrap();
            !refund.provider_ref.is_empty()
        }).await;
        till.hands.advance(Duration::from_secs(30));
        // Whoever starts looks at once.
        let replica = till.replica(&database).await;
        let told = |name: &str| replica.metric(name, &[]);
        eventually("what waits is told", async || {
            told("tradewind_payment_holds_ending") == Some(1.0)
                && told("tradewind_payment_disputes_open") == Some(1.0)
                && told("tradewind_payment_operations_open") == Some(1.0)
        }).await;
        assert_eq!(told("tradewind_payment_operations_oldest_open_age_seconds"), Some(30.0));
    }
}
