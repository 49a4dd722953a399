//! Events of the provider: each is written down once, and has its payment looked at if it tells of it
//! what is not known.

use crate::error::Error;
use crate::provider::ProviderEvent;
use crate::service::Payments;
use crate::store::provider_events;

impl Payments {
    /// Reads what a provider sent.
    ///
    /// # Errors
    /// When its signature does not hold, or it makes no sense.
    pub(crate) fn read_event<'h>(
        &self,
        provider: &str,
        header: &dyn Fn(&str) -> Option<&'h str>,
        body: &[u8],
    ) -> Result<ProviderEvent, Error> {
        if provider != self.provider.name() {
            return Err(Error::NoProvider(provider.to_owned()));
        }
        let event = self.provider.event(header, body, self.clock.now());
        Ok(event.inspect_err(|error| self.metrics.told_wrongly(*error))?)
    }

    /// Takes an event. When it returns, the event is stored.
    pub(crate) async fn take_event(&self, event: ProviderEvent) -> Result<(), Error> {
        let (provider, now) = (self.provider.name(), self.clock.now());
        let mut tx = self.db.begin().await?;
        let provider_ref = event.provider_ref.as_deref();
        let payment =
            provider_events::payment_of(&mut tx, provider, event.payment_id, provider_ref).await?;
        let is_new = provider_events::insert(
            &mut tx,
            provider,
            &event.event_id,
            &event.kind,
            payment,
            now,
        )
        .await?;
        let is_hint = match payment {
            Some(payment) if is_new => {
                provider_events::hint(&mut tx, payment, event.standing.as_ref(), now).await?
            }
            _ => false,
        };
        self.metrics.told(&mut tx, is_new);
        tx.commit().await?;
        if is_hint {
            self.wake.notify_one();
        }
        if is_new && payment.is_none() {
            self.ignored.add(1, &[]);
            tracing::info!(
                event.id = event.event_id,
                event.kind = event.kind,
                "an event of the payment provider fits no payment"
            );
        }
        Ok(())
    }
}
