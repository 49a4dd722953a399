//! The table `users`.

use chrono::{DateTime, Utc};
use runtime::text::email_key;
use sqlx::types::Json;
use store::{Database, Dialect, Tx};
use uuid::Uuid;

use super::directory;
use crate::domain::{Roles, State, User, name_key};
use crate::error::Error;

/// A row as both databases hold it.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    user_id: Uuid,
    external_id: Option<String>,
    email: Option<String>,
    email_verified_time: Option<DateTime<Utc>>,
    display_name: String,
    avatar_url: String,
    language: String,
    roles: Json<Vec<String>>,
    #[sqlx(try_from = "String")]
    state: State,
    version: i64,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
}

impl TryFrom<Row> for User {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let roles = Roles::from_names(&row.roles.0);
        let roles = roles.map_err(|_| store::Error::unreadable("account", row.user_id))?;
        Ok(Self {
            id: row.user_id,
            external_id: row.external_id,
            email: row.email,
            email_verified_time: row.email_verified_time,
            display_name: row.display_name,
            avatar_url: row.avatar_url,
            language: row.language,
            roles,
            state: row.state,
            version: row.version,
            create_time: row.create_time,
            update_time: row.update_time,
        })
    }
}

/// `SELECT` of whole rows with the given rest.
macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT user_id, external_id, email, email_verified_time, display_name, avatar_url, \
             language, roles, state, version, create_time, update_time FROM users ",
            $rest
        )
    };
}

/// The account with this id.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<User>, Error> {
    store::fetch_optional!(tx, Row, select_users!("WHERE user_id = $1"), id)?
        .map(User::try_from)
        .transpose()
}

/// The account with this id, for a change: nobody else changes it before the commit.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<User, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => select_users!("WHERE user_id = $1 FOR UPDATE"),
        Dialect::Sqlite => select_users!("WHERE user_id = $1"),
    };
    store::fetch_optional!(tx, Row, sql, id)?
        .ok_or(Error::NotFound(id))?
        .try_into()
}

/// The administrators that may be used. None of them ceases to be one before the commit: locked
/// before any other account, in the order of their ids, so that two such changes cannot deadlock.
pub(crate) async fn lock_administrators(tx: &mut Tx) -> Result<Vec<Uuid>, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => {
            "SELECT user_id FROM users WHERE state = 'ACTIVE' AND roles @> '[\"admin\"]' \
             ORDER BY user_id FOR UPDATE"
        }
        Dialect::Sqlite => {
            "SELECT user_id FROM users WHERE state = 'ACTIVE' AND instr(roles, '\"admin\"') > 0"
        }
    };
    let rows = store::fetch_all!(tx, (Uuid,), sql)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// A page of all accounts, in the order of their ids.
pub(crate) async fn list(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<User>, Error> {
    let sql = select_users!("WHERE user_id > $1 ORDER BY user_id LIMIT $2");
    store::fetch_all!(tx, Row, sql, after, limit)?
        .into_iter()
        .map(User::try_from)
        .collect()
}

/// The account with this external id.
pub(crate) async fn find_external(tx: &mut Tx, external_id: &str) -> Result<Option<User>, Error> {
    store::fetch_optional!(
        tx,
        Row,
        select_users!("WHERE external_id = $1"),
        external_id
    )?
    .map(User::try_from)
    .transpose()
}

/// The active account with this e-mail address.
pub(crate) async fn find_active_email(tx: &mut Tx, email: &str) -> Result<Option<User>, Error> {
    let sql = select_users!("WHERE email_key = $1 AND state = 'ACTIVE'");
    store::fetch_optional!(tx, Row, sql, email_key(email))?
        .map(User::try_from)
        .transpose()
}

/// Adds an account.
///
/// # Errors
/// [`Error::EmailTaken`], [`Error::ExternalIdTaken`].
pub(crate) async fn insert(tx: &mut Tx, user: &User) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO users (user_id, external_id, email, email_key, display_name, name_key, \
         name_words, avatar_url, roles, state, version, create_time, update_time, \
         email_verified_time, language, words_version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $11)",
        user.id,
        user.external_id.as_deref(),
        user.email.as_deref(),
        user.email.as_deref().map(email_key),
        user.display_name.as_str(),
        name_key(&user.display_name),
        directory::name_words(&user.display_name),
        user.avatar_url.as_str(),
        Json(user.roles.names()),
        user.state.as_str(),
        user.version,
        user.create_time,
        user.update_time,
        user.email_verified_time,
        user.language.as_str()
    )
    .map_err(|error| Error::of_write(error, user))?;
    directory::index(tx, user).await
}

/// Writes what can change of an account that was [`lock`]ed.
///
/// # Errors
/// [`Error::EmailTaken`].
pub(crate) async fn update(tx: &mut Tx, user: &User) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE users SET external_id = $2, email = $3, email_key = $4, display_name = $5, \
         name_key = $6, name_words = $7, avatar_url = $8, roles = $9, state = $10, version = $11, \
         update_time = $12, email_verified_time = $13, language = $14, words_version = $11 \
         WHERE user_id = $1",
        user.id,
        user.external_id.as_deref(),
        user.email.as_deref(),
        user.email.as_deref().map(email_key),
        user.display_name.as_str(),
        name_key(&user.display_name),
        directory::name_words(&user.display_name),
        user.avatar_url.as_str(),
        Json(user.roles.names()),
        user.state.as_str(),
        user.version,
        user.update_time,
        user.email_verified_time,
        user.language.as_str()
    )
    .map_err(|error| Error::of_write(error, user))?;
    directory::index(tx, user).await
}

/// Makes the words of names anew that were made for another version of the account: an older service
/// has written it. Some at a time, until there are none.
///
/// # Errors
/// The database's.
pub(crate) async fn make_words(db: &Database) -> Result<(), Error> {
    loop {
        let mut tx = db.begin().await?;
        let sql = match tx.dialect() {
            // What another replica has locked, it makes.
            Dialect::Postgres => select_users!(
                "WHERE words_version <> version ORDER BY user_id LIMIT 500 FOR UPDATE SKIP LOCKED"
            ),
            Dialect::Sqlite => {
                select_users!("WHERE words_version <> version ORDER BY user_id LIMIT 500")
            }
        };
        let rows = store::fetch_all!(tx, Row, sql)?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let user = User::try_from(row)?;
            store::execute!(
                tx,
                "UPDATE users SET name_words = $2, words_version = version WHERE user_id = $1",
                user.id,
                directory::name_words(&user.display_name)
            )?;
            directory::index(&mut tx, &user).await?;
        }
        tx.commit().await?;
    }
}

/// A page of the active accounts that a search by name finds, in the order of their names.
pub(crate) async fn search(
    tx: &mut Tx,
    query: &crate::domain::NameQuery,
    after: (&str, Uuid),
    limit: i64,
) -> Result<Vec<User>, Error> {
    let sql = select_users!(
        "WHERE state = 'ACTIVE' AND (name_key, user_id) > ($1, $2) \
         AND user_id IN (SELECT user_id FROM user_words WHERE word >= $3 AND word < $4) \
         AND name_words LIKE $5 ESCAPE '\\' ORDER BY name_key, user_id LIMIT $6"
    );
    let (from, to) = &query.range;
    let rows = store::fetch_all!(
        tx,
        Row,
        sql,
        after.0,
        after.1,
        from.as_str(),
        to.as_str(),
        query.pattern.as_str(),
        limit
    )?;
    rows.into_iter().map(User::try_from).collect()
}
