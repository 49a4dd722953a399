//! What the database itself refuses, whoever writes.

use store::testing::TestDatabase;
use uuid::Uuid;

use crate::till::Till;

/// Runs each statement, and says which of them the database let through.
async fn let_through(till: &Till, statements: &[&'static str]) -> Vec<&'static str> {
    let mut passed = Vec::new();
    for statement in statements {
        let mut tx = till.write().await;
        let done = store::execute!(tx, *statement);
        let committed = match done {
            Ok(_) => tx.commit().await,
            Err(error) => Err(error),
        };
        if committed.is_ok() {
            passed.push(*statement);
        }
    }
    passed
}

/// A till with one payment of which money is held, taken and given back.
async fn with_money(database: &TestDatabase) -> Till {
    let till = Till::open(database).await;
    let order = till.new_id();
    let payment = till.authorize(order, "tok_ok").await.unwrap().payment_id;
    till.capture(order, Uuid::from_u128(1), 10_000)
        .await
        .unwrap();
    till.refund(&payment, Uuid::from_u128(2), 1_000)
        .await
        .unwrap();
    store::testing::eventually("it is given back", async || {
        till.count("payments WHERE refunded = 1000").await == 1
    })
    .await;
    till
}

store::on_both! {
    async fn the_ledger_is_appended_to_and_never_changed(database: TestDatabase) {
        let till = with_money(&database).await;
        let passed = let_through(&till, &[
            "UPDATE postings SET amount = amount + 1",
            "UPDATE postings SET account = 'fee'",
            "UPDATE postings SET amount = -amount",
            "DELETE FROM postings",
            "DELETE FROM postings WHERE account = 'customer'",
            "DELETE FROM operations",
            "DELETE FROM payments",
            "UPDATE operations SET payment_id = operation_id",
            "UPDATE payments SET currency = 'EUR'",
            "UPDATE payments SET amount = 1",
        ]).await;
        assert!(passed.is_empty(), "{passed:?}");
    }

    async fn the_postings_of_an_operation_sum_to_zero(database: TestDatabase) {
        let till = with_money(&database).await;
        let passed = let_through(&till, &[
            "INSERT INTO postings (operation_id, account, amount, create_time) \
             SELECT operation_id, 'customer', 5, create_time FROM operations",
            "INSERT INTO postings (operation_id, account, amount, create_time) \
             SELECT operation_id, 'fee', 0, create_time FROM operations",
            "INSERT INTO postings (operation_id, account, amount, create_time) \
             SELECT operation_id, 'cash', 5, create_time FROM operations",
        ]).await;
        assert!(passed.is_empty(), "{passed:?}");
        // One of any other account brings its counterpart along.
        let fee = ["INSERT INTO postings (operation_id, account, amount, create_time) \
             SELECT operation_id, 'fee', 5, create_time FROM operations WHERE kind = 'CAPTURE'"];
        assert_eq!(let_through(&till, &fee).await.len(), 1);
        let sums = "(SELECT operation_id FROM postings GROUP BY operation_id HAVING SUM(amount) <> 0) AS wrong";
        assert_eq!(till.count(sums).await, 0);
    }

    async fn a_payment_is_moved_by_its_postings_alone(database: TestDatabase) {
        let till = with_money(&database).await;
        let passed = let_through(&till, &[
            "UPDATE payments SET authorized = 20000",
            "UPDATE payments SET held = 1",
            "UPDATE payments SET captured = 9999",
            "UPDATE payments SET refunded = 0",
            "UPDATE payments SET disputed = 1",
            "UPDATE payments SET captured = captured + 1, authorized = authorized + 1",
        ]).await;
        assert!(passed.is_empty(), "{passed:?}");
        // A posting moves the payment, which keeps its bounds.
        let passed = let_through(&till, &[
            "INSERT INTO postings (operation_id, account, amount, create_time) \
             SELECT operation_id, 'captured', 1, create_time FROM operations WHERE kind = 'CAPTURE'",
            "INSERT INTO postings (operation_id, account, amount, create_time) \
             SELECT operation_id, 'refunded', -9001, create_time FROM operations WHERE kind = 'REFUND'",
            "INSERT INTO postings (operation_id, account, amount, create_time) \
             SELECT operation_id, 'hold', -1, create_time FROM operations WHERE kind = 'CONFIRM'",
            "UPDATE payments SET capturing = 1",
            "UPDATE payments SET refunding = 9001",
            "UPDATE payments SET capturing = -1",
        ]).await;
        assert!(passed.is_empty(), "{passed:?}");
        let refund = ["INSERT INTO postings (operation_id, account, amount, create_time) \
             SELECT operation_id, 'refunded', -9000, create_time FROM operations WHERE kind = 'REFUND'"];
        assert_eq!(let_through(&till, &refund).await.len(), 1);
        assert_eq!(till.count("payments WHERE refunded = 10000").await, 1);
    }

    async fn an_order_has_one_payment_and_an_object_one_too(database: TestDatabase) {
        let till = with_money(&database).await;
        till.authorize(till.new_id(), "tok_ok").await.unwrap();
        let passed = let_through(&till, &[
            "UPDATE payments SET provider_ref = 'pi_1'",
            "UPDATE operations SET request_id = NULL, amount = -1",
            "UPDATE payments SET state = 'LOST'",
        ]).await;
        assert!(passed.is_empty(), "{passed:?}");
    }
}
