//! Lets in whoever has a token.

use std::sync::Arc;

use futures::future::BoxFuture;
use net::metadata::{AUTHORIZATION, bearer};
use tonic::Status;

use super::issuers::Issuers;
use super::refused::Refused;
use crate::caller::Caller;
use crate::guard::{Asked, Guard};

/// Lets in whoever has a token of one of the issuers.
pub struct JwtGuard {
    issuers: Arc<Issuers>,
    demand: Demand,
}

/// What a method asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: a good token makes its user known, and any other is taken for none.
    Nothing,
    /// A token.
    Token,
    /// A token with one of these roles.
    Role(Vec<String>),
}

impl JwtGuard {
    /// Of a method that asks for that.
    pub fn new(issuers: Arc<Issuers>, demand: Demand) -> Self {
        Self { issuers, demand }
    }

    async fn known(&self, asked: &Asked<'_>) -> Result<Arc<dyn Caller>, Refused> {
        let sent = asked.head.headers.get(AUTHORIZATION);
        let token = sent.and_then(bearer).ok_or(Refused::Missing)?;
        let user = self.issuers.user(token).await?;
        if let Demand::Role(roles) = &self.demand
            && !roles.iter().any(|role| user.roles.contains(role))
        {
            return Err(Refused::NoRole);
        }
        Ok(user)
    }
}

impl Guard for JwtGuard {
    fn admit<'a>(
        &'a self,
        asked: Asked<'a>,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn Caller>>, Status>> {
        Box::pin(async move {
            let known = self.known(&asked).await;
            match (known, &self.demand) {
                (Ok(caller), _) => Ok(Some(caller)),
                (Err(_), Demand::Nothing) => Ok(None),
                (Err(refused), _) => Err(refused.status(&self.issuers.realm)),
            }
        })
    }
}
