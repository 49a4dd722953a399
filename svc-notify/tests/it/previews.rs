//! What mails look like, for those who run the shop.

use contracts::tradewind::notify::v1::{ListMailTemplatesRequest, PreviewMailTemplateRequest};
use runtime::status::Reason;
use store::testing::{fields, refused};
use tonic::Code;
use uuid::Uuid;

use crate::mailroom::Mailroom;

fn preview(name: &str, language: &str) -> PreviewMailTemplateRequest {
    PreviewMailTemplateRequest {
        name: name.to_owned(),
        language: language.to_owned(),
    }
}

store::on_both! {
    async fn every_template_is_listed_and_can_be_looked_at(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let mut admin = mailroom.admin();
        let listed = admin.list_mail_templates(ListMailTemplatesRequest {}).await.unwrap();
        let templates = listed.into_inner().templates;
        assert!(templates.iter().any(|it| it.name == "order-confirmed" && !it.about.is_empty()));
        for template in templates {
            assert_eq!(template.languages, ["en", "de"]);
            for language in template.languages {
                let shown = admin.preview_mail_template(preview(&template.name, &language)).await;
                let shown = shown.unwrap().into_inner().preview.unwrap();
                assert_eq!((&shown.name, &shown.language), (&template.name, &language));
                assert!(shown.text.contains("Ada Lovelace") && shown.html.contains("<!doctype html>"));
                assert!(!shown.subject.is_empty());
            }
        }
        let shown = admin.preview_mail_template(preview("order-confirmed", "")).await.unwrap();
        assert_eq!(shown.into_inner().preview.unwrap().language, "en");
        let shown = admin.preview_mail_template(preview("order-confirmed", "de-CH")).await.unwrap();
        assert_eq!(shown.into_inner().preview.unwrap().language, "de");
    }

    async fn what_there_is_not_cannot_be_looked_at(database: TestDatabase) {
        let mailroom = Mailroom::open(&database).await;
        let mut admin = mailroom.admin();
        let unknown = admin.preview_mail_template(preview("order-lost", "en")).await;
        assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
        let foreign = admin.preview_mail_template(preview("order-confirmed", "fr")).await;
        let foreign = refused(foreign, Reason::InvalidField);
        assert_eq!(fields(&foreign), ["language"]);
    }

    async fn nobody_but_administrators_sees_mails(database: TestDatabase) {
        use contracts::tradewind::notify::v1::messages_service_client::MessagesServiceClient;

        let mailroom = Mailroom::open(&database).await;
        let mut user = MessagesServiceClient::new(mailroom.as_user(Uuid::from_u128(8), &["user"]));
        let refused = user.preview_mail_template(preview("order-confirmed", "en")).await;
        assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    }
}
