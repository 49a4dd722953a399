//! What a provider tells.

use contracts::tradewind::payments::v1::{
    ReceiveProviderEventRequest, ReceiveProviderEventResponse,
};
use tonic::metadata::MetadataMap;

use crate::error::Error;
use crate::service::Payments;

/// Takes an event whose signature holds. Whatever it says, it is a hint: the object is the truth.
pub(super) async fn receive(
    payments: &Payments,
    metadata: &MetadataMap,
    request: ReceiveProviderEventRequest,
) -> Result<ReceiveProviderEventResponse, Error> {
    let body = request.body.unwrap_or_default();
    let event = {
        let header = |name: &str| metadata.get(name)?.to_str().ok();
        payments.read_event(&request.provider, &header, &body.data)?
    };
    payments.take_event(event).await?;
    Ok(ReceiveProviderEventResponse {})
}
