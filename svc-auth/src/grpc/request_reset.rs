//! RequestPasswordReset: a link is mailed by which a password is set. The call does the same for any
//! address; whether there is an account is found out when it has been answered.

use contracts::tradewind::auth::v1::{RequestPasswordResetRequest, RequestPasswordResetResponse};
use runtime::call::CallContext;

use crate::domain::email::email_key;
use crate::domain::network::Network;
use crate::domain::throttle::client_buckets;
use crate::error::Error;
use crate::service::Auth;
use crate::store::mail_request::Wish;
use crate::wishes;

pub(super) async fn request(
    auth: &Auth,
    call: &CallContext,
    request: RequestPasswordResetRequest,
) -> Result<RequestPasswordResetResponse, Error> {
    let key = email_key(&request.email);
    let network = call.client_address.map(Network::of);
    let mut tx = auth.db.begin().await?;
    for bucket in client_buckets("request_reset", network, auth.throttle.register()) {
        auth.admit(&mut tx, &bucket).await?;
    }
    let address = (request.email, key);
    wishes::note(auth, &mut tx, call, Wish::ResetPassword, address).await?;
    tx.commit().await?;
    Ok(RequestPasswordResetResponse {})
}
