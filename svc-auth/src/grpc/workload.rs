//! IssueWorkloadToken: a workload proves itself by an assertion (RFC 7523).

use contracts::tradewind::auth::v1::IssueWorkloadTokenResponse;

use super::Auth;
use crate::domain::assertion::BadAssertion;
use crate::error::Error;
use crate::store::assertion;

pub(super) async fn issue(
    auth: &Auth,
    client_assertion: &str,
) -> Result<IssueWorkloadTokenResponse, Error> {
    let (audience, now) = (&auth.tokens.issuer.audience, auth.clock.now());
    let claims = auth.workloads.verify(client_assertion, audience, now)?;
    let mut tx = auth.db.statements().await?;
    let until = claims.remember_until();
    if !assertion::use_up(&mut tx, &claims.iss, &claims.jti, until).await? {
        return Err(BadAssertion::Used.into());
    }
    tx.commit().await?;
    let (workload_token, lifetime) = auth.tokens.workload_token(&claims.iss);
    let expires_in = i32::try_from(lifetime.as_secs()).unwrap_or(i32::MAX);
    Ok(IssueWorkloadTokenResponse {
        workload_token,
        expires_in,
    })
}
