//! IssueWorkloadToken and LoginOperator: a workload proves itself by an assertion (RFC 7523).

use contracts::tradewind::auth::v1::{
    IssueWorkloadTokenRequest, IssueWorkloadTokenResponse, LoginOperatorRequest,
    LoginOperatorResponse,
};
use runtime::call::CallContext;

use super::opening::{self, Proof};
use crate::administrator::{self, OPERATOR};
use crate::domain::assertion::BadAssertion;
use crate::error::Error;
use crate::registration;
use crate::service::Auth;
use crate::store::assertion;
use crate::store::audit::Action;

pub(super) async fn issue(
    auth: &Auth,
    request: IssueWorkloadTokenRequest,
) -> Result<IssueWorkloadTokenResponse, Error> {
    let workload = verify(auth, &request.client_assertion).await?;
    let (workload_token, lifetime) = auth.tokens.workload_token(&workload);
    let expires_in = i32::try_from(lifetime.as_secs()).unwrap_or(i32::MAX);
    Ok(IssueWorkloadTokenResponse {
        workload_token,
        expires_in,
    })
}

/// Signs the first administrator in, who may not have a password yet.
pub(super) async fn login_operator(
    auth: &Auth,
    call: &CallContext,
    request: LoginOperatorRequest,
) -> Result<LoginOperatorResponse, Error> {
    if verify(auth, &request.client_assertion).await? != OPERATOR {
        return Err(BadAssertion::Subject.into());
    }
    let known = administrator::find(auth).await?;
    let known = known.ok_or(Error::AccountInactive)?;
    registration::finish(auth, &known).await?;
    let granted =
        opening::open_session(auth, call, &known, Action::LoginOperator, Proof::Key).await?;
    Ok(granted.into())
}

/// The name of the workload that made an assertion, which is used up.
async fn verify(auth: &Auth, client_assertion: &str) -> Result<String, Error> {
    let (audience, now) = (&auth.tokens.issuer.audience, auth.clock.now());
    let claims = auth.workloads.verify(client_assertion, audience, now)?;
    let mut tx = auth.db.statements().await?;
    let until = claims.remember_until();
    if !assertion::use_up(&mut tx, &claims.iss, &claims.jti, until).await? {
        return Err(BadAssertion::Used.into());
    }
    tx.commit().await?;
    Ok(claims.iss)
}
