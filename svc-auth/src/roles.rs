//! The roles that an account's tokens have.

use uuid::Uuid;

use crate::config::RequireSecondFactor;
use crate::error::Error;
use crate::service::Auth;
use crate::store::second_factor;

/// What every account holds.
const USER: &str = "user";
/// What a second factor may be asked of.
const ADMIN: &str = "admin";

impl Auth {
    /// The roles of an account that may use all that it holds now: where administrators must have a
    /// second factor, one without it has what everybody has, and can set it up with that.
    ///
    /// # Errors
    /// [`Error::AccountInactive`] if it was deactivated or deleted.
    pub(crate) async fn roles(&self, user_id: Uuid) -> Result<Vec<String>, Error> {
        let mut roles = self.accounts.roles_if_active(user_id).await?;
        if self.must_have_second_factor(&roles) {
            let mut tx = self.db.read().await?;
            if !second_factor::is_enabled(&mut tx, user_id).await? {
                roles.retain(|role| role == USER);
            }
        }
        Ok(roles)
    }

    /// The same of a session: one that the operator's key has opened proves more than a code.
    ///
    /// # Errors
    /// As [`Self::roles`].
    pub(crate) async fn roles_of_session(
        &self,
        user_id: Uuid,
        by_key: bool,
    ) -> Result<Vec<String>, Error> {
        match by_key {
            true => self.accounts.roles_if_active(user_id).await,
            false => self.roles(user_id).await,
        }
    }

    /// Whether an account with these roles must have a second factor.
    pub(crate) fn must_have_second_factor(&self, roles: &[String]) -> bool {
        let of_admins = self.second_factors.require_second_factor == RequireSecondFactor::Admins;
        of_admins && roles.iter().any(|role| role == ADMIN)
    }
}
