//! Stripe: a payment is a PaymentIntent that is captured by hand. It is made first, with nothing to pay
//! by, and confirmed in a second call, so that its id is stored before money can move.

mod amounts;
mod client;
mod config;
mod disputes;
mod intents;
mod refunds;
mod webhook;

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::try_join;
use money::{Currency, Money};
use net::StartError;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use self::client::{CONFIRMATION_TOKEN, Client, Fields, Object as _, PAYMENT_METHOD, Problem};
pub use self::config::StripeConfig;
use self::disputes::Dispute;
use self::intents::{EXPAND_CHARGE, EXPAND_CHARGES, PaymentIntent};
use self::refunds::Refund;
use self::webhook::Secrets;
use super::{
    Action, Answer, EventError, Failure, Listed, NewIntent, Provider, ProviderEvent, signature,
};
use crate::domain::snapshot::{Intent, ProviderRefund, Snapshot};

const INTENTS: &str = "payment_intents";
const REFUNDS: &str = "refunds";
const DISPUTES: &str = "disputes";
const CONFIRM: &str = "confirm";

/// An account of Stripe's.
pub(crate) struct Stripe {
    client: Client,
    secrets: Secrets,
}

impl Stripe {
    /// As it is configured; each call is waited for as long.
    ///
    /// # Errors
    /// All that is wrong with the configuration.
    pub(crate) fn new(config: &StripeConfig, timeout: Duration) -> Result<Self, StartError> {
        let (key, secrets) = config.secrets();
        match (Client::new(&config.stripe_url, key, timeout), secrets) {
            (Ok(client), Ok(secrets)) => Ok(Self { client, secrets }),
            (client, secrets) => {
                let wrong = client
                    .err()
                    .into_iter()
                    .chain(secrets.err().into_iter().flatten());
                Err(StartError::Config(wrong.collect()))
            }
        }
    }

    async fn retrieve(
        &self,
        provider_ref: &str,
        query: &Fields<'_>,
    ) -> Result<PaymentIntent, Failure> {
        Ok(self.client.get(&[INTENTS, provider_ref], query).await?)
    }

    async fn intent(&self, provider_ref: &str) -> Result<Intent, Failure> {
        self.retrieve(provider_ref, &[EXPAND_CHARGE]).await?.read()
    }

    /// Asks for a step of an intent, and says how the intent stands then. Where the answer is that of an
    /// earlier try under the same key, or that a card was declined, the intent itself says it.
    async fn step(
        &self,
        key: &str,
        provider_ref: &str,
        step: &str,
        form: &Fields<'_>,
    ) -> Result<Intent, Failure> {
        let path = [INTENTS, provider_ref, step];
        let form = [form, &[EXPAND_CHARGE]].concat();
        match self.client.post::<PaymentIntent>(key, &path, &form).await {
            Ok(reply) if !reply.is_replayed => reply.object.read(),
            Ok(_) => self.intent(provider_ref).await,
            Err(Problem::Refused(refusal)) if step == CONFIRM && refusal.is_of_the_card() => {
                self.intent(provider_ref).await
            }
            Err(problem) => Err(problem.into()),
        }
    }
}

impl Provider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn takes(&self, currency: Currency) -> bool {
        amounts::takes(currency)
    }

    fn create<'a>(&'a self, key: &'a str, intent: &'a NewIntent) -> Answer<'a, Intent> {
        Box::pin(async move {
            let amount = amounts::told(intent.amount)?.to_string();
            let currency = intent.amount.currency.code().to_ascii_lowercase();
            let form = [
                ("amount", amount.as_str()),
                ("currency", &currency),
                ("capture_method", "manual"),
                ("payment_method_types[]", "card"),
                ("metadata[payment_id]", &intent.payment_id.to_string()),
                ("metadata[order_id]", &intent.order_id.to_string()),
            ];
            let made = self.client.post::<PaymentIntent>(key, &[INTENTS], &form);
            made.await?.object.read()
        })
    }

    fn confirm<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        token: &'a SecretString,
        return_url: Option<&'a str>,
    ) -> Answer<'a, Intent> {
        Box::pin(async move {
            let token = token.expose_secret();
            // Without a page to come back to, it is for the shop's own script to have the buyer act.
            let back = match return_url {
                Some(url) => ("return_url", url),
                None => ("use_stripe_sdk", "true"),
            };
            let means = match token.starts_with("ctoken_") {
                true => CONFIRMATION_TOKEN,
                false => PAYMENT_METHOD,
            };
            let form = [(means, token), back];
            let confirmed = self.step(key, provider_ref, CONFIRM, &form).await;
            confirmed.map_err(|failure| failure.without(token))
        })
    }

    fn capture<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        amount: Money,
    ) -> Answer<'a, Intent> {
        Box::pin(async move {
            let amount = amounts::told(amount)?.to_string();
            let form = [("amount_to_capture", amount.as_str())];
            self.step(key, provider_ref, "capture", &form).await
        })
    }

    fn cancel<'a>(&'a self, key: &'a str, provider_ref: &'a str) -> Answer<'a, Intent> {
        Box::pin(async move { self.step(key, provider_ref, "cancel", &[]).await })
    }

    fn refund<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        refund_id: Uuid,
        amount: Money,
    ) -> Answer<'a, ProviderRefund> {
        Box::pin(async move {
            let amount = amounts::told(amount)?.to_string();
            let form = [
                ("payment_intent", provider_ref),
                ("amount", &amount),
                ("metadata[refund_id]", &refund_id.to_string()),
            ];
            let made = self.client.post::<Refund>(key, &[REFUNDS], &form).await?;
            if !made.is_replayed {
                return made.object.read();
            }
            let path = [REFUNDS, made.object.id()];
            self.client.get::<Refund>(&path, &[]).await?.read()
        })
    }

    fn look<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Snapshot> {
        Box::pin(async move {
            let intent = self.intent(provider_ref).await?;
            if intent.captured == 0 {
                // There is nothing to give back, and nothing to dispute.
                let (refunds, disputes) = (Vec::new(), Vec::new());
                return Ok(Snapshot {
                    intent,
                    refunds,
                    disputes,
                });
            }
            let of_it = [("payment_intent", provider_ref)];
            let (refunds, disputes) = try_join(
                self.client.all::<Refund>(REFUNDS, &of_it),
                self.client.all::<Dispute>(DISPUTES, &of_it),
            )
            .await?;
            let refunds = refunds.iter().filter(|refund| refund.is_of_money());
            let disputes = disputes
                .iter()
                .filter_map(|one| one.read(&intent).transpose());
            Ok(Snapshot {
                refunds: refunds.map(Refund::read).collect::<Result<_, _>>()?,
                disputes: disputes.collect::<Result<_, _>>()?,
                intent,
            })
        })
    }

    fn action<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Option<Action>> {
        Box::pin(async move { Ok(self.retrieve(provider_ref, &[]).await?.action()) })
    }

    fn list<'a>(
        &'a self,
        page: Option<&'a str>,
        create_after: Option<DateTime<Utc>>,
    ) -> Answer<'a, (Vec<Listed>, Option<String>)> {
        Box::pin(async move {
            let after = create_after.map(|time| time.timestamp().to_string());
            let after = after.as_deref().map(|time| ("created[gt]", time));
            let query: Vec<_> = [EXPAND_CHARGES].into_iter().chain(after).collect();
            let page = self
                .client
                .page::<PaymentIntent>(INTENTS, &query, page)
                .await?;
            let listed = page.data.iter().filter_map(|one| one.listed().transpose());
            let listed = listed.collect::<Result<_, _>>()?;
            Ok((listed, page.next().map(str::to_owned)))
        })
    }

    fn event<'h>(
        &self,
        header: &dyn Fn(&str) -> Option<&'h str>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<ProviderEvent, EventError> {
        self.secrets.open(header(signature::HEADER), body, now)
    }
}

impl Failure {
    /// With this kept back, which Stripe says again in some answers.
    fn without(self, secret: &str) -> Self {
        let redacted = |text: String| match secret {
            "" => text,
            secret => text.replace(secret, "[redacted]"),
        };
        match self {
            Self::Refused { code, message } => Self::Refused {
                code,
                message: redacted(message),
            },
            Self::Unknown(why) => Self::Unknown(redacted(why)),
        }
    }
}
