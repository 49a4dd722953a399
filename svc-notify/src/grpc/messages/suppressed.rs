//! Addresses that nothing is sent to.

use contracts::tradewind::notify::v1::{
    LiftMailSuppressionRequest, LiftMailSuppressionResponse, ListMailSuppressionsRequest,
    ListMailSuppressionsResponse,
};
use runtime::id;
use store::page;
use uuid::Uuid;

use crate::convert::mail as convert;
use crate::error::Error;
use crate::mail::Mail;
use crate::store::suppressions;

pub(super) async fn list(
    mail: &Mail,
    request: ListMailSuppressionsRequest,
) -> Result<ListMailSuppressionsResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("mail-suppressions", request);
    let before: Option<Uuid> = list.after(&request.page_token)?;
    let user = id::parse_if_set("userId", &request.user_id)?;
    let mut tx = mail.db.read().await?;
    let mut found = suppressions::list(&mut tx, user, before, size + 1).await?;
    drop(tx);
    let next_page_token = list.cut(&mut found, size, |last| last.id);
    Ok(ListMailSuppressionsResponse {
        suppressions: found.into_iter().map(convert::suppression).collect(),
        next_page_token,
    })
}

pub(super) async fn lift(
    mail: &Mail,
    request: LiftMailSuppressionRequest,
) -> Result<LiftMailSuppressionResponse, Error> {
    let id = id::parse("suppressionId", &request.suppression_id)?;
    let mut tx = mail.db.begin().await?;
    if !suppressions::lift(&mut tx, id).await? {
        return Err(Error::NoSuppression(id));
    }
    tx.commit().await?;
    Ok(LiftMailSuppressionResponse {})
}
