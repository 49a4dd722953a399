//! Checking the histories of orders.

use std::{fs, path::Path};

use serde_json::Value;
use store::sqlx::{Connection as _, SqliteConnection, query, sqlite::SqliteConnectOptions};

use super::{
    running::{User, fails, succeeds},
    text,
};

/// Does something to the orders of a mesh behind its back.
fn tamper(database: &Path, statements: &[&'static str]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let options = SqliteConnectOptions::new().filename(database);
        let connection = SqliteConnection::connect_with(&options).await;
        let mut connection = connection.expect("it is there");
        for statement in statements {
            let done = query(*statement).execute(&mut connection).await;
            done.expect("it is SQL");
        }
        connection.close().await.expect("it closes");
    });
}

#[test]
fn orders_that_were_tampered_with_are_named() {
    let user = User::new();
    let mesh = user.up("data");
    let header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country";
    let lines: String = (1..4)
        .map(|number| format!("\n{number},A,LAMP,1,2009-12-01 07:45:00,6.95,17850,France"))
        .collect();
    let sales = user.path().join("elsewhere/sales.csv");
    fs::write(&sales, format!("{header}{lines}\n")).expect("it is ours");
    succeeds(&user.run(&["import", "sales.csv"]));

    // Beside the mesh, and without it.
    let told = succeeds(&user.run(&["verify", "--write-heads", "heads"]));
    let verdict = "3 orders, 6 events: all as they were signed\n";
    assert!(told.starts_with(verdict), "{told}");
    assert!(told.contains("Not told without --heads"), "{told}");
    drop(mesh);
    let data = user.path().join("data");
    let here = ["--data-dir", &data.to_string_lossy(), "--heads", "heads"];
    let verify = |more: &[&str]| user.run(&[&["verify"], &here[..], more].concat());
    let told = "Held against 3 heads that went out with events\n";
    assert_eq!(succeeds(&verify(&[])), format!("{verdict}{told}"));

    let database = data.join("svc_orders.db");
    tamper(
        &database,
        &[
            "UPDATE order_events SET reason = 'the customer was rude' WHERE sequence = 2
           AND order_id = (SELECT min(order_id) FROM orders)",
        ],
    );
    let output = verify(&[]);
    let told = text(&output.stdout);
    assert!(
        told.contains("event 2 was edited: its actor, reason"),
        "{told}"
    );
    assert!(told.contains("1 orders are wrong"), "{told}");
    assert!(fails(&output).contains("1 of 3 orders"), "{told}");

    // Put back to what it was once, an order shows by the head that was kept.
    tamper(
        &database,
        &[
            "DELETE FROM order_events WHERE sequence = 2
             AND order_id = (SELECT max(order_id) FROM orders)",
            "UPDATE orders SET state = 'PENDING', version = 1, recovery_time = create_time
             WHERE order_id = (SELECT max(order_id) FROM orders)",
        ],
    );
    let output = verify(&["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let kinds: Vec<_> = ["0", "1"]
        .iter()
        .map(|index| report.pointer(&format!("/findings/{index}/kind")))
        .map(|kind| kind.and_then(Value::as_str))
        .collect();
    assert_eq!(kinds, [Some("EDITED"), Some("REMOVED")], "{report}");
    let order = report["findings"][1]["orderId"].as_str().expect("an order");
    let told = text(&verify(&["--order", order]).stdout);
    assert!(told.contains("event 2 was removed"), "{told}");

    // Heads that nobody signed are none.
    let heads = user.path().join("elsewhere/heads");
    let kept = fs::read_to_string(&heads).expect("it was written");
    fs::write(&heads, kept.replacen("\"version\":2", "\"version\":1", 1)).expect("it is ours");
    let told = fails(&verify(&[]));
    assert!(
        told.contains("line 1: it is not signed by the key"),
        "{told}"
    );
    fs::remove_file(data.join("audit-signing-key")).expect("it is there");
    let told = fails(&verify(&[]));
    assert!(told.contains("--public-key"), "{told}");
}

#[test]
fn an_order_that_was_cut_back_shows_by_the_head_that_went_out() {
    let user = User::new();
    let mesh = user.up("data");
    let sales = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n\
                 1,A,LAMP,1,2009-12-01 07:45:00,6.95,17850,France\n";
    fs::write(user.path().join("elsewhere/sales.csv"), sales).expect("it is ours");
    succeeds(&user.run(&["import", "sales.csv"]));
    drop(mesh);
    let data = user.path().join("data");
    let verify = || user.run(&["verify", "--data-dir", &data.to_string_lossy()]);
    let told = succeeds(&verify());
    assert!(told.contains("Held against 1 heads"), "{told}");
    tamper(
        &data.join("svc_orders.db"),
        &[
            "DELETE FROM order_events WHERE sequence = 2",
            "UPDATE orders SET state = 'PENDING', version = 1, recovery_time = create_time",
        ],
    );
    let output = verify();
    let told = text(&output.stdout);
    assert!(told.contains("event 2 was removed"), "{told}");
    assert!(fails(&output).contains("1 of 1 orders"), "{told}");
}
