//! The trail of an order: what is done to it behind the service's back shows.

use std::process::Command;

use bus::Delivery;
use chrono::DateTime;
use contracts::tradewind::orders::v1::{OrderChanged, OrderState};
use contracts::tradewind::users::v1::UserDeleted;
use prost::Message as _;
use sqlx::AssertSqlSafe;
use store::testing::{TestDatabase, eventually};
use svc_orders::audit::{Audit, Checked, Head, Kind, PublicKey, SigningKey};
use uuid::Uuid;

use crate::neighbours::Fault;
use crate::shop::{AUDIT_KEY, Buyer, Shop};

fn public_key() -> PublicKey {
    SigningKey::from_base64(AUDIT_KEY).unwrap().public()
}

async fn audit(database: &TestDatabase) -> Audit {
    let database = database.open(store::migrations!()).await;
    Audit::new(database, vec![public_key()])
}

async fn check(database: &TestDatabase, order: &str) -> Checked {
    let checked = audit(database).await.order(order.parse().unwrap()).await;
    checked.unwrap().unwrap()
}

/// What is wrong first.
async fn found(database: &TestDatabase, order: &str) -> Option<(Option<i64>, Kind)> {
    let finding = check(database, order).await.finding;
    finding.map(|finding| (finding.sequence, finding.kind))
}

/// A hand behind the service's back; `$1` is the order.
async fn tamper(shop: &Shop, order: &str, statements: &[&str]) {
    let order: Uuid = order.parse().unwrap();
    let mut tx = shop.write().await;
    for statement in statements {
        let sql = AssertSqlSafe((*statement).to_owned());
        store::execute!(tx, sql, order).unwrap();
    }
    tx.commit().await.unwrap();
}

/// An order of four events: placed, confirmed, cancelling, cancelled.
async fn cancelled(ada: &Buyer) -> String {
    let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
    ada.cancel(&order).await.unwrap();
    order
}

const COPY: &str = "INSERT INTO order_events
    SELECT order_id, $at, old_state, new_state, actor, reason, create_time, salt, commitment,
        previous_hash, hash, signature, adopt_time, erasure_signature
    FROM order_events WHERE order_id = $1 AND sequence = $from";

fn copy(from: i64, at: i64) -> String {
    COPY.replace("$at", &at.to_string())
        .replace("$from", &from.to_string())
}

fn renumber(from: i64, to: i64) -> String {
    format!("UPDATE order_events SET sequence = {to} WHERE order_id = $1 AND sequence = {from}")
}

store::on_both! {
    async fn every_kind_of_order_has_a_history_that_holds(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let delivered = ada.order(&[("A", 1)]).await.unwrap().order_id;
        shop.dispatched(&delivered).await;
        shop.delivered(&delivered).await;
        let cancelled = cancelled(&ada).await;
        ada.order(&[("A", 1000)]).await.unwrap_err();
        let kept = ada.order(&[("A", 1)]).await.unwrap().order_id;
        shop.neighbours.dispatch(&kept);
        ada.cancel(&kept).await.unwrap_err();
        shop.neighbours.fault("ReserveStock", [Fault::Away, Fault::Away]);
        ada.order(&[("A", 1)]).await.unwrap_err();

        let audit = audit(&database).await;
        let checked = audit.page(None).await.unwrap();
        assert_eq!(checked.len(), 5);
        for one in &checked {
            assert_eq!(one.finding, None);
            assert_eq!((one.adopted, one.erased), (0, 0));
            assert!(one.head.as_ref().unwrap().is_signed_by(&[public_key()]));
        }
        let of = |id: &str| checked.iter().find(|one| one.order_id.to_string() == id).unwrap();
        assert_eq!(of(&delivered).events, 4);
        assert_eq!(of(&cancelled).events, 4);
        assert_eq!(of(&kept).events, 4);
        assert_eq!(audit.count().await.unwrap(), 5);
        let last = checked[4].order_id;
        assert!(audit.page(Some(last)).await.unwrap().is_empty());
        assert!(audit.order(Uuid::from_u128(1)).await.unwrap().is_none());
    }

    async fn whatever_is_edited_removed_or_inserted_is_named(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 100);
        let ada = shop.buyer().await;
        use Kind::{Edited, EditedOrInserted, Inserted, OrderEdited, Removed, Unchained};
        let set = |sequence: i64, what: &str| {
            let sql = format!("UPDATE order_events SET {what} WHERE order_id = $1 AND sequence = {sequence}");
            vec![sql]
        };
        let delete = |sequence: i64| {
            format!("DELETE FROM order_events WHERE order_id = $1 AND sequence = {sequence}")
        };
        let order = |what: &str| format!("UPDATE orders SET {what} WHERE order_id = $1");
        let cases = [
            // Columns.
            (set(2, "actor = 'user:somebody'"), Some(2), Edited),
            (set(3, "reason = 'the shop was late'"), Some(3), Edited),
            (set(3, "salt = commitment"), Some(3), Edited),
            (set(3, "salt = NULL, actor = 'user:erased', reason = ''"), Some(3), Edited),
            (
                set(3, "salt = NULL, actor = 'user:erased', reason = '', erasure_signature = signature"),
                Some(3),
                Edited,
            ),
            (set(1, "old_state = 'PENDING'"), Some(1), Edited),
            (set(2, "old_state = 'CANCELLING'"), Some(2), Edited),
            (set(4, "new_state = 'SHIPPED'"), Some(4), Edited),
            (set(1, "create_time = '2020-01-01T00:00:00+00:00'"), Some(1), Edited),
            (set(4, "adopt_time = '2020-01-01T00:00:00+00:00'"), Some(4), Edited),
            (set(2, "commitment = hash"), Some(2), Edited),
            (set(2, "previous_hash = hash"), Some(2), Edited),
            (set(2, "hash = commitment"), Some(2), Edited),
            (set(2, "hash = NULL"), Some(2), Unchained),
            (set(2, "erasure_signature = signature"), Some(2), Edited),
            (set(4, "sequence = 17"), Some(4), Edited),
            (set(2, "sequence = 17"), Some(2), Edited),
            (set(2, "sequence = 0"), Some(0), Inserted),
            // Signatures.
            (
                set(3, "signature = (SELECT signature FROM order_events AS other \
                    WHERE other.order_id = $1 AND other.sequence = 2)"),
                Some(3),
                Edited,
            ),
            (set(4, "signature = hash"), Some(4), EditedOrInserted),
            // Rows.
            (vec![delete(1)], Some(1), Removed),
            (vec![delete(2)], Some(2), Removed),
            (vec![delete(4)], Some(4), Removed),
            (vec!["DELETE FROM order_events WHERE order_id = $1".into()], Some(1), Removed),
            (
                vec![delete(2), renumber(3, 2), renumber(4, 3), order("version = 3")],
                Some(2),
                Removed,
            ),
            (
                vec![delete(1), renumber(2, 1), renumber(3, 2), renumber(4, 3), order("version = 3")],
                Some(1),
                Removed,
            ),
            (
                vec![renumber(4, 5), renumber(3, 4), copy(2, 3), order("version = 5")],
                Some(3),
                Inserted,
            ),
            (vec![copy(4, 5)], Some(5), Inserted),
            (vec![copy(4, 5), order("version = 5")], Some(5), EditedOrInserted),
            (vec![renumber(2, 17), renumber(3, 2), renumber(17, 3)], Some(2), Edited),
            // The order.
            (vec![order("state = 'DELIVERED'")], None, OrderEdited),
            (vec![order("version = 3")], None, OrderEdited),
            (vec![order("version = 5")], Some(5), Removed),
        ];
        for (statements, sequence, kind) in cases {
            let order = cancelled(&ada).await;
            assert_eq!(found(&database, &order).await, None);
            let statements: Vec<_> = statements.iter().map(String::as_str).collect();
            tamper(&shop, &order, &statements).await;
            assert_eq!(found(&database, &order).await, Some((sequence, kind)), "{statements:?}");
        }
    }

    async fn a_history_that_another_key_signed_is_none(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let order = cancelled(&shop.buyer().await).await;
        let other = SigningKey::from_base64("QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=").unwrap();
        let audit = |keys| async { Audit::new(database.open(store::migrations!()).await, keys) };
        let audited = audit(vec![other.public()]).await.order(order.parse().unwrap()).await;
        let finding = audited.unwrap().unwrap().finding.unwrap();
        assert_eq!((finding.sequence, finding.kind), (Some(1), Kind::EditedOrInserted));
        // After a key was replaced, both hold.
        let both = audit(vec![other.public(), public_key()]).await;
        let audited = both.order(order.parse().unwrap()).await;
        assert_eq!(audited.unwrap().unwrap().finding, None);
    }

    async fn the_head_of_a_history_goes_out_with_each_change(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let order = cancelled(&shop.buyer().await).await;
        let mut tx = shop.read().await;
        let rows = store::fetch_all!(
            tx,
            (Vec<u8>,),
            "SELECT data FROM outbox WHERE subject = 'orders.v1.OrderChanged' ORDER BY version"
        );
        let heads: Vec<_> = rows.unwrap().into_iter().map(|(data,)| {
            let changed = OrderChanged::decode(data.as_slice()).unwrap();
            Head {
                order_id: changed.order_id.parse().unwrap(),
                version: changed.version,
                hash: changed.history_hash,
                signature: changed.history_signature,
            }
        }).collect();
        assert!(heads.iter().all(|head| head.is_signed_by(&[public_key()])));
        assert_eq!(heads.iter().map(|head| head.version).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(check(&database, &order).await.head.as_ref(), heads.last());

        // Cut off with the order's own count, the history is one that was signed once; those heads
        // tell, and of an order that is gone as well.
        tamper(&shop, &order, &[
            "DELETE FROM order_events WHERE order_id = $1 AND sequence > 2",
            "UPDATE orders SET version = 2, state = 'CONFIRMED' WHERE order_id = $1",
        ]).await;
        assert_eq!(found(&database, &order).await, None);
        let against = audit(&database).await.with_heads(heads);
        let finding = against.page(None).await.unwrap().remove(0).finding.unwrap();
        assert_eq!((finding.sequence, finding.kind), (Some(3), Kind::Removed));
        tamper(&shop, &order, &[
            "DELETE FROM order_events WHERE order_id = $1",
            "DELETE FROM order_items WHERE order_id = $1",
            "DELETE FROM orders WHERE order_id = $1",
        ]).await;
        let finding = against.page(None).await.unwrap().remove(0).finding.unwrap();
        assert_eq!((finding.sequence, finding.kind), (None, Kind::Removed));
    }

    async fn events_of_before_histories_were_chained_are_adopted(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let (one, other) = (ada.order(&[("A", 1)]).await.unwrap().order_id, cancelled(&ada).await);
        for order in [&one, &other] {
            tamper(&shop, order, &[
                "UPDATE order_events SET salt = NULL, commitment = NULL, previous_hash = NULL,
                     hash = NULL, signature = NULL WHERE order_id = $1",
            ]).await;
            assert_eq!(found(&database, order).await, Some((Some(1), Kind::Unchained)));
        }
        // By the next change of the order, and by the next start of a replica.
        ada.cancel(&one).await.unwrap();
        let checked = check(&database, &one).await;
        assert_eq!((checked.events, checked.adopted, checked.finding), (4, 2, None));
        let _replica = shop.replica(&database).await;
        eventually("the other one is chained", async || {
            check(&database, &other).await.finding.is_none()
        })
        .await;
        let checked = check(&database, &other).await;
        assert_eq!(checked.adopted, 4);
        let late = audit(&database).await.adopted_before(DateTime::from_timestamp(0, 0));
        let finding = late.order(other.parse().unwrap()).await.unwrap().unwrap().finding;
        assert_eq!(finding.map(|finding| finding.kind), Some(Kind::AdoptedLate));
    }

    async fn a_deleted_account_is_erased_from_histories_that_hold_without_it(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let (ada, bob) = (shop.buyer().await, shop.administrator().await);
        let (hers, his) = (ada.order(&[("A", 1)]).await.unwrap().order_id, cancelled(&bob).await);
        bob.cancel(&hers).await.unwrap();
        // An event that has no hash yet is chained before it is erased.
        tamper(&shop, &hers, &["UPDATE order_events SET hash = NULL WHERE order_id = $1"]).await;
        let gone = UserDeleted { user_id: ada.id.to_string(), version: 2 };
        for _ in 0..2 {
            let event = shop.event("users.v1.UserDeleted", &gone.user_id, &gone);
            assert_eq!(shop.publish(&event).await, Delivery::Settled);
        }
        let checked = check(&database, &hers).await;
        assert_eq!((checked.events, checked.erased, checked.finding), (4, 2, None));
        let actors: Vec<_> = bob.history(&hers).await.into_iter().map(|it| it.actor).collect();
        let (erased, bobs) = ("user:erased".to_owned(), format!("user:{}", bob.id));
        assert_eq!(actors, [erased.clone(), erased, bobs.clone(), bobs]);
        let checked = check(&database, &his).await;
        assert_eq!((checked.erased, checked.finding), (0, None));
        let ids = format!("order_events WHERE actor LIKE '%{}%'", ada.id);
        assert_eq!(shop.count(&ids).await, 0);
        // The history goes on.
        assert_eq!(bob.get(&hers).await.unwrap().state(), OrderState::Cancelled);
    }
}

/// The verifier of docs/AUDIT.md is a stranger's: it has nothing but the page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_verifier_of_the_documentation_finds_the_same() {
    let database = TestDatabase::sqlite();
    let shop = Shop::open(&database).await;
    shop.neighbours.sell("A", 100, 10);
    let ada = shop.buyer().await;
    let order = cancelled(&ada).await;
    let gone = UserDeleted {
        user_id: ada.id.to_string(),
        version: 2,
    };
    let event = shop.event("users.v1.UserDeleted", &gone.user_id, &gone);
    assert_eq!(shop.publish(&event).await, Delivery::Settled);
    let bob = shop.buyer().await;
    bob.order(&[("A", 1)]).await.unwrap();

    let page = include_str!("../../../docs/AUDIT.md");
    let program = page
        .split("```python\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let verify = || {
        let public = public_key().to_string();
        let output = Command::new("python3")
            .args(["-c", program, &path, &public])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told + &why)
    };
    assert_eq!(
        verify(),
        (Some(0), "6 events are as they were signed\n".to_owned())
    );
    tamper(
        &shop,
        &order,
        &["UPDATE order_events SET new_state = 'SHIPPED' WHERE order_id = $1 AND sequence = 4"],
    )
    .await;
    let (code, told) = verify();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains(&order) && told.contains("event 4"), "{told}");
}
