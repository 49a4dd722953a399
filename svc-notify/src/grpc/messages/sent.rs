//! Which mails were sent, and sending them again.

use contracts::tradewind::notify::v1::{
    ListMessagesRequest, ListMessagesResponse, ResendMessageRequest, ResendMessageResponse,
};
use runtime::call::CallContext;
use runtime::id;
use store::{Claim, page};
use uuid::Uuid;

use crate::convert::mail as convert;
use crate::error::Error;
use crate::mail::Mail;
use crate::store::messages;

pub(super) async fn list(
    mail: &Mail,
    request: ListMessagesRequest,
) -> Result<ListMessagesResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("messages", request);
    let before: Option<Uuid> = list.after(&request.page_token)?;
    let user = id::parse_if_set("userId", &request.user_id)?;
    let state = convert::to_state(request.state());
    let mut tx = mail.db.read().await?;
    let mut found = messages::list(&mut tx, user, state, before, size + 1).await?;
    drop(tx);
    let next_page_token = list.cut(&mut found, size, |last| last.id);
    Ok(ListMessagesResponse {
        messages: found.iter().map(convert::message).collect(),
        next_page_token,
    })
}

pub(super) async fn resend(
    mail: &Mail,
    call: &CallContext,
    request: ResendMessageRequest,
) -> Result<ResendMessageResponse, Error> {
    let id = id::parse("messageId", &request.message_id)?;
    let resend = |_: Claim| async move {
        let mut tx = mail.db.begin().await?;
        let found = messages::resend(&mut tx, id, mail.clock.now()).await?;
        let message = found.ok_or(Error::NoMessage(id))?;
        tx.wake_on_commit(&mail.wake);
        let reply = ResendMessageResponse {
            message: Some(convert::message(&message)),
        };
        tx.answer(&reply).await?;
        tx.commit().await?;
        Ok(reply)
    };
    Ok(mail.idempotency.once(call, resend).await?)
}
