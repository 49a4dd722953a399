//! Accounts and their rules: pure, without transport, database or clock.

mod avatar;
mod name;
mod profile;
mod role;
mod user;

pub(crate) use avatar::{UnfitAvatar, avatar_url};
pub(crate) use name::{NameQuery, name_key, words};
pub(crate) use profile::OwnProfile;
pub(crate) use role::{Role, Roles, UnknownRole};
pub(crate) use user::{NewUser, Refusal, State, User};
