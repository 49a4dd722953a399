//! Accounts and their rules: pure, without transport, database or clock.

mod avatar;
mod display_name;
mod name;
mod profile;
mod role;
mod user;

pub use avatar::{UnfitAvatar, avatar_url};
pub use display_name::{DisplayName, UnfitName};
pub use name::{NameQuery, email_key, name_key, words};
pub use profile::OwnProfile;
pub use role::{Role, Roles, UnknownRole};
pub use user::{NewUser, Refusal, RoleChange, State, User};
