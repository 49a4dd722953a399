//! Refresh tokens and the end of sessions.

use std::time::Duration;

use e2e::{
    Mesh, Rest,
    condition::eventually,
    shop::{self, Customer},
};
use serde_json::json;
use tokio::time::Instant;

crate::on_both!(
    two_refreshes_at_once_get_the_same_successor,
    a_revoked_session_ends_everywhere_within_a_second,
    a_new_password_ends_the_other_sessions,
    a_deactivated_account_is_out,
    a_logout_ends_the_session,
);

async fn refresh(rest: &Rest, token: &str) -> e2e::Reply {
    rest.post("/v1/auth/refresh", &json!({"refreshToken": token}))
        .await
}

async fn two_refreshes_at_once_get_the_same_successor(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let (one, two) = (
        mesh.rest(),
        mesh.rest().at(mesh.edges.last().expect("there is one")),
    );
    let (one, two) = tokio::join!(
        refresh(&one, &buyer.refresh_token),
        refresh(&two, &buyer.refresh_token)
    );
    let successor = one.expect(200).text_at("/refreshToken");
    assert_eq!(successor, two.expect(200).text_at("/refreshToken"));

    let third = refresh(&mesh.rest(), &successor)
        .await
        .expect(200)
        .text_at("/refreshToken");
    let stale = refresh(&mesh.rest(), &buyer.refresh_token).await;
    stale.refused(401, "REFRESH_TOKEN_INVALID");
    refresh(&mesh.rest(), &third)
        .await
        .refused(401, "REFRESH_TOKEN_INVALID");
}

/// Whether each edge refuses the token for the end of its session.
async fn is_out(mesh: &Mesh, token: &str) -> bool {
    for edge in &mesh.edges {
        let reply = Rest::new(edge).with_token(token).get("/v1/users/me").await;
        if reply.reason() != "SESSION_REVOKED" {
            return false;
        }
    }
    true
}

async fn out_within_a_second(mesh: &Mesh, token: &str) {
    let start = Instant::now();
    eventually(
        "every edge knows that the session ended",
        Duration::from_secs(10),
        || async { is_out(mesh, token).await.then_some(()) },
    )
    .await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "it took {:?}",
        start.elapsed()
    );
}

async fn a_revoked_session_ends_everywhere_within_a_second(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    for edge in &mesh.edges {
        // From now on each edge has a cached verification.
        buyer.rest.at(edge).get("/v1/users/me").await.expect(200);
    }
    let sessions = buyer.rest.get("/v1/auth/sessions").await.expect(200);
    let session = sessions.text_at("/sessions/0/sessionId");
    assert_eq!(sessions.text_at("/sessions/0/ipAddress"), "127.0.0.1");
    assert_eq!(sessions.text_at("/sessions/0/lastIpAddress"), "127.0.0.1");
    assert_ne!(sessions.text_at("/sessions/0/device"), "");
    buyer
        .rest
        .delete(&format!("/v1/auth/sessions/{session}"))
        .await
        .expect(200);
    out_within_a_second(mesh, buyer.rest.token()).await;
}

async fn a_new_password_ends_the_other_sessions(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let login = json!({"email": buyer.email, "password": shop::PASSWORD});
    let other = mesh
        .rest()
        .post("/v1/auth/login", &login)
        .await
        .expect(200)
        .text_at("/accessToken");
    let change = json!({"currentPassword": shop::PASSWORD, "newPassword": "another long password"});
    buyer
        .rest
        .post("/v1/auth/password:change", &change)
        .await
        .expect(200);
    out_within_a_second(mesh, &other).await;
    buyer.rest.get("/v1/users/me").await.expect(200);
    mesh.rest()
        .post("/v1/auth/login", &login)
        .await
        .refused(401, "CREDENTIALS_INVALID");
}

async fn a_deactivated_account_is_out(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    admin
        .post(&format!("/v1/users/{}:deactivate", buyer.id), &json!({}))
        .await
        .expect(200);
    eventually(
        "every edge knows that the sessions ended",
        Duration::from_secs(10),
        || async { is_out(mesh, buyer.rest.token()).await.then_some(()) },
    )
    .await;
    let login = json!({"email": buyer.email, "password": shop::PASSWORD});
    // As a wrong password is.
    mesh.rest()
        .post("/v1/auth/login", &login)
        .await
        .refused(401, "CREDENTIALS_INVALID");
    admin
        .post(&format!("/v1/users/{}:reactivate", buyer.id), &json!({}))
        .await
        .expect(200);
    mesh.rest().post("/v1/auth/login", &login).await.expect(200);
}

async fn a_logout_ends_the_session(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    mesh.rest()
        .post(
            "/v1/auth/logout",
            &json!({"refreshToken": buyer.refresh_token}),
        )
        .await
        .expect(200);
    out_within_a_second(mesh, buyer.rest.token()).await;
    refresh(&mesh.rest(), &buyer.refresh_token)
        .await
        .refused(401, "REFRESH_TOKEN_INVALID");
}

/// The window is ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_reused_after_the_window_ends_the_session() {
    let mesh = crate::embedded().await;
    let buyer = Customer::register(mesh).await;
    let first = refresh(&mesh.rest(), &buyer.refresh_token)
        .await
        .expect(200);
    let (used, successor) = (Instant::now(), first.text_at("/refreshToken"));
    let again = refresh(&mesh.rest(), &buyer.refresh_token)
        .await
        .expect(200);
    assert_eq!(
        again.text_at("/refreshToken"),
        successor,
        "within the window it is the same"
    );
    // Asking again and again would not show that it is the first use that counts.
    tokio::time::sleep_until(used + Duration::from_secs(11)).await;
    let late = refresh(&mesh.rest(), &buyer.refresh_token).await;
    late.refused(401, "REFRESH_TOKEN_INVALID");
    refresh(&mesh.rest(), &successor)
        .await
        .refused(401, "REFRESH_TOKEN_INVALID");
    out_within_a_second(mesh, buyer.rest.token()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_starts_later_knows_the_sessions_that_ended() {
    let mut mesh = Mesh::real().await;
    let buyer = Customer::register(&mesh).await;
    let late = mesh.replicas("edge").pop().expect("there are two");
    mesh.stop(&late).await;
    let sessions = buyer.rest.get("/v1/auth/sessions").await.expect(200);
    let session = sessions.text_at("/sessions/0/sessionId");
    buyer
        .rest
        .delete(&format!("/v1/auth/sessions/{session}"))
        .await
        .expect(200);
    mesh.restart().await;
    assert!(
        is_out(&mesh, buyer.rest.token()).await,
        "it is ready, so it knows"
    );
}
