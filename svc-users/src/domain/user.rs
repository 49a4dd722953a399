//! An account through its life: opened, changed, deactivated, reactivated, deleted.

mod proof;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{OwnProfile, Role, Roles, UnfitAvatar, avatar_url};

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It may.
    Active,
    /// An administrator closed it; it can be reactivated.
    Deactivated,
    /// Its owner deleted it, for ever.
    Deleted,
}

impl State {
    /// Its name in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            State::Active => "ACTIVE",
            State::Deactivated => "DEACTIVATED",
            State::Deleted => "DELETED",
        }
    }
}

impl TryFrom<String> for State {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        [State::Active, State::Deactivated, State::Deleted]
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| format!("`{name}` is not a state of an account"))
    }
}

/// Why an account does not do what was asked of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Without it nobody could administer the shop.
    #[error("this is the last active administrator")]
    LastAdministrator,
    /// A deleted account stays deleted.
    #[error("the account was deleted")]
    Deleted,
    /// The account was changed since it was read.
    #[error("the account was changed in the meantime")]
    Stale,
    /// An account is shown by its name.
    #[error("must not be empty")]
    Nameless,
    /// The address was proved for an account that had another one.
    #[error("the account has another e-mail address")]
    OtherEmail,
    /// The picture is not one to load.
    #[error(transparent)]
    Avatar(#[from] UnfitAvatar),
}

/// An account that is about to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewUser {
    /// Id (UUIDv7).
    pub(crate) id: Uuid,
    /// Id in the system it is taken over from.
    pub(crate) external_id: Option<String>,
    /// E-mail address as it was typed.
    pub(crate) email: Option<String>,
    /// Name shown to others.
    pub(crate) display_name: String,
    /// What it may do.
    pub(crate) roles: Roles,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// Id (UUIDv7).
    pub(crate) id: Uuid,
    /// Id in the system it was taken over from.
    pub(crate) external_id: Option<String>,
    /// E-mail address as it was typed; unique without regard to case.
    pub(crate) email: Option<String>,
    /// Since when its owner has proved the address; `None` if that was not done.
    pub(crate) email_verified_time: Option<DateTime<Utc>>,
    /// Name shown to others; empty once deleted.
    pub(crate) display_name: String,
    /// Address of a picture; empty for none.
    pub(crate) avatar_url: String,
    /// Language that it is written to in (BCP 47); empty for the shop's own.
    pub(crate) language: String,
    /// What it may do.
    pub(crate) roles: Roles,
    /// Whether it may be used.
    pub(crate) state: State,
    /// Grows by one with each change, from 1.
    pub(crate) version: i64,
    /// When it was opened.
    pub(crate) create_time: DateTime<Utc>,
    /// When it was changed last.
    pub(crate) update_time: DateTime<Utc>,
}

impl User {
    /// Opens an account.
    pub(crate) fn open(new: NewUser, now: DateTime<Utc>) -> Self {
        Self {
            id: new.id,
            external_id: new.external_id,
            email: new.email,
            email_verified_time: None,
            display_name: new.display_name,
            avatar_url: String::new(),
            language: String::new(),
            roles: new.roles,
            state: State::Active,
            version: 1,
            create_time: now,
            update_time: now,
        }
    }

    /// The account's etag (AIP-154): its version.
    pub(crate) fn etag(&self) -> String {
        self.version.to_string()
    }

    /// Whether it is an administrator that may be used.
    pub(crate) fn administers(&self) -> bool {
        self.state == State::Active && self.roles.has(Role::Admin)
    }

    /// Checks the etag that came with an update; an empty one asks for no check.
    ///
    /// # Errors
    /// [`Refusal::Stale`] if the account was changed since.
    pub(crate) fn expect_etag(&self, etag: &str) -> Result<(), Refusal> {
        if etag.is_empty() || etag == self.etag() {
            Ok(())
        } else {
            Err(Refusal::Stale)
        }
    }

    /// Changes the profile. True if anything is different now.
    ///
    /// # Errors
    /// [`Refusal::Nameless`], [`Refusal::Avatar`], [`Refusal::Deleted`].
    pub(crate) fn change(
        &mut self,
        profile: OwnProfile,
        now: DateTime<Utc>,
    ) -> Result<bool, Refusal> {
        self.expect_not_deleted()?;
        let OwnProfile {
            display_name: name,
            avatar_url: mut url,
            language,
        } = profile;
        if name.is_empty() {
            return Err(Refusal::Nameless);
        }
        let is_renamed = name != self.display_name;
        let has_new_picture = url != self.avatar_url;
        if !is_renamed && !has_new_picture && language == self.language {
            return Ok(false);
        }
        // One that is as it was is not looked at again: it may be older than the rules.
        if has_new_picture {
            url = avatar_url(url)?;
        }
        self.display_name = name;
        self.avatar_url = url;
        self.language = language;
        self.touch(now);
        Ok(true)
    }

    /// Closes the account. True if it was open. `others` is how many other administrators
    /// there are that may be used.
    ///
    /// # Errors
    /// [`Refusal::LastAdministrator`], [`Refusal::Deleted`].
    pub(crate) fn deactivate(
        &mut self,
        others: usize,
        now: DateTime<Utc>,
    ) -> Result<bool, Refusal> {
        self.expect_not_deleted()?;
        if self.state == State::Deactivated {
            return Ok(false);
        }
        self.expect_dispensable(others)?;
        self.state = State::Deactivated;
        self.touch(now);
        Ok(true)
    }

    /// Opens the account again. True if it was closed.
    ///
    /// # Errors
    /// [`Refusal::Deleted`].
    pub(crate) fn reactivate(&mut self, now: DateTime<Utc>) -> Result<bool, Refusal> {
        self.expect_not_deleted()?;
        if self.state == State::Active {
            return Ok(false);
        }
        self.state = State::Active;
        self.touch(now);
        Ok(true)
    }

    /// Replaces the roles; `None` if they are the same, otherwise whether one was taken away.
    ///
    /// # Errors
    /// [`Refusal::LastAdministrator`], [`Refusal::Deleted`].
    pub(crate) fn set_roles(
        &mut self,
        roles: Roles,
        others: usize,
        now: DateTime<Utc>,
    ) -> Result<Option<RoleChange>, Refusal> {
        self.expect_not_deleted()?;
        if roles == self.roles {
            return Ok(None);
        }
        if !roles.has(Role::Admin) {
            self.expect_dispensable(others)?;
        }
        let taken = !roles.includes(&self.roles);
        self.roles = roles;
        self.touch(now);
        Ok(Some(RoleChange { taken }))
    }

    /// Deletes the account: erases what tells whose it was. True if it was not deleted yet.
    ///
    /// # Errors
    /// [`Refusal::LastAdministrator`].
    pub(crate) fn delete(&mut self, others: usize, now: DateTime<Utc>) -> Result<bool, Refusal> {
        if self.state == State::Deleted {
            return Ok(false);
        }
        self.expect_dispensable(others)?;
        self.external_id = None;
        self.email = None;
        self.email_verified_time = None;
        self.display_name.clear();
        self.avatar_url.clear();
        self.language.clear();
        self.roles = Roles::default();
        self.state = State::Deleted;
        self.touch(now);
        Ok(true)
    }

    fn expect_not_deleted(&self) -> Result<(), Refusal> {
        if self.state == State::Deleted {
            Err(Refusal::Deleted)
        } else {
            Ok(())
        }
    }

    fn expect_dispensable(&self, others: usize) -> Result<(), Refusal> {
        if self.administers() && others == 0 {
            Err(Refusal::LastAdministrator)
        } else {
            Ok(())
        }
    }

    fn touch(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.update_time = now;
    }
}

/// What became of the roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoleChange {
    /// True if one was taken away: the account's sessions end.
    pub(crate) taken: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn user(roles: &[&str]) -> User {
        let new = NewUser {
            id: Uuid::from_u128(1),
            external_id: Some("C-1".into()),
            email: Some("ada@example.com".into()),
            display_name: "Ada".into(),
            roles: Roles::from_names(roles).unwrap(),
        };
        User::open(new, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn the_last_administrator_stays() {
        let mut admin = user(&["admin"]);
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(admin.deactivate(0, now), Err(Refusal::LastAdministrator));
        assert_eq!(admin.delete(0, now), Err(Refusal::LastAdministrator));
        assert_eq!(
            admin.set_roles(Roles::default(), 0, now),
            Err(Refusal::LastAdministrator)
        );
        assert_eq!(admin.version, 1);
        assert_eq!(
            admin.set_roles(Roles::default(), 1, now),
            Ok(Some(RoleChange { taken: true }))
        );
    }

    #[test]
    fn a_change_that_changes_nothing_leaves_the_version() {
        let mut ada = user(&[]);
        let same = OwnProfile {
            display_name: "Ada".into(),
            ..OwnProfile::default()
        };
        assert_eq!(ada.change(same, DateTime::UNIX_EPOCH), Ok(false));
        assert_eq!(ada.reactivate(DateTime::UNIX_EPOCH), Ok(false));
        assert_eq!(ada.etag(), "1");
    }

    #[test]
    fn an_account_keeps_a_name() {
        let mut ada = user(&[]);
        let nameless = OwnProfile::default();
        assert_eq!(
            ada.change(nameless, DateTime::UNIX_EPOCH),
            Err(Refusal::Nameless)
        );
        assert_eq!(ada.display_name, "Ada");
    }

    #[test]
    fn deletion_erases_personal_data_and_is_final() {
        let mut ada = user(&[]);
        assert_eq!(ada.delete(0, DateTime::UNIX_EPOCH), Ok(true));
        assert_eq!(
            (ada.email.as_deref(), ada.external_id.as_deref()),
            (None, None)
        );
        assert_eq!(
            (ada.display_name.as_str(), ada.avatar_url.as_str()),
            ("", "")
        );
        assert_eq!(ada.delete(0, DateTime::UNIX_EPOCH), Ok(false));
        assert_eq!(ada.reactivate(DateTime::UNIX_EPOCH), Err(Refusal::Deleted));
    }

    #[test]
    fn a_stale_etag_is_refused() {
        let mut ada = user(&[]);
        assert_eq!(ada.expect_etag(""), Ok(()));
        assert_eq!(ada.expect_etag("1"), Ok(()));
        ada.deactivate(0, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(ada.expect_etag("1"), Err(Refusal::Stale));
    }
}
