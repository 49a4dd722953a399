//! How the edge words errors: the reasons of the contract.

use gateway::Voice;
use runtime::status::{DOMAIN, Reason};

/// The reasons are those of `tradewind.errors.v1`; what services say of their own faults stays here.
pub(crate) const VOICE: Voice = Voice {
    domain: Some(DOMAIN),
    explains: true,
    challenge,
};

/// In front of other servers nothing but the challenges, which are about Tradewind's tokens.
pub(crate) const OF_OTHERS: Voice = Voice {
    domain: None,
    explains: false,
    challenge,
};

fn challenge(reason: Option<&str>) -> Option<&'static str> {
    let reason = reason.and_then(|name| Reason::from_str_name(&format!("REASON_{name}")));
    match reason {
        // The caller's password, refresh token or one-time token is wrong, not the bearer token.
        Some(
            Reason::TokenMissing
            | Reason::CredentialsInvalid
            | Reason::RefreshTokenInvalid
            | Reason::ResetTokenInvalid
            | Reason::SessionExpired,
        ) => None,
        Some(Reason::TokenExpired) => Some("the token has expired"),
        Some(Reason::SessionRevoked) => Some("the session has ended"),
        Some(Reason::TicketInvalid) => Some("the ticket is not valid"),
        _ => Some("the token is not valid"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_gateway_is_one_of_the_contract() {
        for reason in gateway::Reason::ALL {
            let name = format!("REASON_{}", reason.name());
            assert!(Reason::from_str_name(&name).is_some(), "{name}");
        }
    }
}
