use std::time::Duration;

use contracts::tradewind::auth::v1::LogoutRequest;

use crate::bed::{Bed, PASSWORD};
use store::testing::eventually;

const ADA: &str = "ada@example.com";

store::on_both! {
    async fn who_did_what_from_where_is_written_down(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.login(ADA, "wrong").await.unwrap_err();
        bed.login("nobody@example.com", "wrong").await.unwrap_err();
        bed.login(ADA, PASSWORD).await.unwrap();
        let request = LogoutRequest { refresh_token: ada.refresh_token };
        bed.anybody().logout(request).await.unwrap();

        let mut tx = bed.read().await;
        let rows = store::fetch_all!(
            tx,
            (String, String, String),
            "SELECT action, outcome, address FROM audit_events ORDER BY action, outcome"
        ).unwrap();
        let rows: Vec<String> = rows
            .into_iter()
            .map(|(action, outcome, address)| format!("{action} {outcome} {address}"))
            .collect();
        assert_eq!(rows, [
            "LOGIN DONE 127.0.0.1",
            "LOGIN UNKNOWN_ACCOUNT 127.0.0.1",
            "LOGIN WRONG_PASSWORD 127.0.0.1",
            "LOGOUT DONE 127.0.0.1",
            "REGISTER DONE 127.0.0.1",
        ]);
        let known = "audit_events WHERE user_id IS NOT NULL";
        assert_eq!(bed.count(known).await, 4);
    }

    async fn what_has_served_its_time_is_removed(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register(ADA).await.unwrap();
        bed.login(ADA, "wrong").await.unwrap_err();
        bed.edge().await;
        bed.time.advance(Duration::from_secs(91 * 24 * 60 * 60));
        for rows in ["audit_events", "sessions", "throttles", "assertions"] {
            eventually(rows, async || { bed.count(rows).await == 0 }).await;
        }
        // The account stays.
        bed.login(ADA, PASSWORD).await.unwrap();
    }
}
