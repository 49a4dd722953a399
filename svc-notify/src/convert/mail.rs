//! Mails, between the contract and the domain.

use contracts::tradewind::notify::v1::{MailMessage, MailState, MailSuppression};
use net::clock::timestamp;
use uuid::Uuid;

use crate::domain::mail::{Message, State};
use crate::store::suppressions::Suppression;

/// The mail as the contract shows it.
pub(crate) fn message(message: &Message) -> MailMessage {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    MailMessage {
        message_id: message.id.to_string(),
        event_id: message.event_id.to_string(),
        template: message.template.to_string(),
        user_id: id(message.user_id),
        order_id: id(message.subject.order_id),
        state: state(message.state).into(),
        attempts: message.attempts,
        detail: message.detail.clone(),
        next_attempt_time: message.due_at.map(timestamp),
        create_time: Some(timestamp(message.create_time)),
        update_time: Some(timestamp(message.update_time)),
    }
}

/// A suppression as the contract shows it.
pub(crate) fn suppression(suppression: Suppression) -> MailSuppression {
    MailSuppression {
        suppression_id: suppression.id.to_string(),
        user_id: suppression.user_id.to_string(),
        message_id: suppression.message_id.to_string(),
        detail: suppression.detail,
        create_time: Some(timestamp(suppression.create_time)),
    }
}

fn state(state: State) -> MailState {
    match state {
        State::Pending => MailState::Pending,
        State::Sent => MailState::Sent,
        State::Failed => MailState::Failed,
        State::Refused => MailState::Refused,
        State::Discarded => MailState::Discarded,
    }
}

/// The state that is asked for; none is any.
pub(crate) fn to_state(asked: MailState) -> Option<State> {
    State::ALL.into_iter().find(|it| state(*it) == asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_name_in_the_contract() {
        for one in State::ALL {
            assert_eq!(state(one).as_str_name(), format!("MAIL_STATE_{one}"));
            assert_eq!(to_state(state(one)), Some(one));
        }
        assert_eq!(to_state(MailState::Unspecified), None);
    }
}
