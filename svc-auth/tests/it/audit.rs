use std::time::Duration;

use contracts::tradewind::auth::v1::LogoutRequest;

use crate::bed::{Bed, PASSWORD, eventually};

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
        let rows: Vec<_> = rows.iter().map(|(a, o, f)| (a.as_str(), o.as_str(), f.as_str())).collect();
        let from = "127.0.0.1";
        assert_eq!(rows, [
            ("LOGIN", "DONE", from),
            ("LOGIN", "UNKNOWN_ACCOUNT", from),
            ("LOGIN", "WRONG_PASSWORD", from),
            ("LOGOUT", "DONE", from),
            ("REGISTER", "DONE", from),
        ]);
        let known = "SELECT count(*) FROM audit_events WHERE user_id IS NOT NULL";
        assert_eq!(bed.count(known).await, 4);
    }

    async fn what_has_served_its_time_is_removed(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        bed.register(ADA).await.unwrap();
        bed.login(ADA, "wrong").await.unwrap_err();
        bed.edge().await;
        bed.time.advance(Duration::from_secs(91 * 24 * 60 * 60));
        for sql in [
            "SELECT count(*) FROM audit_events",
            "SELECT count(*) FROM sessions",
            "SELECT count(*) FROM throttles",
            "SELECT count(*) FROM assertions",
        ] {
            eventually(sql, || async { bed.count(sql).await == 0 }).await;
        }
        // The account stays.
        bed.login(ADA, PASSWORD).await.unwrap();
    }
}
