//! Mails to accounts: as they are told of, and as svc-notify fetches them.

use contracts::tradewind::auth::v1::{
    AccountMailKind, AccountMailRequested, ChangePasswordRequest, GetAccountMailRequest,
    GetAccountMailResponse, ResetPasswordRequest,
};
use contracts::tradewind::users::v1::UserState;
use prost::Message as _;
use runtime::status::Reason;
use store::testing::{eventually, refused};
use tonic::{Code, Status};

use crate::bed::{Bed, PASSWORD};
use crate::second_factor::{disable, set_up};
use crate::{access_tokens, recovery};

const ADA: &str = "ada@example.com";

/// The mails of a kind that an account was told to be sent, the oldest first, and the bytes of their events.
async fn told(bed: &Bed, user_id: &str, kind: AccountMailKind) -> Vec<(String, Vec<u8>)> {
    let mut tx = bed.read().await;
    let rows = store::fetch_all!(
        tx,
        (Vec<u8>,),
        "SELECT data FROM outbox WHERE subject = 'auth.v1.AccountMailRequested' \
         AND aggregate_id = $1 ORDER BY version, id",
        user_id
    );
    let events = rows.expect("the outbox is there").into_iter();
    let events = events.map(|(data,)| {
        let event = AccountMailRequested::decode(data.as_slice()).expect("it is the event");
        assert_eq!(event.user_id, user_id);
        (event.kind(), event.mail_id, data)
    });
    let of_kind = events.filter(|(of, ..)| *of == kind);
    of_kind.map(|(_, mail_id, data)| (mail_id, data)).collect()
}

/// How many mails of a kind an account was told to be sent.
pub(crate) async fn count(bed: &Bed, user_id: &str, kind: AccountMailKind) -> usize {
    told(bed, user_id, kind).await.len()
}

/// Waits until an account has been told to be sent so many of a kind; the id of the newest.
pub(crate) async fn nth(bed: &Bed, user_id: &str, kind: AccountMailKind, number: usize) -> String {
    let there = async || count(bed, user_id, kind).await >= number;
    eventually("a mail is to be sent", there).await;
    let told = told(bed, user_id, kind).await;
    assert_eq!(told.len(), number, "{kind:?}");
    told[number - 1].0.clone()
}

/// What svc-notify is told of a mail.
pub(crate) async fn fetch(bed: &Bed, mail_id: &str) -> Result<GetAccountMailResponse, Status> {
    let request = GetAccountMailRequest {
        mail_id: mail_id.to_owned(),
    };
    let reply = bed
        .workload("svc-notify")
        .await
        .get_account_mail(request)
        .await?;
    Ok(reply.into_inner())
}

/// The token of the link in the `number`th mail of a kind.
pub(crate) async fn token(
    bed: &Bed,
    user_id: &str,
    kind: AccountMailKind,
    number: usize,
) -> String {
    let mail_id = nth(bed, user_id, kind, number).await;
    let mail = fetch(bed, &mail_id).await.expect("it is to be sent");
    assert_eq!(mail.kind(), kind);
    mail.token
}

store::on_both! {
    async fn a_new_network_is_told_to_the_owner_and_a_known_one_is_not(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let kind = AccountMailKind::NewSignIn;
        bed.login(ADA, PASSWORD).await.unwrap();
        bed.login_from("203.0.113.9", ADA, "a guess").await.unwrap_err();
        assert_eq!(count(&bed, &ada.user_id, kind).await, 0);
        for _ in 0..2 {
            bed.login_from("203.0.113.9", ADA, PASSWORD).await.unwrap();
        }
        let mail = fetch(&bed, &nth(&bed, &ada.user_id, kind, 1).await).await.unwrap();
        assert_eq!((mail.kind(), mail.recipient.as_str()), (kind, ADA));
        assert_eq!((mail.ip_address.as_str(), mail.token.as_str()), ("203.0.113.9", ""));
        assert_eq!(mail.create_time.unwrap().seconds, bed.node.clock.now().timestamp());

        let week = std::time::Duration::from_secs(7 * 24 * 60 * 60);
        bed.advance(week).await;
        let over = fetch(&bed, &nth(&bed, &ada.user_id, kind, 1).await).await;
        refused(over, Reason::ResourceNotFound);
        eventually("it is forgotten", async || bed.count("account_mails").await == 0).await;
    }

    async fn what_is_done_with_password_factor_and_tokens_is_told_to_the_owner(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        let access_token = &ada.access_token;
        let told_of = async |kind, number| {
            let mail = fetch(&bed, &nth(&bed, &ada.user_id, kind, number).await).await.unwrap();
            assert_eq!((mail.kind(), mail.recipient.as_str()), (kind, ADA));
            assert_eq!((mail.ip_address.as_str(), mail.token.as_str()), ("127.0.0.1", ""));
        };
        let (_, codes) = set_up(&bed, access_token).await;
        told_of(AccountMailKind::SecondFactorEnabled, 1).await;
        disable(&bed, access_token, PASSWORD, ("", "no code")).await.unwrap_err();
        disable(&bed, access_token, PASSWORD, ("", &codes[0])).await.unwrap();
        // A repetition has nothing to tell.
        disable(&bed, access_token, PASSWORD, ("", &codes[0])).await.unwrap();
        told_of(AccountMailKind::RecoveryCodeUsed, 1).await;
        told_of(AccountMailKind::SecondFactorDisabled, 1).await;
        let wish = access_tokens::wish(&bed, &["user"]);
        access_tokens::create(&bed, access_token, wish).await.unwrap();
        told_of(AccountMailKind::AccessTokenCreated, 1).await;

        let change = |current_password: &str| ChangePasswordRequest {
            current_password: current_password.to_owned(),
            new_password: "seven green lamps".to_owned(),
        };
        let mut holder = bed.holder(access_token);
        holder.change_password(change("a guess")).await.unwrap_err();
        holder.change_password(change(PASSWORD)).await.unwrap();
        holder.change_password(change(PASSWORD)).await.unwrap();
        told_of(AccountMailKind::PasswordChanged, 1).await;
        recovery::request(&bed, ADA).await.unwrap();
        let request = ResetPasswordRequest {
            token: token(&bed, &ada.user_id, AccountMailKind::PasswordReset, 1).await,
            new_password: "nine blue doors".to_owned(),
        };
        bed.anybody().reset_password(request).await.unwrap();
        told_of(AccountMailKind::PasswordChanged, 2).await;
    }

    async fn a_mail_is_written_in_the_language_that_its_reader_chose(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        recovery::request(&bed, ADA).await.unwrap();
        let mail_id = nth(&bed, &ada.user_id, AccountMailKind::PasswordReset, 1).await;
        assert_eq!(fetch(&bed, &mail_id).await.unwrap().language, "");
        // It is asked for when the mail is sent.
        bed.users.change(&ada.user_id, |user| user.language = "de-CH".into());
        assert_eq!(fetch(&bed, &mail_id).await.unwrap().language, "de-CH");
    }

    async fn what_is_told_of_a_mail_is_ids_alone(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        recovery::request(&bed, ADA).await.unwrap();
        let kind = AccountMailKind::PasswordReset;
        let token = token(&bed, &ada.user_id, kind, 1).await;
        let (_, data) = told(&bed, &ada.user_id, kind).await.remove(0);
        let text = String::from_utf8_lossy(&data);
        assert!(!text.contains(&token) && !text.contains(ADA), "{text}");
    }

    async fn svc_notify_alone_is_told_and_only_of_accounts_that_may_be_used(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        recovery::request(&bed, ADA).await.unwrap();
        let mail_id = nth(&bed, &ada.user_id, AccountMailKind::PasswordReset, 1).await;
        let request = || GetAccountMailRequest { mail_id: mail_id.clone() };
        let by_edge = bed.edge().await.get_account_mail(request()).await;
        refused(by_edge, Reason::AccessDenied);
        let by_owner = bed.holder(&ada.access_token).get_account_mail(request()).await;
        refused(by_owner, Reason::AccessDenied);
        refused(bed.anybody().get_account_mail(request()).await, Reason::TokenMissing);

        let unknown = fetch(&bed, "01890a5d-ac96-774b-bcce-b302099a8057").await;
        assert_eq!(refused(unknown, Reason::ResourceNotFound).code(), Code::NotFound);
        refused(fetch(&bed, "no id").await, Reason::InvalidField);
        bed.users.set_away(true);
        refused(fetch(&bed, &mail_id).await, Reason::DependencyUnavailable);
        bed.users.set_away(false);
        fetch(&bed, &mail_id).await.unwrap();
        let close = |user: &mut contracts::tradewind::users::v1::User| {
            user.state = UserState::Deactivated.into();
        };
        bed.users.change(&ada.user_id, close);
        refused(fetch(&bed, &mail_id).await, Reason::ResourceNotFound);
    }
}
