//! What clients send in place of an access token of svc-auth is exchanged for one: tickets, personal access
//! tokens, and the access tokens of issuers that are trusted. Only the edge itself may.

use std::time::Duration;

use contracts::tradewind::auth::v1::access_tokens_service_client::AccessTokensServiceClient;
use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use contracts::tradewind::auth::v1::{
    RedeemAccessTokenRequest, RedeemTicketRequest, RedeemTicketResponse,
};
use gateway::guard::Asked;
use moka::sync::Cache;
use runtime::call::{CallContext, Token};
use runtime::identity::{VerifyError, personal};
use runtime::node::Node;
use runtime::services::AUTHORITY;
use tonic::Status;

use crate::issuers::TrustedIssuers;

/// How many bytes of tokens are remembered: some 20,000 personal ones.
const REMEMBERED: u64 = 16 * 1024 * 1024;
/// For how long. Sooner when it ends, which every process hears of; a role that its owner was given is
/// had after this time.
const FRESH: Duration = Duration::from_secs(60);

/// Exchanges what was sent for access tokens.
pub(super) struct Exchange {
    node: Node,
    issuers: TrustedIssuers,
    /// What was exchanged, but for tickets, and what it stands for.
    known: Cache<String, Token>,
}

impl Exchange {
    pub(super) fn new(issuers: TrustedIssuers, node: &Node) -> Self {
        let known = Cache::builder().max_capacity(REMEMBERED);
        let known = known.weigher(|token: &String, access_token: &Token| {
            u32::try_from(token.len() + access_token.len()).unwrap_or(u32::MAX)
        });
        Self {
            issuers,
            node: node.clone(),
            known: known.time_to_live(FRESH).build(),
        }
    }

    /// Whether a bearer token is none of svc-auth's, and may stand for one.
    pub(super) fn is_for(&self, token: &str) -> bool {
        personal::is_meant(token) || self.issuers.are_named_by(token)
    }

    /// A ticket opens one path.
    pub(super) async fn redeem_ticket(
        &self,
        request: RedeemTicketRequest,
        asked: &Asked<'_>,
    ) -> Result<RedeemTicketResponse, Status> {
        let mut auth = AuthServiceClient::new(self.node.channel(AUTHORITY));
        let reply = call(asked).scope(async move { auth.redeem_ticket(request).await });
        Ok(reply.await?.into_inner())
    }

    /// What a token was exchanged for a moment ago.
    pub(super) fn known(&self, token: &str) -> Option<Token> {
        self.known.get(token)
    }

    pub(super) fn forget(&self, token: &str) {
        self.known.invalidate(token);
    }

    /// A personal one that was cut off or mistyped is refused here, by its checksum.
    pub(super) async fn redeem(&self, token: &str, asked: &Asked<'_>) -> Result<Token, Status> {
        if personal::is_meant(token) && !personal::is_whole(token) {
            let why = "its checksum does not hold".to_owned();
            return Err(VerifyError::Invalid(why).into());
        }
        let request = RedeemAccessTokenRequest {
            token: token.to_owned(),
        };
        let mut auth = AccessTokensServiceClient::new(self.node.channel(AUTHORITY));
        let reply = call(asked).scope(async move { auth.redeem_access_token(request).await });
        let access_token = Token::from(reply.await?.into_inner().access_token);
        self.known.insert(token.to_owned(), access_token.clone());
        Ok(access_token)
    }
}

/// The request, as a call of the edge for itself.
fn call(asked: &Asked<'_>) -> CallContext {
    let context = asked.context;
    CallContext {
        deadline: context.deadline,
        request_id: context.request_id.clone(),
        client_address: Some(context.client_address),
        user_agent: context.user_agent.clone(),
        trace: context.trace.clone(),
        span: context.span.clone(),
        ..CallContext::background("edge")
    }
}
