//! A second factor that its owner has lost is taken away.

use contracts::tradewind::auth::v1::*;
use runtime::status::Reason;
use store::testing::{eventually, refused};
use svc_auth::{OPERATOR, WorkloadKeys};
use tonic::Status;

use crate::bed::{Bed, Common, PASSWORD};
use crate::mails::{count, fetch, nth};
use crate::required_factor::login_operator;
use crate::second_factor::{ADA, set_up};

const ROOT: &str = "root@example.com";
const REMOVED: AccountMailKind = AccountMailKind::SecondFactorRemoved;

async fn remove(
    bed: &Bed,
    access_token: &str,
    user_id: &str,
    (password, code): (&str, &str),
) -> Result<(), Status> {
    let request = RemoveSecondFactorRequest {
        user_id: user_id.into(),
        password: password.into(),
        code: code.into(),
        recovery_code: String::new(),
    };
    let reply = bed
        .second_factors(access_token)
        .remove_second_factor(request)
        .await;
    reply.map(drop)
}

/// The access token of an administrator.
async fn administrator(bed: &Bed) -> String {
    let root = bed.register(ROOT).await.unwrap();
    bed.users
        .change(&root.user_id, |user| user.roles.push("admin".into()));
    bed.login(ROOT, PASSWORD).await.unwrap().access_token
}

store::on_both! {
    async fn an_administrator_takes_a_lost_one_away_and_its_owner_is_told(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        set_up(&bed, &ada.access_token).await;
        let root = administrator(&bed).await;
        refused(remove(&bed, &root, &ada.user_id, ("", "")).await, Reason::InvalidField);
        let guessed = remove(&bed, &root, &ada.user_id, ("a guess", "")).await;
        refused(guessed, Reason::CredentialsInvalid);
        let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
        let unknown = remove(&bed, &root, nobody, (PASSWORD, "")).await;
        refused(unknown, Reason::ResourceNotFound);
        let by_owner = remove(&bed, &ada.access_token, &ada.user_id, (PASSWORD, "")).await;
        refused(by_owner, Reason::AccessDenied);
        assert!(bed.login(ADA, PASSWORD).await.unwrap().second_factor_required);
        assert_eq!(count(&bed, &ada.user_id, REMOVED).await, 0);

        remove(&bed, &root, &ada.user_id, (PASSWORD, "")).await.unwrap();
        // A repetition has nothing to do.
        remove(&bed, &root, &ada.user_id, (PASSWORD, "")).await.unwrap();
        refused(bed.refresh(&ada.refresh_token).await, Reason::RefreshTokenInvalid);
        assert_ne!(bed.login(ADA, PASSWORD).await.unwrap().access_token, "");
        assert_eq!(bed.count("recovery_codes").await, 0);
        let mail = fetch(&bed, &nth(&bed, &ada.user_id, REMOVED, 1).await).await.unwrap();
        assert_eq!(mail.recipient, ADA);
        assert_eq!((mail.ip_address.as_str(), mail.device.as_str()), ("", ""), "the administrator's");
        for (outcome, number) in [("WRONG_PASSWORD", 1), ("DONE", 1)] {
            let entries = "audit_events WHERE action = 'REMOVE_SECOND_FACTOR'";
            let entries = format!("{entries} AND outcome = '{outcome}'");
            assert_eq!(bed.count(&entries).await, number, "{outcome}");
        }
    }

    async fn an_administrator_with_a_second_factor_proves_it_too(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        set_up(&bed, &ada.access_token).await;
        let root = administrator(&bed).await;
        let (app, _) = set_up(&bed, &root).await;
        refused(remove(&bed, &root, &ada.user_id, (PASSWORD, "")).await, Reason::InvalidField);
        let wrong = remove(&bed, &root, &ada.user_id, (PASSWORD, "000")).await;
        refused(wrong, Reason::SecondFactorInvalid);
        let code = app.fresh(&bed).await;
        remove(&bed, &root, &ada.user_id, (PASSWORD, &code)).await.unwrap();
        assert!(!bed.login(ADA, PASSWORD).await.unwrap().second_factor_required);
        assert!(bed.login(ROOT, PASSWORD).await.unwrap().second_factor_required);
    }

    async fn the_operator_takes_the_last_administrators_away_by_key(database: TestDatabase) {
        let common = Common::new();
        let operator = svc_auth::operator(&common.key);
        let keys = WorkloadKeys::default()
            .with("edge", &[common.edge.jwk()])
            .with("svc-notify", &[common.edge.jwk()])
            .with(OPERATOR, &[operator.jwk()]);
        let bed = Bed::replica(&database, common, |config| {
            config.admin_email = Some(ROOT.into());
            config.admin_password = Some(PASSWORD.into());
            config.workload_keys = keys;
        }).await.unwrap();
        eventually("the account is opened", async || {
            bed.time.advance(std::time::Duration::from_secs(1));
            bed.users.of(ROOT).is_some()
        }).await;
        let root = bed.login(ROOT, PASSWORD).await.unwrap();
        set_up(&bed, &root.access_token).await;
        let by_key = login_operator(&bed, &operator).await;
        remove(&bed, &by_key.access_token, &root.user_id, ("", "")).await.unwrap();
        let again = bed.login(ROOT, PASSWORD).await.unwrap();
        assert!(bed.verify(&again.access_token).await.unwrap().has_role("admin"));
        nth(&bed, &root.user_id, REMOVED, 1).await;
    }
}
