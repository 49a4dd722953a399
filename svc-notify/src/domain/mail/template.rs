//! Which mails there are.

use std::fmt;
use std::time::Duration;

/// Which mail it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Template {
    /// An order is promised.
    OrderConfirmed,
    /// A shipment is with the carrier.
    OrderShipped,
    /// An order was cancelled.
    OrderCancelled,
    /// An order was refused after it was placed.
    OrderRefused,
    /// The buyer has to do something for the payment.
    PaymentActionRequired,
    /// Money was given back.
    PaymentRefunded,
    /// A link to set the password by.
    PasswordReset,
    /// A link to prove an address by.
    EmailVerification,
    /// To an address that was the account's.
    EmailChanged,
    /// Somebody signed in from a network that the account was not used from before.
    NewSignIn,
    /// The password was changed, or set by a link.
    PasswordChanged,
    /// A second factor was turned on.
    SecondFactorEnabled,
    /// The second factor was turned off by its owner.
    SecondFactorDisabled,
    /// The shop has taken the second factor away.
    SecondFactorRemoved,
    /// A recovery code was used in place of the second factor.
    RecoveryCodeUsed,
    /// A personal access token was made.
    AccessTokenCreated,
    /// An identity elsewhere was linked to the account.
    IdentityLinked,
}

/// No mail has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mail")]
pub(crate) struct UnknownTemplate(pub(crate) String);

impl Template {
    /// Every template, in the order of their names.
    pub(crate) const ALL: [Self; 17] = [
        Self::AccessTokenCreated,
        Self::EmailChanged,
        Self::EmailVerification,
        Self::IdentityLinked,
        Self::NewSignIn,
        Self::OrderCancelled,
        Self::OrderConfirmed,
        Self::OrderRefused,
        Self::OrderShipped,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::PaymentActionRequired,
        Self::PaymentRefunded,
        Self::RecoveryCodeUsed,
        Self::SecondFactorDisabled,
        Self::SecondFactorEnabled,
        Self::SecondFactorRemoved,
    ];

    /// Its name, as in the contract, in the database and in the name of its file.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OrderConfirmed => "order-confirmed",
            Self::OrderShipped => "order-shipped",
            Self::OrderCancelled => "order-cancelled",
            Self::OrderRefused => "order-refused",
            Self::PaymentActionRequired => "payment-action-required",
            Self::PaymentRefunded => "payment-refunded",
            Self::PasswordReset => "password-reset",
            Self::EmailVerification => "email-verification",
            Self::EmailChanged => "email-changed",
            Self::NewSignIn => "new-sign-in",
            Self::PasswordChanged => "password-changed",
            Self::SecondFactorEnabled => "second-factor-enabled",
            Self::SecondFactorDisabled => "second-factor-disabled",
            Self::SecondFactorRemoved => "second-factor-removed",
            Self::RecoveryCodeUsed => "recovery-code-used",
            Self::AccessTokenCreated => "access-token-created",
            Self::IdentityLinked => "identity-linked",
        }
    }

    /// When it is sent, for people.
    #[must_use]
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::OrderConfirmed => "An order is promised.",
            Self::OrderShipped => "A shipment of an order is with the carrier.",
            Self::OrderCancelled => "An order was cancelled.",
            Self::OrderRefused => "An order was refused after it was placed.",
            Self::PaymentActionRequired => {
                "The buyer has to do something for the payment, and has not within five minutes."
            }
            Self::PaymentRefunded => "Money was given back.",
            Self::PasswordReset => "Somebody has asked for a link to set a new password by.",
            Self::EmailVerification => "An address is to be proved by a link.",
            Self::EmailChanged => "The account has another address: told to the one before.",
            Self::NewSignIn => "Somebody signed in from a network that is new to the account.",
            Self::PasswordChanged => "The password was changed, or set by a link.",
            Self::SecondFactorEnabled => "A second factor was turned on.",
            Self::SecondFactorDisabled => "The second factor was turned off by its owner.",
            Self::SecondFactorRemoved => "The shop has taken the second factor away.",
            Self::RecoveryCodeUsed => "A recovery code was used in place of the second factor.",
            Self::AccessTokenCreated => "A personal access token was made.",
            Self::IdentityLinked => "An account elsewhere was linked, to sign in with.",
        }
    }

    /// How long after its event it is sent. Most buyers that are asked for something do it at once.
    #[must_use]
    pub(crate) fn delay(self) -> Duration {
        match self {
            Self::PaymentActionRequired => Duration::from_secs(5 * 60),
            _ => Duration::ZERO,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Template {
    type Error = UnknownTemplate;

    fn try_from(name: String) -> Result<Self, UnknownTemplate> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == name);
        found.ok_or(UnknownTemplate(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_by_their_names_and_stand_in_their_order() {
        for template in Template::ALL {
            assert_eq!(Template::try_from(template.to_string()), Ok(template));
        }
        assert!(Template::try_from("order-lost".to_owned()).is_err());
        assert!(Template::ALL.is_sorted_by_key(|it| it.as_str()));
    }
}
