//! Between the contract and the domain.

use contracts::tradewind::users::v1::{Profile, User as Resource, UserState};
use net::clock::timestamp;

use crate::domain::{State, User};

/// The account as the contract shows it to its owner and to administrators.
pub(crate) fn user(user: User) -> Resource {
    Resource {
        etag: user.etag(),
        email_verified: user.email_verified_time.is_some(),
        user_id: user.id.to_string(),
        external_id: user.external_id.unwrap_or_default(),
        email: user.email.unwrap_or_default(),
        display_name: user.display_name,
        avatar_url: user.avatar_url,
        language: user.language,
        roles: user.roles.names(),
        state: state(user.state).into(),
        create_time: Some(timestamp(user.create_time)),
        update_time: Some(timestamp(user.update_time)),
    }
}

/// The account as the contract shows it to others.
pub(crate) fn profile(user: User) -> Profile {
    Profile {
        user_id: user.id.to_string(),
        display_name: user.display_name,
        avatar_url: user.avatar_url,
    }
}

pub(crate) fn state(state: State) -> UserState {
    match state {
        State::Active => UserState::Active,
        State::Deactivated => UserState::Deactivated,
        State::Deleted => UserState::Deleted,
    }
}
