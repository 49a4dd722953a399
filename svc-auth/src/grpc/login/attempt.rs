//! How often a password may be tried: by a network, and for an account.
//!
//! An account has an allowance for each network, so that a stranger who types wrong passwords locks
//! out nobody but itself, and a far larger one for all strangers together. A network from which the
//! account has signed in has one of its own, which nothing that strangers do uses up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime::call::CallContext;

use crate::domain::network::Network;
use crate::domain::password::hash::Form;
use crate::domain::throttle::{Bucket, client_buckets, network_buckets};
use crate::error::Error;
use crate::grpc::opening::is_known;
use crate::service::Auth;
use crate::store::credential::{self, Credential};
use crate::store::throttle;

/// An attempt that was counted.
pub(in crate::grpc) struct Attempt {
    /// Of the client's network, whatever the account is.
    network: Vec<Bucket>,
    /// Of the account as a whole, and of the client's site in it.
    shared: Vec<Bucket>,
    /// Of the client's network in the account.
    own: Option<Bucket>,
}

/// What a password is compared with.
pub(in crate::grpc) struct Comparison {
    /// The account's credential, if there is one.
    pub(in crate::grpc) credential: Option<Credential>,
    /// The forms of all hashes there are.
    pub(in crate::grpc) forms: Vec<Form>,
}

impl Attempt {
    /// Counts an attempt and reads the credential. It counts before it is looked at, so that many
    /// at once count as many; one that is refused does not count.
    ///
    /// # Errors
    /// [`Error::Throttled`].
    pub(in crate::grpc) async fn begin(
        auth: &Auth,
        call: &CallContext,
        email_key: &str,
    ) -> Result<(Self, Comparison), Error> {
        let network = call.client_address.map(Network::of);
        let limits = &auth.throttle;
        let mut tx = auth.db.begin().await?;
        let known = match network {
            // Asked for an account that does not exist as well: nothing tells the two apart.
            Some(network) => is_known(auth, &mut tx, email_key, network).await?,
            None => false,
        };
        let what = if known { "known" } else { "stranger" };
        let name = |network| URL_SAFE_NO_PAD.encode(auth.networks.name(email_key, network));
        let mut shared = network.map_or_else(Vec::new, |network| {
            network_buckets(what, network, limits.login_account(), name)
        });
        let own = shared.pop();
        if known {
            shared.clear();
        } else {
            shared.push(Bucket::of_account(email_key, limits.login_account_total()));
        }
        let network = client_buckets("login", network, limits.login_address());
        let attempt = Self {
            network,
            shared,
            own,
        };
        for bucket in attempt.buckets() {
            auth.admit(&mut tx, bucket).await?;
        }
        let credential = credential::find_by_email(&mut tx, email_key).await?;
        let forms = credential::forms(&mut tx).await?;
        tx.commit().await?;
        Ok((attempt, Comparison { credential, forms }))
    }

    /// The account starts anew from this network. What others have in common has one attempt less,
    /// so that whoever owns one account cannot try the others without end, nor a stranger go on
    /// whenever the owner signs in.
    pub(in crate::grpc) async fn was_good(&self, auth: &Auth) -> Result<(), Error> {
        let mut tx = auth.db.begin().await?;
        for bucket in self.network.iter().chain(&self.shared) {
            throttle::give_back(&mut tx, bucket).await?;
        }
        if let Some(own) = &self.own {
            throttle::reset(&mut tx, own).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// In one order for everybody, so that no two wait for each other.
    fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        self.network.iter().chain(&self.shared).chain(&self.own)
    }
}
