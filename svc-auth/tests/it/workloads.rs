use contracts::tradewind::auth::v1::{IssueWorkloadTokenRequest, ListRevocationsRequest};
use net::random::Random;
use runtime::identity::{AssertionClaims, Signer};
use runtime::status::Reason;
use store::testing::refused;
use tonic::Code;

use crate::bed::Bed;

async fn issue(bed: &Bed, client_assertion: String) -> Result<String, tonic::Status> {
    let request = IssueWorkloadTokenRequest { client_assertion };
    let reply = bed
        .anybody()
        .issue_workload_token(request)
        .await?
        .into_inner();
    assert_eq!(reply.expires_in, 3600);
    Ok(reply.workload_token)
}

store::on_both! {
    async fn a_workload_gets_a_token_for_its_assertion(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        issue(&bed, bed.assertion(|_| {})).await.unwrap();
        let list = ListRevocationsRequest::default();
        bed.edge().await.list_revocations(list.clone()).await.unwrap();
        refused(bed.anybody().list_revocations(list).await, Reason::TokenMissing);
    }

    async fn an_assertion_is_good_once(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let assertion = bed.assertion(|_| {});
        issue(&bed, assertion.clone()).await.unwrap();
        let status = refused(issue(&bed, assertion).await, Reason::TokenInvalid);
        assert_eq!(status.code(), Code::Unauthenticated);
    }

    async fn an_assertion_says_who_for_whom_and_until_when(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let wrong: [fn(&mut AssertionClaims); 6] = [
            |claims| claims.iss = "svc-orders".into(),
            |claims| claims.sub = "svc-orders".into(),
            |claims| {
                claims.iss = "svc-orders".into();
                claims.sub = "svc-orders".into();
            },
            |claims| claims.aud = "another mesh".into(),
            |claims| claims.exp -= 120,
            |claims| claims.exp += 600,
        ];
        for change in wrong {
            refused(issue(&bed, bed.assertion(change)).await, Reason::TokenInvalid);
        }
        for nonsense in ["x", "a.b.c"] {
            refused(issue(&bed, nonsense.into()).await, Reason::TokenInvalid);
        }
    }

    async fn an_assertion_signed_with_another_key_is_refused(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let now = bed.node.clock.now().timestamp();
        let claims = AssertionClaims {
            iss: "edge".into(),
            sub: "edge".into(),
            aud: "tradewind".into(),
            iat: now,
            exp: now + 60,
            jti: uuid::Uuid::now_v7(),
        };
        // Under the name of the edge's own key.
        let thief = Signer::generate("edge-1", &Random::system());
        refused(issue(&bed, thief.sign(&claims)).await, Reason::TokenInvalid);
    }
}
