//! What an account may do.

use std::collections::BTreeSet;

/// A role, in the order in which they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Held by every account.
    User,
    /// Runs the shop.
    Admin,
}

impl Role {
    /// The role's name in contracts, tokens and the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    fn from_name(name: &str) -> Result<Self, UnknownRole> {
        match name {
            "user" => Ok(Self::User),
            "admin" => Ok(Self::Admin),
            _ => Err(UnknownRole(name.to_owned())),
        }
    }
}

/// There is no role of this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no role {0:?}")]
pub(crate) struct UnknownRole(pub String);

/// The roles of an account; `user` is always among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Roles(BTreeSet<Role>);

impl Default for Roles {
    fn default() -> Self {
        Self(BTreeSet::from([Role::User]))
    }
}

impl Roles {
    /// The roles of these names, and `user`.
    ///
    /// # Errors
    /// [`UnknownRole`] names the first that does not exist.
    pub(crate) fn from_names<S: AsRef<str>>(names: &[S]) -> Result<Self, UnknownRole> {
        let mut roles = Self::default();
        for name in names {
            roles.0.insert(Role::from_name(name.as_ref())?);
        }
        Ok(roles)
    }

    /// The names, `user` first.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|role| role.name().to_owned()).collect()
    }

    /// Whether `role` is held.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether every role of `other` is held.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        self.0.is_superset(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_is_always_held() {
        let roles = Roles::from_names::<&str>(&[]).unwrap();
        assert_eq!(roles.names(), ["user"]);
        assert_eq!(
            Roles::from_names(&["admin"]).unwrap().names(),
            ["user", "admin"]
        );
    }

    #[test]
    fn an_unknown_role_is_named() {
        assert_eq!(
            Roles::from_names(&["root"]),
            Err(UnknownRole("root".into()))
        );
    }
}
