//! What svc-users knows of accounts.

use contracts::tradewind::users::v1::users_service_client::UsersServiceClient;
use contracts::tradewind::users::v1::{
    ConfirmEmailRequest, EnsureAccountRequest, FindAccountRequest, GetAccountRequest, GetMeRequest,
    GetUserRequest, UserState,
};
use runtime::client::Channel;
use runtime::node::Node;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::error::Error;
use crate::store::credential::{Credential, Pending};
use crate::store::email_proof::EmailProof;

/// Asks svc-users.
#[derive(Clone)]
pub(crate) struct Accounts {
    client: UsersServiceClient<Channel>,
}

/// An account that may be used.
pub(crate) struct Account {
    pub(crate) roles: Vec<String>,
    /// Name shown to others.
    pub(crate) display_name: String,
    /// Language that it is written to in; empty for the shop's own.
    pub(crate) language: String,
    /// Whether its owner has proved the e-mail address.
    pub(crate) email_verified: bool,
}

impl Accounts {
    /// Over the node's channel to svc-users.
    #[must_use]
    pub(crate) fn new(node: &Node) -> Self {
        Self {
            client: UsersServiceClient::new(node.channel("svc-users")),
        }
    }

    /// The roles of an account.
    ///
    /// # Errors
    /// [`Error::AccountInactive`] if it was deactivated or deleted.
    pub(crate) async fn roles_if_active(&self, user_id: Uuid) -> Result<Vec<String>, Error> {
        Ok(self.active(user_id).await?.roles)
    }

    /// An account.
    ///
    /// # Errors
    /// [`Error::AccountInactive`] if it was deactivated or deleted.
    pub(crate) async fn active(&self, user_id: Uuid) -> Result<Account, Error> {
        let request = GetAccountRequest {
            user_id: user_id.to_string(),
        };
        match self.client.clone().get_account(request).await {
            Ok(reply) if reply.get_ref().state() == UserState::Active => {
                let account = reply.into_inner();
                Ok(Account {
                    roles: account.roles,
                    display_name: account.display_name,
                    language: account.language,
                    email_verified: account.email_verified,
                })
            }
            Ok(_) => Err(Error::AccountInactive),
            Err(status) if status.code() == Code::NotFound => Err(Error::AccountInactive),
            Err(status) => Err(status.into()),
        }
    }

    /// The id of the active account that has an address, and the address as the account has it; `None` if
    /// there is no such account.
    pub(crate) async fn find(&self, email: &str) -> Result<Option<(Uuid, String)>, Error> {
        let request = FindAccountRequest {
            email: email.to_owned(),
        };
        let found = self.client.clone().find_account(request).await?;
        let found = found.into_inner();
        Ok(found.user_id.parse().ok().map(|id| (id, found.email)))
    }

    /// Tells that an address is proved to be an account's, or becomes it.
    pub(crate) async fn confirm_email(&self, proof: &EmailProof) -> Result<(), Status> {
        let request = ConfirmEmailRequest {
            user_id: proof.user_id.to_string(),
            current_email: proof.current_email.clone(),
            email: proof.email.clone(),
        };
        self.client.clone().confirm_email(request).await?;
        Ok(())
    }

    /// The name that the user who calls is shown by.
    pub(crate) async fn own_display_name(&self) -> Result<String, Error> {
        let reply = self.client.clone().get_me(GetMeRequest {}).await?;
        Ok(reply.into_inner().user.unwrap_or_default().display_name)
    }

    /// Opens the account of a credential, unless it is there. Gives the name that it is shown by.
    pub(crate) async fn open(
        &self,
        credential: &Credential,
        pending: &Pending,
    ) -> Result<String, Status> {
        let request = EnsureAccountRequest {
            user_id: credential.user_id.to_string(),
            email: credential.email.clone(),
            display_name: pending.display_name.clone(),
            roles: pending.roles.clone(),
        };
        let reply = self.client.clone().ensure_account(request).await?;
        Ok(reply.into_inner().user.unwrap_or_default().display_name)
    }

    /// The e-mail address of an account, by the right of the administrator who calls; `None` if
    /// there is no such account, or it was deleted.
    pub(crate) async fn email(&self, user_id: Uuid) -> Result<Option<String>, Error> {
        let request = GetUserRequest {
            user_id: user_id.to_string(),
        };
        match self.client.clone().get_user(request).await {
            Ok(reply) => Ok(reply
                .into_inner()
                .user
                .filter(|user| user.state() != UserState::Deleted)
                .map(|user| user.email)),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(status.into()),
        }
    }
}
