//! The e-mail address of an account, as its owner proves it.

use chrono::{DateTime, Utc};
use runtime::text::email_key;

use super::{Refusal, User};

impl User {
    /// The owner has proved `email`, when the account's address was `current`: the same, or the one before.
    /// True if anything is different now.
    ///
    /// # Errors
    /// [`Refusal::OtherEmail`] if the account has come to another address, [`Refusal::Deleted`].
    pub(crate) fn confirm_email(
        &mut self,
        current: &str,
        email: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, Refusal> {
        self.expect_not_deleted()?;
        let own = self.email.as_deref().map(email_key);
        let is_own = |address: &str| own.as_ref() == Some(&email_key(address));
        if !is_own(current) && !is_own(email) {
            return Err(Refusal::OtherEmail);
        }
        if self.email.as_deref() == Some(email) && self.email_verified_time.is_some() {
            return Ok(false);
        }
        self.email = Some(email.to_owned());
        self.email_verified_time = Some(now);
        self.touch(now);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::user;
    use super::*;

    #[test]
    fn a_proved_address_is_the_accounts_own_or_takes_its_place() {
        let now = DateTime::UNIX_EPOCH;
        let mut ada = user(&[]);
        assert_eq!(
            ada.confirm_email("ADA@example.com", "ada@example.com", now),
            Ok(true)
        );
        assert_eq!(
            ada.confirm_email("ada@example.com", "ada@example.com", now),
            Ok(false)
        );
        assert_eq!(ada.version, 2);
        let mut renamed = ada.clone();
        assert_eq!(
            renamed.confirm_email("ada@example.com", "lace@example.com", now),
            Ok(true)
        );
        assert_eq!(renamed.email.as_deref(), Some("lace@example.com"));
        // Told twice.
        assert_eq!(
            renamed.confirm_email("ada@example.com", "lace@example.com", now),
            Ok(false)
        );
        let late = renamed.confirm_email("ada@example.com", "ada@example.com", now);
        assert_eq!(late, Err(Refusal::OtherEmail));
        ada.delete(0, now).unwrap();
        let gone = ada.confirm_email("ada@example.com", "ada@example.com", now);
        assert_eq!(
            (gone, ada.email_verified_time),
            (Err(Refusal::Deleted), None)
        );
    }
}
