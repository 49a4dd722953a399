//! Where administrators must have a second factor.

use contracts::tradewind::auth::v1::*;
use runtime::identity::{AssertionClaims, Signer};
use runtime::status::Reason;
use store::testing::{TestDatabase, refused};
use svc_auth::{OPERATOR, RequireSecondFactor, WorkloadKeys};
use uuid::Uuid;

use crate::bed::{Bed, Common, PASSWORD};
use crate::second_factor::{ADA, disable, set_up, state};

async fn start(database: &TestDatabase) -> Bed {
    Bed::with(database, |config| {
        config.second_factors.require_second_factor = RequireSecondFactor::Admins;
    })
    .await
}

/// An administrator, signed in by a password.
async fn administrator(bed: &Bed) -> LoginResponse {
    let ada = bed.register(ADA).await.unwrap();
    bed.users
        .change(&ada.user_id, |user| user.roles.push("admin".into()));
    bed.login(ADA, PASSWORD).await.unwrap()
}

async fn roles(bed: &Bed, access_token: &str) -> Vec<String> {
    let user = bed.verify(access_token).await.unwrap();
    user.roles.to_vec()
}

store::on_both! {
    async fn an_administrator_without_one_is_a_user_until_it_is_set_up(database: TestDatabase) {
        let bed = start(&database).await;
        let ada = administrator(&bed).await;
        assert_eq!(roles(&bed, &ada.access_token).await, ["user"]);
        let now = state(&bed, &ada.access_token).await;
        assert!(now.required && !now.enabled);
        let refreshed = bed.refresh(&ada.refresh_token).await.unwrap();
        assert_eq!(roles(&bed, &refreshed.access_token).await, ["user"]);

        let (app, _) = set_up(&bed, &refreshed.access_token).await;
        let refreshed = bed.refresh(&refreshed.refresh_token).await.unwrap();
        assert_eq!(roles(&bed, &refreshed.access_token).await, ["user", "admin"]);
        let first = bed.login(ADA, PASSWORD).await.unwrap();
        let request = LoginSecondFactorRequest {
            second_factor_token: first.second_factor_token,
            code: app.fresh(&bed).await,
            recovery_code: String::new(),
        };
        let second = bed.second_factors("").login_second_factor(request).await.unwrap();
        assert_eq!(roles(&bed, &second.get_ref().access_token).await, ["user", "admin"]);
    }

    async fn others_need_none(database: TestDatabase) {
        let bed = start(&database).await;
        let eve = bed.register("eve@example.com").await.unwrap();
        assert!(!state(&bed, &eve.access_token).await.required);
        assert_eq!(roles(&bed, &eve.access_token).await, ["user"]);
    }

    async fn an_administrator_who_turns_it_off_is_out(database: TestDatabase) {
        let bed = start(&database).await;
        let ada = administrator(&bed).await;
        let (_, codes) = set_up(&bed, &ada.access_token).await;
        let admin = bed.refresh(&ada.refresh_token).await.unwrap();
        disable(&bed, &admin.access_token, PASSWORD, ("", &codes[0])).await.unwrap();
        refused(bed.refresh(&admin.refresh_token).await, Reason::RefreshTokenInvalid);
        store::testing::eventually("everybody hears of it", async || {
            bed.verify(&admin.access_token).await.is_err()
        }).await;
        let again = bed.login(ADA, PASSWORD).await.unwrap();
        assert_eq!(roles(&bed, &again.access_token).await, ["user"]);
    }

    async fn the_operator_signs_in_by_its_key_and_stays_administrator(database: TestDatabase) {
        let common = Common::new();
        let operator = svc_auth::operator(&common.key);
        let keys = WorkloadKeys::default()
            .with("edge", &[common.edge.jwk()])
            .with(OPERATOR, &[operator.jwk()]);
        let bed = Bed::replica(&database, common, |config| {
            config.second_factors.require_second_factor = RequireSecondFactor::Admins;
            config.admin_email = Some(ADA.into());
            config.admin_password = Some("seven green lamps".into());
            config.workload_keys = keys;
        }).await.unwrap();
        store::testing::eventually("the account is opened", async || {
            bed.time.advance(std::time::Duration::from_secs(1));
            bed.users.of(ADA).is_some()
        }).await;
        let session = login_operator(&bed, &operator).await;
        assert!(roles(&bed, &session.access_token).await.contains(&"admin".to_owned()));
        let refreshed = bed.refresh(&session.refresh_token).await.unwrap();
        assert!(roles(&bed, &refreshed.access_token).await.contains(&"admin".to_owned()));
        let typed = bed.login(ADA, "seven green lamps").await.unwrap();
        assert_eq!(roles(&bed, &typed.access_token).await, ["user"]);
    }
}

pub(crate) async fn login_operator(bed: &Bed, operator: &Signer) -> LoginOperatorResponse {
    let now = bed.common.mesh.clock.now().timestamp();
    let client_assertion = operator.sign(&AssertionClaims {
        iss: OPERATOR.into(),
        sub: OPERATOR.into(),
        aud: "tradewind".into(),
        iat: now,
        exp: now + 60,
        jti: Uuid::now_v7(),
    });
    let request = LoginOperatorRequest { client_assertion };
    let reply = bed.anybody().login_operator(request).await;
    reply.unwrap().into_inner()
}
