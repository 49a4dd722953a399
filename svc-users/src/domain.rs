//! Accounts and their rules: pure, without transport, database or clock.

mod avatar;
mod name;
mod profile;
mod role;
mod user;

pub use avatar::{UnfitAvatar, avatar_url};
pub use name::{NameQuery, name_key, words};
pub use profile::OwnProfile;
pub use role::{Role, Roles, UnknownRole};
pub use user::{NewUser, Refusal, RoleChange, State, User};
