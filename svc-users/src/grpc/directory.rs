//! Looking accounts up. A cache stands in front of all but lists.

use std::time::Duration;

use contracts::tradewind::users::v1::{
    GetUserRequest, GetUserResponse, ListUsersRequest, ListUsersResponse, SearchUsersRequest,
    SearchUsersResponse, User as Resource,
};
use runtime::id;
use serde::{Deserialize, Serialize};
use store::page;
use uuid::Uuid;

use crate::convert;
use crate::domain::{NameQuery, State, name_key};
use crate::error::Error;
use crate::events::cache_key;
use crate::service::Users;
use crate::store::user;

/// How long an account is remembered unless it changes.
const ACCOUNT_TTL: Duration = Duration::from_secs(60 * 60);
/// How long the result of a search is remembered.
const SEARCH_TTL: Duration = Duration::from_secs(5 * 60);

pub(super) async fn get(users: &Users, request: GetUserRequest) -> Result<GetUserResponse, Error> {
    let id = id::parse("userId", &request.user_id)?;
    let user = Some(cached(users, id).await?);
    Ok(GetUserResponse { user })
}

/// The account, as it is remembered.
pub(super) async fn cached(users: &Users, id: Uuid) -> Result<Resource, Error> {
    let fill = || async { Ok(load(users, id).await?) };
    let cached = users
        .cache
        .get_or_fill(&cache_key(&id.to_string()), ACCOUNT_TTL, fill)
        .await?;
    cached.user.ok_or(Error::NotFound(id))
}

async fn load(users: &Users, id: Uuid) -> Result<(i64, GetUserResponse), Error> {
    let mut tx = users.db.read().await?;
    let found = user::find(&mut tx, id).await?.ok_or(Error::NotFound(id))?;
    Ok((
        found.version,
        GetUserResponse {
            user: Some(convert::user(found)),
        },
    ))
}

/// Where a page of accounts begins.
#[derive(Serialize, Deserialize)]
struct AfterId {
    id: Uuid,
}

pub(super) async fn list(
    users: &Users,
    request: ListUsersRequest,
) -> Result<ListUsersResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("users", request);
    let after = list.after::<AfterId>(&request.page_token)?;
    let mut tx = users.db.read().await?;
    if !request.external_id.is_empty() {
        let found = user::find_external(&mut tx, &request.external_id).await?;
        let users = found.map(convert::user).into_iter().collect();
        return Ok(ListUsersResponse {
            users,
            next_page_token: String::new(),
        });
    }
    let after = after.map_or(Uuid::nil(), |after| after.id);
    let mut found = user::list(&mut tx, after, size + 1).await?;
    let next_page_token = list.cut(&mut found, size, |last| AfterId { id: last.id });
    Ok(ListUsersResponse {
        users: found.into_iter().map(convert::user).collect(),
        next_page_token,
    })
}

/// Where a page of a search begins.
#[derive(Serialize, Deserialize)]
struct AfterName {
    name: String,
    id: Uuid,
}

pub(super) async fn search(
    users: &Users,
    mut request: SearchUsersRequest,
) -> Result<SearchUsersResponse, Error> {
    request.query = request.query.trim().to_lowercase();
    let size = page::size(&request);
    let list = store::list!("user-search", request);
    let after = list.after::<AfterName>(&request.page_token)?;
    let SearchUsersRequest {
        query, page_token, ..
    } = &request;
    let key = format!("search:{size}:{page_token}:{query}");
    // The result has no version: it may be five minutes old.
    let fill = || async { Ok((0, find(users, query, &list, after.as_ref(), size).await?)) };
    Ok(users.cache.get_or_fill(&key, SEARCH_TTL, fill).await?)
}

async fn find(
    users: &Users,
    query: &str,
    list: &page::List,
    after: Option<&AfterName>,
    size: i64,
) -> Result<SearchUsersResponse, Error> {
    let mut tx = users.db.read().await?;
    let mut found = if query.contains('@') {
        Vec::from_iter(user::find_active_email(&mut tx, query).await?)
    } else if let Some(names) = NameQuery::parse(query) {
        let after = after.map_or(("", Uuid::nil()), |after| (after.name.as_str(), after.id));
        user::search(&mut tx, &names, after, size + 1).await?
    } else {
        Vec::new()
    };
    debug_assert!(found.iter().all(|user| user.state == State::Active));
    let next_page_token = list.cut(&mut found, size, |last| AfterName {
        name: name_key(&last.display_name),
        id: last.id,
    });
    Ok(SearchUsersResponse {
        profiles: found.into_iter().map(convert::profile).collect(),
        next_page_token,
    })
}
