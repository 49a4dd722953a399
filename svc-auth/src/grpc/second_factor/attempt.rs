//! How often a code may be tried: by a network, and for an account.
//!
//! Whoever tries codes has the password already, so an account has far fewer for all strangers together
//! than it has for passwords: of three codes that hold among a million, 144 a day find one in six years.
//! A network from which the account has signed in has an allowance of its own, which strangers do not use
//! up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime::call::CallContext;

use crate::domain::email::email_key;
use crate::domain::network::Network;
use crate::domain::throttle::{Bucket, client_buckets};
use crate::error::Error;
use crate::grpc::opening::is_known;
use crate::service::Auth;
use crate::store::credential::Credential;
use crate::store::throttle;

/// An attempt that was counted.
pub(super) struct Attempt {
    /// Of the client's network, whatever the account is.
    network: Vec<Bucket>,
    /// Of the account.
    account: Bucket,
    /// Whether that is of the client's network alone.
    known: bool,
}

impl Attempt {
    /// Counts an attempt, before it is looked at.
    ///
    /// # Errors
    /// [`Error::Throttled`].
    pub(super) async fn begin(
        auth: &Auth,
        call: &CallContext,
        credential: &Credential,
    ) -> Result<Self, Error> {
        let network = call.client_address.map(Network::of);
        let key = email_key(&credential.email);
        let mut tx = auth.db.begin().await?;
        let mut own = None;
        if let Some(network) = network
            && is_known(auth, &mut tx, &key, network).await?
        {
            own = Some(URL_SAFE_NO_PAD.encode(auth.networks.name(&key, network)));
        }
        let (known, limit) = (own.is_some(), auth.second_factors.codes());
        let account = match own {
            Some(name) => Bucket::new("code_known", name, limit),
            None => Bucket::new("code_stranger", credential.user_id, limit),
        };
        let network = client_buckets("code", network, auth.throttle.login_address());
        let attempt = Self {
            network,
            account,
            known,
        };
        // In one order for everybody, so that no two wait for each other.
        for bucket in attempt.network.iter().chain([&attempt.account]) {
            auth.admit(&mut tx, bucket).await?;
        }
        tx.commit().await?;
        Ok(attempt)
    }

    /// It was a good one: it does not count, and a known network starts anew.
    pub(super) async fn was_good(&self, auth: &Auth) -> Result<(), Error> {
        let mut tx = auth.db.begin().await?;
        for bucket in &self.network {
            throttle::give_back(&mut tx, bucket).await?;
        }
        match self.known {
            true => throttle::reset(&mut tx, &self.account).await?,
            false => throttle::give_back(&mut tx, &self.account).await?,
        }
        tx.commit().await?;
        Ok(())
    }
}
