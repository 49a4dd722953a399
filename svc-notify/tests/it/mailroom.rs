//! svc-notify as those who wait for its mails see it.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use bus::{Delivery, Event};
use contracts::google::r#type::Money;
use contracts::tradewind::notify::v1::messages_service_client::MessagesServiceClient;
use contracts::tradewind::notify::v1::{
    ListMessagesRequest, MailMessage, MailState, ResendMessageRequest,
};
use contracts::tradewind::orders::v1::{
    GetOrderSummaryResponse, OrderConfirmed, OrderItem, OrderState,
};
use contracts::tradewind::users::v1::{GetContactResponse, UserState};
use net::address::Address;
use net::clock::ManualClock;
use net::random::Random;
use runtime::seal::EncryptionKey;
use runtime::testbed::Bearer;
use store::testing::{self, Common, TestDatabase, eventually, keyed};
use svc_notify::{Config, MailConfig, NAME};
use uuid::Uuid;

use crate::neighbours::Neighbours;
use crate::post_office::PostOffice;

type Client = MessagesServiceClient<Bearer>;

/// svc-notify, a mail server, and neighbours who know of Ada and her order. Its clock stands still.
pub(crate) struct Mailroom {
    pub(crate) neighbours: Neighbours,
    pub(crate) post: PostOffice,
    pub(crate) hands: ManualClock,
    bed: testing::Bed<Config>,
    common: Common,
    address: SocketAddr,
    config: Config,
}

impl Deref for Mailroom {
    type Target = testing::Bed<Config>;

    fn deref(&self) -> &Self::Target {
        &self.bed
    }
}

/// Somebody with an account, and an order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buyer {
    pub(crate) id: Uuid,
    pub(crate) order: Uuid,
}

impl Mailroom {
    /// Mails go to a mail server.
    pub(crate) async fn open(database: &TestDatabase) -> Self {
        Self::with(database, |_| {}).await
    }

    /// Mails go to this folder.
    pub(crate) async fn in_folder(database: &TestDatabase, folder: PathBuf) -> Self {
        let set = |mail: &mut MailConfig| {
            mail.smtp_url = None;
            mail.mail_dir = Some(folder);
        };
        Self::with(database, set).await
    }

    /// Mail is set up otherwise.
    pub(crate) async fn with(database: &TestDatabase, set: impl FnOnce(&mut MailConfig)) -> Self {
        let (neighbours, post) = (Neighbours::default(), PostOffice::open().await);
        let address = neighbours.serve().await;
        let (common, hands) = Common::still();
        let mut mail = MailConfig {
            smtp_url: Some(post.url().into()),
            mail_from: "The Shop <shop@shop.example>".parse().unwrap(),
            public_url: "https://shop.example".parse().unwrap(),
            mail_timeout: Duration::from_secs(20),
            ..MailConfig::default()
        };
        set(&mut mail);
        let key = EncryptionKey::generate(NAME, &Random::system());
        let config = Config {
            mail,
            ..Config::new(database.config(), &key)
        };
        let bed = start(database, &common, address, config.clone()).await;
        Self {
            neighbours,
            post,
            hands,
            bed,
            common,
            address,
            config,
        }
    }

    /// Dies as it stands, and starts again.
    pub(crate) async fn crash(&mut self, database: &TestDatabase) {
        self.bed.node.tasks.crash();
        let config = self.config.clone();
        self.bed = start(database, &self.common, self.address, config).await;
    }

    /// Somebody with an account and an order that the neighbours know.
    pub(crate) fn buyer(&self, name: &str, email: &str) -> Buyer {
        let buyer = Buyer {
            id: self.new_id(),
            order: self.new_id(),
        };
        let item = |quantity, title: &str, pence| OrderItem {
            sku: title.to_lowercase(),
            title: title.to_owned(),
            quantity,
            unit_price: Some(pounds(pence)),
            total: Some(pounds(pence * i64::from(quantity))),
        };
        let order = GetOrderSummaryResponse {
            user_id: buyer.id.to_string(),
            state: OrderState::Confirmed.into(),
            items: vec![item(2, "Darjeeling", 595), item(1, "A <mug> & more", 1000)],
            total: Some(pounds(2190)),
            city: "Bristol".to_owned(),
            taken_over: false,
        };
        let contact = GetContactResponse {
            state: UserState::Active.into(),
            email: email.to_owned(),
            display_name: name.to_owned(),
            language: String::new(),
        };
        let mut known = self.neighbours.known();
        known.orders.insert(buyer.order.to_string(), order);
        known.contacts.insert(buyer.id.to_string(), contact);
        buyer
    }

    pub(crate) fn ada(&self) -> Buyer {
        self.buyer("Ada Lovelace", "ada@example.com")
    }

    /// The event that an order is promised.
    pub(crate) fn confirmation(&self, buyer: Buyer) -> Event {
        let message = OrderConfirmed {
            order_id: buyer.order.to_string(),
            user_id: buyer.id.to_string(),
            version: 3,
            ..OrderConfirmed::default()
        };
        self.told(&message.order_id, &message)
    }

    /// An event of an order.
    pub(crate) fn told<M: contracts::Event>(&self, order: &str, message: &M) -> Event {
        self.event(M::SUBJECT, order, message)
    }

    /// Hears of an order that is promised.
    pub(crate) async fn confirmed(&self, buyer: Buyer) -> Event {
        let event = self.confirmation(buyer);
        self.hears(&event).await;
        event
    }

    pub(crate) async fn hears(&self, event: &Event) {
        assert_eq!(self.publish(event).await, Delivery::Settled);
    }

    pub(crate) fn admin(&self) -> Client {
        MessagesServiceClient::new(self.as_user(Uuid::from_u128(7), &["user", "admin"]))
    }

    /// All mails, the newest first.
    pub(crate) async fn messages(&self) -> Vec<MailMessage> {
        let listed = self
            .admin()
            .list_messages(ListMessagesRequest::default())
            .await;
        listed.unwrap().into_inner().messages
    }

    /// The newest mail, once it stands so.
    pub(crate) async fn newest(&self, state: MailState) -> MailMessage {
        self.newest_that(&format!("it is {state:?}"), |it| it.state() == state)
            .await
    }

    /// The newest mail, once this holds of it.
    pub(crate) async fn newest_that(
        &self,
        what: &str,
        holds: impl Fn(&MailMessage) -> bool,
    ) -> MailMessage {
        let mut found = None;
        eventually(what, async || {
            found = self.messages().await.into_iter().next().filter(&holds);
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    pub(crate) async fn resend(&self, message: &MailMessage, key: &str) -> MailMessage {
        let request = ResendMessageRequest {
            message_id: message.message_id.clone(),
        };
        let resent = self.admin().resend_message(keyed(request, key)).await;
        resent.unwrap().into_inner().message.unwrap()
    }
}

async fn start(
    database: &TestDatabase,
    common: &Common,
    neighbours: SocketAddr,
    config: Config,
) -> testing::Bed<Config> {
    let mesh = common.testbed();
    for service in ["svc-auth", "svc-users", "svc-orders", "svc-shipping"] {
        mesh.mesh().set(service, Address::from(neighbours));
    }
    let tables = database.tables(|| store::migrations!());
    let bed = testing::Bed::start(mesh, NAME, tables, config, svc_notify::build).await;
    bed.expect("it is built")
}

pub(crate) fn pounds(pence: i64) -> Money {
    Money {
        currency_code: "GBP".to_owned(),
        units: pence / 100,
        nanos: i32::try_from(pence % 100).unwrap() * 10_000_000,
    }
}
