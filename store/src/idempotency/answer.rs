use chrono::{DateTime, Utc};
use prost::Message;
use tonic::{Code, Status};

use super::Scope;
use crate::{Connection, Error};

/// What is stored of a call.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) request_hash: Vec<u8>,
    pub(super) lease_until: DateTime<Utc>,
    pub(super) resource_id: Option<String>,
    pub(super) code: Option<i64>,
    pub(super) message: Option<String>,
    pub(super) reply: Option<Vec<u8>>,
}

/// How a call was answered: OK with the encoded reply, or another code with the encoded details.
pub(super) struct Answer {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) reply: Vec<u8>,
}

pub(super) async fn find(
    mut connection: Connection<'_>,
    scope: &Scope,
) -> Result<Option<Row>, Error> {
    crate::fetch_optional!(
        connection,
        Row,
        "SELECT request_hash, lease_until, resource_id, code, message, reply
         FROM idempotency WHERE caller = $1 AND method = $2 AND key = $3",
        scope.caller.as_str(),
        &*scope.method,
        &*scope.key
    )
}

impl Row {
    /// The answer as the first caller got it.
    pub(super) fn read<Reply: Message + Default>(self) -> Result<Reply, Status> {
        let code = Code::from(
            self.code
                .and_then(|code| i32::try_from(code).ok())
                .unwrap_or(2),
        );
        let bytes = self.reply.unwrap_or_default();
        if code == Code::Ok {
            return Reply::decode(bytes.as_slice())
                .map_err(|error| runtime::status::Problem::internal(&error).into());
        }
        Err(Status::with_details(
            code,
            self.message.unwrap_or_default(),
            bytes.into(),
        ))
    }
}

impl Answer {
    pub(super) fn of(reply: &impl Message) -> Self {
        Self {
            code: 0,
            message: String::new(),
            reply: reply.encode_to_vec(),
        }
    }

    pub(super) fn of_refusal(status: &Status) -> Self {
        Self {
            code: i64::from(status.code() as i32),
            message: status.message().to_owned(),
            reply: status.details().to_vec(),
        }
    }
}
