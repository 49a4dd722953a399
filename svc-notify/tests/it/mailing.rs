//! Which mails there are of what happens, and what is in them.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use bus::{Delivery, Event};
use contracts::tradewind::notify::v1::{ListMessagesRequest, MailState};
use contracts::tradewind::orders::v1::{OrderCancelled, OrderRejected, OrderState};
use contracts::tradewind::payments::v1::{PaymentActionRequired, PaymentRefunded};
use contracts::tradewind::shipping::v1::{GetTrackingResponse, ShipmentDispatched, ShipmentItem};
use contracts::tradewind::users::v1::UserState;
use store::testing::eventually;
use svc_notify::MailLanguage;

use crate::mailroom::{Buyer, Mailroom, pounds};

/// What happens to an order, and the mail of it.
fn news(mailroom: &Mailroom, buyer: Buyer) -> Vec<(Event, &'static str)> {
    let (order_id, user_id, version) = (buyer.order.to_string(), buyer.id.to_string(), 4);
    let shipment_id = mailroom.new_id().to_string();
    let tracking = GetTrackingResponse {
        items: vec![ShipmentItem {
            sku: "tea".to_owned(),
            title: "Darjeeling".to_owned(),
            quantity: 2,
        }],
        carrier: "Royal Mail".to_owned(),
        tracking_number: "RM 123".to_owned(),
    };
    mailroom
        .neighbours
        .known()
        .parcels
        .insert(shipment_id.clone(), tracking);
    let cancelled = OrderCancelled {
        order_id: order_id.clone(),
        version,
        user_id: user_id.clone(),
    };
    let rejected = OrderRejected {
        order_id: order_id.clone(),
        version,
        user_id,
    };
    let dispatched = ShipmentDispatched {
        shipment_id,
        order_id: order_id.clone(),
        version,
    };
    let refunded = PaymentRefunded {
        order_id: order_id.clone(),
        amount: Some(pounds(1000)),
        ..PaymentRefunded::default()
    };
    vec![
        (mailroom.confirmation(buyer), "order-confirmed"),
        (mailroom.told(&order_id, &cancelled), "order-cancelled"),
        (mailroom.told(&order_id, &rejected), "order-refused"),
        (mailroom.told(&order_id, &dispatched), "order-shipped"),
        (mailroom.told(&order_id, &refunded), "payment-refunded"),
    ]
}

store::on_both! {
    async fn a_buyer_is_told_once_of_each_thing_that_happens_to_an_order(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let ada = mailroom.ada();
        let news = news(&mailroom, ada);
        for (event, _) in news.iter().chain(&news) {
            mailroom.hears(event).await;
        }
        eventually("all are sent", async || mailroom.post.received().len() == news.len()).await;
        eventually("all are told of as sent", async || {
            mailroom.messages().await.iter().all(|it| it.state() == MailState::Sent)
        }).await;
        let messages = mailroom.messages().await;
        assert_eq!(messages.len(), news.len());
        for (event, template) in &news {
            let message = messages.iter().find(|it| it.event_id == event.id.to_string());
            let message = message.expect("it is listed");
            assert_eq!(&message.template, template);
            assert_eq!(message.user_id, ada.id.to_string());
            assert_eq!(message.order_id, ada.order.to_string());
            assert_eq!(message.attempts, 1);
            let message_id = format!("<{}.{template}@shop.example>", event.id);
            let received = mailroom.post.received();
            let mail = received.iter().find(|it| it.head("Message-ID") == Some(&message_id));
            let mail = mail.expect("it was sent");
            assert_eq!(mail.to, "ada@example.com");
            assert_eq!(mail.head("From"), Some("\"The Shop\" <shop@shop.example>"));
            assert_eq!(mail.head("To"), Some("\"Ada Lovelace\" <ada@example.com>"));
            assert_eq!(mail.head("Auto-Submitted"), Some("auto-generated"));
            assert!(mail.head("Date").is_some());
            assert!(mail.text.contains("Hello Ada Lovelace,"), "{}", mail.text);
        }
        // Neither an address nor a name is kept.
        assert_eq!(mailroom.count("messages WHERE detail LIKE '%ada%'").await, 0);
    }

    async fn a_mail_of_an_order_says_what_is_in_it_and_no_more_of_the_address_than_its_city(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let ada = mailroom.ada();
        mailroom.confirmed(ada).await;
        mailroom.newest(MailState::Sent).await;
        let mail = mailroom.post.received().remove(0);
        assert_eq!(mail.head("Subject"), Some("Your order is confirmed"));
        for said in ["2 x Darjeeling, 11.90 GBP", "Total: 21.90 GBP", "Goes to: Bristol", "A &lt;mug&gt; &amp; more"] {
            assert!(mail.text.contains(said), "{said}\n{}", mail.text);
        }
    }

    async fn a_mail_is_in_the_language_that_its_buyer_has_chosen(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let ada = mailroom.ada();
        {
            let mut known = mailroom.neighbours.known();
            known.contacts.get_mut(&ada.id.to_string()).unwrap().language = "de-CH".to_owned();
        }
        mailroom.confirmed(ada).await;
        mailroom.newest(MailState::Sent).await;
        let mail = mailroom.post.received().remove(0);
        assert!(mail.text.contains("Guten Tag Ada Lovelace,"), "{}", mail.text);
    }

    async fn a_mail_of_a_shipment_says_how_to_find_it(database: TestDatabase) {
        let mailroom = Mailroom::with(&database, |mail| {
            mail.mail_language = MailLanguage::De;
        }).await;
        let ada = mailroom.ada();
        let news = news(&mailroom, ada);
        let (event, _) = news.iter().find(|(_, template)| *template == "order-shipped").unwrap();
        mailroom.hears(event).await;
        mailroom.newest(MailState::Sent).await;
        let mail = mailroom.post.received().remove(0);
        assert_eq!(mail.head("Subject"), Some("Ihre Bestellung ist unterwegs"));
        for said in ["Guten Tag Ada Lovelace,", "Zusteller: Royal Mail", "Sendungsnummer: RM 123", "2 x Darjeeling"] {
            assert!(mail.text.contains(said), "{said}\n{}", mail.text);
        }
        assert!(!mail.text.contains("GBP"), "{}", mail.text);
    }

    async fn a_buyer_who_has_to_do_something_for_the_payment_is_told_unless_it_is_done_at_once(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let (ada, bob) = (mailroom.ada(), mailroom.buyer("Bob", "bob@example.com"));
        for buyer in [ada, bob] {
            let order_id = buyer.order.to_string();
            let message = PaymentActionRequired {
                order_id: order_id.clone(),
                amount: Some(pounds(2190)),
                ..PaymentActionRequired::default()
            };
            mailroom.hears(&mailroom.told(&order_id, &message)).await;
        }
        {
            let mut known = mailroom.neighbours.known();
            let order = known.orders.get_mut(&ada.order.to_string()).unwrap();
            order.state = OrderState::AwaitingPayment.into();
        }
        let waiting = mailroom.newest(MailState::Pending).await;
        assert_eq!((waiting.attempts, waiting.user_id.as_str()), (0, ""));
        mailroom.hands.advance(Duration::from_secs(5 * 60));
        eventually("nothing waits any more", async || {
            mailroom.messages().await.iter().all(|it| it.state() != MailState::Pending)
        }).await;
        let received = mailroom.post.received();
        let to: Vec<_> = received.iter().map(|it| it.to.as_str()).collect();
        assert_eq!(to, ["ada@example.com"]);
        let link = format!("https://shop.example/orders/{}", ada.order);
        assert!(received[0].text.replace("=\r\n", "").contains(&link), "{}", received[0].text);
    }

    async fn nobody_is_told_who_is_not_to_be(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let (closed, nameless) = (mailroom.ada(), mailroom.buyer("Bob", ""));
        let (imported, gone) = (mailroom.ada(), mailroom.ada());
        {
            let mut known = mailroom.neighbours.known();
            known.contacts.get_mut(&closed.id.to_string()).unwrap().state = UserState::Deleted.into();
            known.orders.get_mut(&imported.order.to_string()).unwrap().taken_over = true;
            known.orders.remove(&gone.order.to_string());
        }
        for (buyer, why) in [
            (closed, "the account is closed"),
            (nameless, "the account has no address"),
            (imported, "the order was taken over from elsewhere"),
            (gone, "what it tells of is not there any more"),
        ] {
            mailroom.confirmed(buyer).await;
            let order = buyer.order.to_string();
            let message = mailroom.newest_that(why, |it| {
                it.order_id == order && it.state() == MailState::Discarded
            }).await;
            assert_eq!(message.detail, why);
        }
        assert_eq!(mailroom.post.received(), []);
    }

    async fn without_a_server_mails_are_files_that_nobody_else_can_read(database: TestDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let mails = folder.path().join("mail");
        let mailroom = Mailroom::in_folder(&database, mails.clone()).await;
        mailroom.confirmed(mailroom.ada()).await;
        let message = mailroom.newest(MailState::Sent).await;
        let path = mails.join(format!("{}.eml", message.message_id));
        let mail = std::fs::read_to_string(&path).unwrap();
        assert!(mail.contains("Subject: Your order is confirmed\r\n"), "{mail}");
        for (path, mode) in [(&path, 0o600), (&mails, 0o700)] {
            let permissions = std::fs::metadata(path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, mode, "{}", path.display());
        }
        assert_eq!(std::fs::read_dir(&mails).unwrap().count(), 1);
    }

    async fn without_a_server_and_a_folder_nothing_is_kept_for_later(database: TestDatabase) {
        let mailroom = Mailroom::with(&database, |mail| mail.smtp_url = Some("".into())).await;
        mailroom.confirmed(mailroom.ada()).await;
        let message = mailroom.newest(MailState::Discarded).await;
        assert_eq!(message.detail, "nobody takes mails here");
    }

    async fn an_event_that_makes_no_sense_is_poison(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let event = mailroom.event("orders.v1.OrderConfirmed", "an order", &());
        let delivery = mailroom.publish(&event).await;
        assert!(matches!(delivery, Delivery::Retry { permanent: true, .. }), "{delivery:?}");
        assert_eq!(mailroom.count("messages").await, 0);
    }

    async fn administrators_list_mails_by_account_and_state_page_by_page(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let (ada, bob) = (mailroom.ada(), mailroom.buyer("Bob", ""));
        for buyer in [ada, bob, ada] {
            mailroom.confirmed(buyer).await;
        }
        eventually("nothing waits any more", async || {
            mailroom.messages().await.iter().all(|it| it.state() != MailState::Pending)
        }).await;
        let list = async |request: ListMessagesRequest| {
            mailroom.admin().list_messages(request).await.unwrap().into_inner()
        };
        let of_ada = list(ListMessagesRequest {
            user_id: ada.id.to_string(),
            ..Default::default()
        }).await.messages;
        assert_eq!(of_ada.len(), 2);
        let discarded = list(ListMessagesRequest {
            state: MailState::Discarded.into(),
            ..Default::default()
        }).await.messages;
        assert_eq!(discarded.iter().map(|it| &it.user_id).collect::<Vec<_>>(), [&bob.id.to_string()]);
        let (mut pages, mut page_token) = (Vec::new(), String::new());
        loop {
            let page = list(ListMessagesRequest {
                page_size: 2,
                page_token,
                ..Default::default()
            }).await;
            pages.push(page.messages);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(pages.concat(), mailroom.messages().await);
    }
}
