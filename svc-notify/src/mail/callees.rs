//! What other services are asked at the moment of sending: whom a mail goes to, and what is in it. None
//! of it is kept.

use chrono::DateTime;
use contracts::tradewind::auth::v1::GetAccountMailRequest;
use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use contracts::tradewind::orders::v1::orders_service_client::OrdersServiceClient;
use contracts::tradewind::orders::v1::{
    GetOrderSummaryRequest, GetOrderSummaryResponse, OrderItem, OrderState,
};
use contracts::tradewind::shipping::v1::shipping_service_client::ShippingServiceClient;
use contracts::tradewind::shipping::v1::{GetTrackingRequest, GetTrackingResponse, ShipmentItem};
use contracts::tradewind::users::v1::users_service_client::UsersServiceClient;
use contracts::tradewind::users::v1::{GetContactRequest, UserState};
use money::{Currency, Money};
use runtime::client::Channel;
use runtime::node::Node;
use tonic::{Code, Status};
use url::Url;
use uuid::Uuid;

use crate::domain::mail::content::{one_line, salutation};
use crate::domain::mail::{
    Cause, Content, Language, Line, Message, OrderContent, Parcel, Template,
};

/// Clients of the services that mails are filled by.
#[derive(Clone)]
pub(crate) struct Callees {
    auth: AuthServiceClient<Channel>,
    users: UsersServiceClient<Channel>,
    orders: OrdersServiceClient<Channel>,
    shipping: ShippingServiceClient<Channel>,
}

/// What is known of a mail at the moment of sending.
pub(crate) struct Known {
    pub(crate) user_id: Uuid,
    pub(crate) address: String,
    /// The language that the recipient has chosen; none for the shop's own.
    pub(crate) language: Option<Language>,
    pub(crate) content: Content,
}

/// Why there is nothing to send.
#[derive(Debug)]
pub(crate) enum Unknown {
    /// There never will be.
    Nothing(&'static str),
    /// Nobody says it now.
    Unanswered(Status),
}

impl From<Status> for Unknown {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::NotFound => Self::Nothing("what it tells of is not there any more"),
            _ => Self::Unanswered(status),
        }
    }
}

impl Callees {
    pub(crate) fn new(node: &Node) -> Self {
        Self {
            auth: AuthServiceClient::new(node.channel("svc-auth")),
            users: UsersServiceClient::new(node.channel("svc-users")),
            orders: OrdersServiceClient::new(node.channel("svc-orders")),
            shipping: ShippingServiceClient::new(node.channel("svc-shipping")),
        }
    }

    /// Whom the mail goes to, and what is in it. Pages are behind `pages`.
    pub(crate) async fn ask(&self, message: &Message, pages: &Url) -> Result<Known, Unknown> {
        match (message.subject.mail_id, message.user_id) {
            (Some(mail), Some(user)) => self.of_account(message.template, mail, user, pages).await,
            _ => self.of_order(message, pages).await,
        }
    }

    /// What svc-auth has told to an account. The token of its link is asked for now, and kept nowhere; it
    /// stands behind `#`, which browsers send to no server.
    async fn of_account(
        &self,
        template: Template,
        mail: Uuid,
        user_id: Uuid,
        pages: &Url,
    ) -> Result<Known, Unknown> {
        let mail_id = mail.to_string();
        let request = GetAccountMailRequest { mail_id };
        let mail = self
            .auth
            .clone()
            .get_account_mail(request)
            .await?
            .into_inner();
        let link = |path: &str| Some(page(pages, &format!("{path}#token={}", mail.token)));
        let link = match template {
            Template::PasswordReset => link("reset-password"),
            Template::EmailVerification => link("verify-email"),
            _ => None,
        };
        if link.is_some() && mail.token.is_empty() {
            return Err(unreadable("a link"));
        }
        let time = mail.create_time.unwrap_or_default();
        let time = DateTime::from_timestamp(time.seconds, 0).ok_or_else(|| unreadable("a time"))?;
        let cause = Cause {
            time: time.format("%Y-%m-%d %H:%M UTC").to_string(),
            device: one_line(&mail.device),
            ip_address: mail.ip_address,
        };
        Ok(Known {
            user_id,
            address: mail.recipient,
            language: Language::of(&mail.language),
            content: Content {
                name: salutation(&mail.display_name),
                // Whoever opens a link knows where from; who hears of news does not.
                cause: link.is_none().then_some(cause),
                link,
                ..Content::default()
            },
        })
    }

    async fn of_order(&self, message: &Message, pages: &Url) -> Result<Known, Unknown> {
        let order_id = message.subject.order_id;
        let order_id = order_id.ok_or(Unknown::Nothing("it is about no order"))?;
        let order = self.order(order_id).await?;
        if order.taken_over {
            return Err(Unknown::Nothing("the order was taken over from elsewhere"));
        }
        let waits = order.state() == OrderState::AwaitingPayment;
        if message.template == Template::PaymentActionRequired && !waits {
            return Err(Unknown::Nothing("the buyer has nothing to do any more"));
        }
        let mut content = Content {
            amount: message.subject.amount.map(|amount| amount.to_string()),
            ..Content::default()
        };
        let lines = match message.subject.shipment_id {
            Some(shipment) => {
                let tracking = self.tracking(shipment).await?;
                content.parcel = Some(Parcel {
                    carrier: tracking.carrier,
                    tracking_number: tracking.tracking_number,
                });
                tracking.items.into_iter().map(packed).collect()
            }
            None => order
                .items
                .into_iter()
                .map(line)
                .collect::<Result<_, _>>()?,
        };
        let is_whole = message.subject.shipment_id.is_none();
        let total = order.total.unwrap_or_default();
        content.order = Some(OrderContent {
            id: order_id.to_string(),
            lines,
            total: match is_whole {
                true => Some(amount(&total)?),
                false => None,
            },
            city: one_line(&order.city),
        });
        if message.template == Template::PaymentActionRequired {
            content.link = Some(page(pages, &format!("orders/{order_id}")));
        }
        let user_id = order
            .user_id
            .parse()
            .map_err(|_| unreadable("a user's id"))?;
        self.to(user_id, content).await
    }

    /// The account's address and name, with this content.
    async fn to(&self, user_id: Uuid, content: Content) -> Result<Known, Unknown> {
        let request = GetContactRequest {
            user_id: user_id.to_string(),
        };
        let contact = self.users.clone().get_contact(request).await?.into_inner();
        if contact.state() != UserState::Active {
            return Err(Unknown::Nothing("the account is closed"));
        }
        if contact.email.is_empty() {
            return Err(Unknown::Nothing("the account has no address"));
        }
        Ok(Known {
            user_id,
            address: contact.email,
            language: Language::of(&contact.language),
            content: Content {
                name: salutation(&contact.display_name),
                ..content
            },
        })
    }

    async fn order(&self, id: Uuid) -> Result<GetOrderSummaryResponse, Status> {
        let order_id = id.to_string();
        let request = GetOrderSummaryRequest { order_id };
        let reply = self.orders.clone().get_order_summary(request).await?;
        Ok(reply.into_inner())
    }

    async fn tracking(&self, id: Uuid) -> Result<GetTrackingResponse, Status> {
        let shipment_id = id.to_string();
        let request = GetTrackingRequest { shipment_id };
        let reply = self.shipping.clone().get_tracking(request).await?;
        Ok(reply.into_inner())
    }
}

/// A line of an order.
fn line(item: OrderItem) -> Result<Line, Unknown> {
    Ok(Line {
        quantity: item.quantity,
        total: Some(amount(&item.total.unwrap_or_default())?),
        title: item.title,
    })
}

/// A line of a shipment.
fn packed(item: ShipmentItem) -> Line {
    Line {
        quantity: item.quantity,
        title: item.title,
        total: None,
    }
}

fn amount(message: &contracts::google::r#type::Money) -> Result<String, Unknown> {
    let amount = Currency::recorded(&message.currency_code)
        .and_then(|currency| Money::from_units(currency, message.units, message.nanos));
    amount
        .map(|it| it.to_string())
        .map_err(|_| unreadable("an amount"))
}

fn unreadable(what: &str) -> Unknown {
    Unknown::Unanswered(Status::internal(format!("{what} cannot be read")))
}

/// The address of a page.
fn page(pages: &Url, path: &str) -> String {
    format!("{}/{path}", pages.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_behind_the_shops_own_address() {
        for (pages, expected) in [
            ("https://shop.example", "https://shop.example/orders/1"),
            ("https://a.example/shop/", "https://a.example/shop/orders/1"),
        ] {
            assert_eq!(page(&pages.parse().unwrap(), "orders/1"), expected);
        }
    }
}
