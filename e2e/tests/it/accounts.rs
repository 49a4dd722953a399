//! Accounts that their owners recover and prove, in whole meshes: by mails that are told of by events, and
//! fetched by the workload that sends them.

mod pages;
mod verification;

use e2e::{
    Mesh, mails,
    shop::{self, Customer},
};
use serde_json::{Value, json};
use tonic::Code;

crate::on_both!(
    a_forgotten_password_is_set_by_a_link_that_is_kept_nowhere,
    a_proved_address_takes_the_place_of_the_one_before,
);

const NEW: &str = "seven green lamps";

fn login(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

async fn a_forgotten_password_is_set_by_a_link_that_is_kept_nowhere(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let (rest, path) = (mesh.rest(), "/v1/auth/password:requestReset");
    let known = rest.post(path, &json!({"email": buyer.email})).await;
    let nobody = rest
        .post(path, &json!({"email": "nobody@example.com"}))
        .await;
    let (known, nobody) = (known.expect(200), nobody.expect(200));
    assert_eq!((known.text, known.json), (nobody.text, nobody.json));

    let mail_id = mails::sent(mesh, &buyer.id, "PASSWORD_RESET", 1).await;
    let mail = mails::fetch(mesh, mail_id).await.expect("it is to be sent");
    assert_eq!(mail.recipient, buyer.email);
    let kept = mails::places(mesh, &[&mail.token]).await;
    assert!(kept.is_empty(), "the token is in {kept:?}");

    let reset = json!({"token": mail.token, "newPassword": NEW});
    let path = "/v1/auth/password:reset";
    rest.post(path, &reset).await.expect(200);
    rest.post(path, &reset)
        .await
        .refused(401, "RESET_TOKEN_INVALID");
    let refresh = json!({"refreshToken": buyer.refresh_token});
    let refreshed = rest.post("/v1/auth/refresh", &refresh).await;
    refreshed.refused(401, "REFRESH_TOKEN_INVALID");
    let before = rest
        .post("/v1/auth/login", &login(&buyer.email, shop::PASSWORD))
        .await;
    before.refused(401, "CREDENTIALS_INVALID");
    let now = rest.post("/v1/auth/login", &login(&buyer.email, NEW)).await;
    let me = rest.with_token(&now.expect(200).text_at("/accessToken"));
    // Whoever has the link has the address.
    assert_eq!(
        me.get("/v1/users/me").await.expect(200).json["emailVerified"],
        true
    );
    let over = mails::fetch(mesh, mail_id).await.expect_err("it is over");
    assert_eq!(over.code(), Code::NotFound);
    let kept = mails::places(mesh, &[&mail.token]).await;
    assert!(kept.is_empty(), "the token is in {kept:?}");
}

async fn a_proved_address_takes_the_place_of_the_one_before(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let (rest, new) = (mesh.rest(), format!("new-{}", buyer.email));
    let change = json!({"newEmail": new, "password": shop::PASSWORD});
    let wrong = json!({"newEmail": new, "password": "a guess"});
    let path = "/v1/auth/email:change";
    buyer
        .rest
        .post(path, &wrong)
        .await
        .refused(403, "CREDENTIALS_INVALID");
    buyer.rest.post(path, &change).await.expect(200);
    let token = mails::token(mesh, &buyer.id, "EMAIL_VERIFICATION", 1).await;
    let proof = json!({"token": token});
    rest.post("/v1/auth/email:verify", &proof).await.expect(200);
    rest.post("/v1/auth/email:verify", &proof)
        .await
        .refused(401, "EMAIL_TOKEN_INVALID");

    let me = buyer.rest.get("/v1/users/me").await.expect(200);
    assert_eq!(
        (&me.json["email"], &me.json["emailVerified"]),
        (&json!(new), &json!(true))
    );
    rest.post("/v1/auth/login", &login(&new, shop::PASSWORD))
        .await
        .expect(200);
    let before = rest
        .post("/v1/auth/login", &login(&buyer.email, shop::PASSWORD))
        .await;
    before.refused(401, "CREDENTIALS_INVALID");
    let mail_id = mails::sent(mesh, &buyer.id, "EMAIL_CHANGED", 1).await;
    let news = mails::fetch(mesh, mail_id).await.expect("it is to be sent");
    assert_eq!((news.recipient, news.token), (buyer.email, String::new()));
}
