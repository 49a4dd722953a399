//! Who may call: tokens are verified, and the contract's access rule is held.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, Request, Response};
use net::metadata::{AUTHORIZATION, bearer};
use tonic::body::Body;
use tonic::{Code, Status};

use super::filter::{Filter, Next};
use super::observe::Incoming;
use crate::call::{Caller, Token};
use crate::contract::{Access, Method};
use crate::identity::{EXPIRY_GRACE, Identity, VerifyError};
use crate::metadata::WORKLOAD_AUTHORIZATION;
use crate::status::{Problem, Reason};
use crate::unproved;

/// Who calls and with which token: in the extensions of the request.
#[derive(Clone, Debug, Default)]
pub(super) struct Verified {
    pub(super) caller: Caller,
    pub(super) user_token: Option<Token>,
    /// When the token expires, the user's if there is one, in seconds since 1970.
    pub(super) expires: Option<i64>,
}

#[derive(Clone)]
pub(super) struct Policy {
    identity: Identity,
}

impl Policy {
    pub(super) fn new(identity: Identity) -> Policy {
        Policy { identity }
    }

    async fn decide(
        &self,
        method: Option<&Method>,
        headers: &HeaderMap,
    ) -> Result<Verified, Status> {
        // A method that nobody knows is answered with UNIMPLEMENTED, whoever asks.
        let access = method.map_or(&Access::Public, |method| {
            method
                .access
                .as_ref()
                .expect("a method without access is refused at the start")
        });
        if *access == Access::Public {
            let names_user = method.is_some_and(|method| method.optional_user);
            return Ok(self.of_public(headers, names_user).await);
        }
        let streams = method.is_some_and(Method::is_streaming);
        let verified = self.verify(headers, streams).await?;
        allow(access, &verified.caller)?;
        Ok(verified)
    }

    /// Anybody may call: a token of a user is not looked at unless the method asks who it is, and
    /// one that does not hold proves nothing.
    async fn of_public(&self, headers: &HeaderMap, names_user: bool) -> Verified {
        let mut verified = Verified::default();
        if let Some(token) = headers.get(WORKLOAD_AUTHORIZATION).and_then(bearer) {
            verified.caller.workload = self.identity.verify_workload(token).await.ok();
        }
        if let Some(token) = headers
            .get(AUTHORIZATION)
            .and_then(bearer)
            .filter(|_| names_user)
            && let Ok(user) = self.identity.verify_user(token).await
        {
            verified.caller.user = Some(user);
            verified.user_token = Some(token.into());
        }
        verified
    }

    /// A token that is sent must hold, also if another would do: a caller whose session has ended
    /// does not become its workload. What was begun in time is gone on with for a while after the
    /// user's token has expired: a workload asks for that, not the user, and for no stream.
    async fn verify(&self, headers: &HeaderMap, streams: bool) -> Result<Verified, Status> {
        let verifier = self.identity.verifier();
        let mut verified = Verified::default();
        if let Some(workload) = self.workload(headers).await.map_err(unproved::refusal)? {
            let (name, expires) = workload;
            verified.caller.workload = Some(name);
            verified.expires = Some(expires);
        }
        if let Some(token) = token(headers, &AUTHORIZATION)? {
            let grace = match verified.caller.workload {
                Some(_) if !streams => EXPIRY_GRACE,
                _ => Duration::ZERO,
            };
            let (user, expires) = verifier.user_until(token, grace).await?;
            verified.caller.user = Some(user);
            verified.user_token = Some(token.into());
            verified.expires = Some(expires);
        }
        Ok(verified)
    }

    async fn workload(&self, headers: &HeaderMap) -> Result<Option<(Arc<str>, i64)>, VerifyError> {
        let Some(token) = token(headers, &WORKLOAD_AUTHORIZATION)? else {
            return Ok(None);
        };
        let verifier = self.identity.verifier();
        verifier.workload_until(token).await.map(Some)
    }
}

impl Filter for Policy {
    async fn filter<N: Next>(&self, mut request: Request<Body>, next: &N) -> Response<Body> {
        let method = Incoming::of(&request).method.clone();
        match self.decide(method.as_deref(), request.headers()).await {
            Ok(verified) => {
                let span = &Incoming::of(&request).span;
                if !span.is_disabled() {
                    span.record("caller", verified.caller.actor());
                }
                request.extensions_mut().insert(verified);
                next.run(request).await
            }
            Err(status) => status.into_http(),
        }
    }
}

fn token<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, VerifyError> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let not_bearer = || VerifyError::Invalid(format!("{name} is not a bearer token"));
    bearer(value).map(Some).ok_or_else(not_bearer)
}

/// Holds an access rule. Roles and workloads are alternatives.
pub fn allow(access: &Access, caller: &Caller) -> Result<(), Status> {
    if *access == Access::Public {
        return Ok(());
    }
    if caller.user.is_none() && caller.workload.is_none() {
        let message = "a token is needed";
        return Err(Problem::new(Reason::TokenMissing, Code::Unauthenticated, message).into());
    }
    let allowed = match access {
        Access::Public | Access::AnyToken => true,
        Access::Alternatives {
            roles,
            workloads,
            for_scripts,
        } => {
            let by_role = |user: &crate::call::User| {
                (*for_scripts || !user.is_script) && roles.iter().any(|role| user.has_role(role))
            };
            let by_name = |name: &Arc<str>| workloads.iter().any(|w| w == "*" || **w == **name);
            caller.user.as_ref().is_some_and(by_role)
                || caller.workload.as_ref().is_some_and(by_name)
        }
    };
    if allowed {
        return Ok(());
    }
    let message = match &caller.user {
        Some(user) if user.is_script => "a personal access token may not do this",
        _ => "the caller may not do this",
    };
    Err(Problem::new(Reason::AccessDenied, Code::PermissionDenied, message).into())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::call::User;

    fn caller(role: Option<&str>, workload: Option<&str>) -> Caller {
        let user = role.map(|role| User {
            id: Uuid::nil(),
            session_id: Uuid::nil(),
            roles: vec![role.to_owned()].into(),
            is_script: false,
        });
        Caller {
            user,
            workload: workload.map(Into::into),
        }
    }

    fn rule(roles: &[&str], workloads: &[&str]) -> Access {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Access::Alternatives {
            roles: owned(roles),
            workloads: owned(workloads),
            for_scripts: false,
        }
    }

    #[test]
    fn a_personal_access_token_opens_what_is_for_scripts_alone() {
        let mut script = caller(Some("user"), None);
        if let Some(user) = &mut script.user {
            user.is_script = true;
        }
        let user = rule(&["user"], &[]);
        let opened = |roles: &[&str]| Access::Alternatives {
            roles: roles.iter().map(ToString::to_string).collect(),
            workloads: Vec::new(),
            for_scripts: true,
        };
        assert!(allow(&user, &caller(Some("user"), None)).is_ok());
        assert_eq!(
            allow(&user, &script).unwrap_err().code(),
            Code::PermissionDenied
        );
        assert!(allow(&opened(&["user"]), &script).is_ok());
        assert!(allow(&opened(&["admin"]), &script).is_err());
        // A workload that it goes along with is asked for itself.
        let along = Caller {
            workload: Some("svc-orders".into()),
            ..script
        };
        assert!(allow(&rule(&["user"], &["svc-orders"]), &along).is_ok());
    }

    #[test]
    fn roles_and_workloads_are_alternatives() {
        use Code::{Ok as Fine, PermissionDenied as No, Unauthenticated as Who};
        let admin_or_orders = rule(&["admin"], &["svc-orders"]);
        let any_workload = rule(&[], &["*"]);
        let user = rule(&["user"], &[]);
        let cases = [
            (&Access::Public, None, None, Fine),
            (&Access::AnyToken, None, None, Who),
            (&Access::AnyToken, None, Some("edge"), Fine),
            (&Access::AnyToken, Some("user"), None, Fine),
            (&user, None, None, Who),
            (&user, Some("user"), None, Fine),
            (&user, None, Some("svc-orders"), No),
            (&user, Some("admin"), None, No),
            (&admin_or_orders, Some("user"), None, No),
            (&admin_or_orders, Some("user"), Some("edge"), No),
            (&admin_or_orders, Some("user"), Some("svc-orders"), Fine),
            (&admin_or_orders, Some("admin"), Some("edge"), Fine),
            (&admin_or_orders, None, Some("svc-orders"), Fine),
            (&any_workload, None, Some("svc-users"), Fine),
            (&any_workload, Some("admin"), None, No),
        ];
        for (access, role, workload, expected) in cases {
            let got = allow(access, &caller(role, workload)).map_or_else(|s| s.code(), |()| Fine);
            assert_eq!(got, expected, "{access:?} {role:?} {workload:?}");
        }
    }
}
