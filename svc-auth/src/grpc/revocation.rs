//! ListRevocations: which sessions ended while tokens of theirs may live.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::tradewind::auth::v1::{
    ListRevocationsRequest, ListRevocationsResponse, Revocation as Resource,
};
use net::clock::timestamp;
use runtime::identity;
use serde::{Deserialize, Serialize};
use store::page;
use tonic::Status;
use uuid::Uuid;

use crate::error::Error;
use crate::service::Auth;
use crate::store::revocation::{self, Revocation};

const PAGE: i64 = 10_000;

/// Where a page begins.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct After {
    revoke_time: DateTime<Utc>,
    session_id: Uuid,
}

pub(super) async fn list(
    auth: &Auth,
    request: ListRevocationsRequest,
) -> Result<ListRevocationsResponse, Error> {
    let size = page::size(&request);
    let since = request.since.and_then(|since| {
        let nanos = u32::try_from(since.nanos).unwrap_or(0);
        DateTime::from_timestamp(since.seconds, nanos)
    });
    let list = store::list!("revocations", request);
    let after = list.after::<After>(&request.page_token)?;
    let after = after.unwrap_or_else(|| start(since));
    let mut found = page_of(auth, after, size + 1).await?;
    let next_page_token = list.cut(&mut found, size, position);
    Ok(ListRevocationsResponse {
        revocations: found.iter().map(resource).collect(),
        next_page_token,
    })
}

/// All that still matter, for the verifier of this process.
pub(crate) async fn all(auth: Auth) -> Result<Vec<identity::Revocation>, Status> {
    let mut all = Vec::new();
    let mut after = start(None);
    loop {
        let found = page_of(&auth, after, PAGE).await?;
        all.extend(found.iter().map(|one| identity::Revocation {
            session_id: one.session_id,
            forget_time: one.forget_time,
        }));
        match found.last() {
            Some(last) => after = position(last),
            None => return Ok(all),
        }
    }
}

async fn page_of(auth: &Auth, after: After, limit: i64) -> Result<Vec<Revocation>, Error> {
    let mut tx = auth.db.read().await?;
    // Nothing ended before, and Postgres knows no time before 4713 BC.
    let after = (
        after.revoke_time.max(DateTime::UNIX_EPOCH),
        after.session_id,
    );
    revocation::list(&mut tx, auth.clock.now(), after, limit).await
}

/// Just before the first that ended at `since`.
fn start(since: Option<DateTime<Utc>>) -> After {
    let since = since.unwrap_or(DateTime::UNIX_EPOCH);
    let revoke_time = since
        .checked_sub_signed(TimeDelta::microseconds(1))
        .unwrap_or(since);
    After {
        revoke_time,
        session_id: Uuid::max(),
    }
}

fn position(last: &Revocation) -> After {
    After {
        revoke_time: last.revoke_time,
        session_id: last.session_id,
    }
}

fn resource(revocation: &Revocation) -> Resource {
    Resource {
        session_id: revocation.session_id.to_string(),
        revoke_time: Some(timestamp(revocation.revoke_time)),
        forget_time: Some(timestamp(revocation.forget_time)),
    }
}
