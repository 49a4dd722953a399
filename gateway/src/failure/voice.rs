//! How errors are worded for clients.

use std::borrow::Cow;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::problem::{Problem, Reason};

/// How errors are worded for clients.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    /// The domain of reasons in `google.rpc.ErrorInfo`: of the gateway's own, and of those of upstreams
    /// that it understands. Without one the gateway's errors have no ErrorInfo.
    pub domain: Option<&'static str>,
    /// Upstreams' faults that name no reason (INTERNAL, UNKNOWN, DATA_LOSS) are logged and not told, and
    /// errors without details get the reason that their code stands for. Otherwise what upstreams say
    /// of errors goes through word for word.
    pub explains: bool,
    /// What a 401 says of the bearer token, by the reason; `None` if nothing is wrong with the token,
    /// as there was none, or it is another credential that does not hold (RFC 6750, section 3.1).
    pub challenge: fn(reason: Option<&str>) -> Option<&'static str>,
}

impl Default for Voice {
    /// Nobody hears that there is a gateway.
    fn default() -> Self {
        Self {
            domain: None,
            explains: false,
            challenge: |reason| match reason {
                Some("TOKEN_MISSING") => None,
                Some("TOKEN_EXPIRED") => Some("the token has expired"),
                _ => Some("the token is not valid"),
            },
        }
    }
}

impl Voice {
    /// The reason of an error, if it is one of the domain.
    pub(crate) fn reason(&self, status: &Status) -> Option<String> {
        let domain = self.domain?;
        let info = status.get_details_error_info();
        let info = info.filter(|info| info.domain == domain)?;
        Some(info.reason)
    }

    /// In words for clients.
    pub(super) fn worded(&self, problem: &Problem) -> Status {
        let mut details = problem.details.clone();
        if let Some(domain) = self.domain {
            let (reason, metadata) = (problem.reason.name(), problem.metadata.clone());
            details.set_error_info(reason, domain, metadata);
        }
        // Details without a detail are bytes all the same.
        if self.domain.is_none()
            && details.bad_request().is_none()
            && details.retry_info().is_none()
        {
            return Status::new(problem.code, problem.message.clone());
        }
        Status::with_error_details(problem.code, problem.message.clone(), details)
    }

    /// What clients hear of what an upstream said.
    pub(super) fn told<'a>(&self, said: &'a Status) -> Cow<'a, Status> {
        if !self.explains {
            return Cow::Borrowed(said);
        }
        let problem = match said.code() {
            Code::Internal | Code::Unknown | Code::DataLoss if self.reason(said).is_none() => {
                Some(Problem::internal(said))
            }
            _ if said.details().is_empty() => Reason::of(said.code())
                .map(|reason| Problem::new(reason, said.code(), said.message())),
            _ => None,
        };
        match problem {
            Some(problem) => Cow::Owned(self.worded(&problem)),
            None => Cow::Borrowed(said),
        }
    }
}
